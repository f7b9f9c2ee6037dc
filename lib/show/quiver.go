package show

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Quiver draws the vector (us[i], vs[i]) as an arrow that starts at
// (xs[i], ys[i]), which need not lie on a grid. Length is proportional to the
// vector's up to the distance between neighbours, where it is clipped: nine in ten
// arrows are true to scale unless ArrowScale says otherwise, and all Quivers of a
// panel share the scale. Both axes must be linear.
func (p *Plot) Quiver(xs, ys, us, vs []float64, s Style) {
	sameLength("Quiver", xs, ys, us, vs)
	xs, ys, us, vs = slices.Clone(xs), slices.Clone(ys), slices.Clone(us), slices.Clone(vs)
	p.add(layer{kind: "arrows", xs: xs, ys: ys, us: us, vs: vs, style: s,
		draw: func(v view) {
			perUnit, longest := v.arrowScale()
			v.SetLineStyle(draw.LineStyle{Color: s.color(1), Width: s.size(1.1)})
			for i := range xs {
				tail, ok := v.point(xs[i], ys[i])
				dx, dy := v.vector(us[i], vs[i])
				length := math.Hypot(dx, dy) * perUnit
				if !ok || !v.Contains(tail) || !usable(length, false) {
					continue
				}
				if length > longest {
					length = longest
				}
				v.arrow(tail, math.Atan2(dy, dx), vg.Length(length))
			}
		},
		key: func(c draw.Canvas) {
			c.SetLineStyle(draw.LineStyle{Color: s.color(1), Width: s.size(1.1)})
			view{Canvas: c}.arrow(vg.Point{X: c.Min.X + 2, Y: c.Center().Y}, 0, c.Max.X-c.Min.X-4)
		},
	})
}

// vector maps a displacement of the data to px.
func (v view) vector(dx, dy float64) (x, y float64) {
	x = dx / (v.xr[1] - v.xr[0]) * float64(v.Max.X-v.Min.X)
	y = dy / (v.yr[1] - v.yr[0]) * float64(v.Max.Y-v.Min.Y)
	return x, y
}

// arrowScale returns by what the panel's vectors, in px, are multiplied to become
// arrows, and the longest arrow in px.
func (v view) arrowScale() (perUnit, longest float64) {
	if v.plot.LogX || v.plot.LogY {
		panic("show: Quiver: both axes must be linear; unset LogX and LogY")
	}
	var lengths []float64
	most := 1
	for _, l := range v.plot.layers {
		for i := range l.us {
			if length := math.Hypot(v.vector(l.us[i], l.vs[i])); usable(length, false) {
				lengths = append(lengths, length)
			}
		}
		most = max(most, len(l.us))
	}
	area := float64((v.Max.X - v.Min.X) * (v.Max.Y - v.Min.Y))
	longest = math.Sqrt(area / float64(most))
	if v.plot.ArrowScale > 0 {
		return v.plot.ArrowScale, longest
	}
	if len(lengths) == 0 {
		return 0, longest
	}
	slices.Sort(lengths)
	typical := lengths[len(lengths)*9/10]
	if typical == 0 {
		return 0, longest
	}
	return 0.9 * longest / typical, longest
}

// arrow strokes one arrow, or a dot where it is too short to have a direction.
func (v view) arrow(tail vg.Point, angle float64, length vg.Length) {
	along := func(from vg.Point, angle float64, length vg.Length) vg.Point {
		return vg.Point{
			X: from.X + length*vg.Length(math.Cos(angle)),
			Y: from.Y + length*vg.Length(math.Sin(angle)),
		}
	}
	var path vg.Path
	if length < 1 {
		length = 1
	}
	tip := along(tail, angle, length)
	path.Move(tail)
	path.Line(tip)
	if length >= 3 {
		barb := min(max(length*0.35, 2), 4.5)
		path.Move(along(tip, angle+math.Pi*0.86, barb))
		path.Line(tip)
		path.Line(along(tip, angle-math.Pi*0.86, barb))
	}
	v.Stroke(path)
}
