package show

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Column returns column k of a row-major [rows, columns] array as float64: the
// way from a tensor's flat data to the arguments of a layer.
//
//	samples [n, 2]: p.Scatter(show.Column(samples, 2, 0), show.Column(samples, 2, 1), …)
//
// It panics if k is not a column or the length is not a multiple of columns.
func Column[T float32 | float64 | int32 | int64 | int](flat []T, columns, k int) []float64 {
	if columns < 1 || k < 0 || k >= columns || len(flat)%columns != 0 {
		panic(fmt.Sprintf("show: Column %d of %d in %d values", k, columns, len(flat)))
	}
	out := make([]float64, len(flat)/columns)
	for i := range out {
		out[i] = float64(flat[i*columns+k])
	}
	return out
}

// Rows is the inverse of Column: it lays columns of equal length side by side in
// a row-major [rows, columns] array.
func Rows[T float32 | float64](columns ...[]float64) []T {
	if len(columns) == 0 {
		return nil
	}
	sameLength("Rows", columns...)
	out := make([]T, 0, len(columns)*len(columns[0]))
	for i := range columns[0] {
		for _, column := range columns {
			out = append(out, T(column[i]))
		}
	}
	return out
}

// sameLength panics unless all lists are as long as the first.
func sameLength(layer string, lists ...[]float64) {
	for _, list := range lists[1:] {
		if len(list) != len(lists[0]) {
			panic(fmt.Sprintf("show: %s: %d and %d values; give equally many", layer, len(lists[0]), len(list)))
		}
	}
}

// manyPoints is where a scatter turns from one shape for each point (50 bytes)
// into one picture, which costs at most a few tens of kilobytes however many
// points there are.
const manyPoints = 500

// Scatter draws the points (xs[i], ys[i]). More than 500 dots are drawn as one
// embedded picture at twice the screen's resolution instead of single shapes.
func (p *Plot) Scatter(xs, ys []float64, s Style) {
	sameLength("Scatter", xs, ys)
	xs, ys = slices.Clone(xs), slices.Clone(ys)
	radius, opacity := s.size(markerSize[s.Marker]), 0.9
	if n := len(xs); n > manyPoints && s.Marker == Dot {
		radius = s.size(1.8)
		opacity = max(0.15, 0.6*math.Sqrt(manyPoints/float64(n)))
	}
	p.add(layer{kind: "points", xs: xs, ys: ys, style: s,
		draw: func(v view) {
			var seen []vg.Point
			for i := range xs {
				if at, ok := v.point(xs[i], ys[i]); ok && v.Contains(at) {
					seen = append(seen, at)
				}
			}
			if len(seen) > manyPoints && s.Marker == Dot {
				v.DrawImage(v.Rectangle, splat(v.Rectangle, seen, radius, s.color(opacity)))
				return
			}
			for _, at := range seen {
				s.mark(v.Canvas, at, radius, opacity)
			}
		},
		key: func(c draw.Canvas) { s.mark(c, c.Center(), s.size(markerSize[s.Marker]), 1) },
	})
}

// splat draws dots of one colour onto a transparent picture with two pixels for
// each px; where dots overlap the colour thickens.
func splat(r vg.Rectangle, points []vg.Point, radius vg.Length, c color.NRGBA) image.Image {
	const fine, levels = 2, 16 // pixels for each px; steps of opacity: half a byte
	size := r.Size()
	w, h := int(math.Ceil(float64(size.X)*fine)), int(math.Ceil(float64(size.Y)*fine))
	palette := make(color.Palette, levels)
	for i := range palette {
		palette[i] = color.NRGBA{c.R, c.G, c.B, uint8(i * 255 / (levels - 1))}
	}
	clear := make([]float64, w*h) // the share of the card that shows through
	for i := range clear {
		clear[i] = 1
	}
	reach := float64(radius) * fine
	for _, at := range points {
		cx, cy := float64(at.X-r.Min.X)*fine, float64(r.Max.Y-at.Y)*fine
		for y := max(0, int(cy-reach-1)); y < min(h, int(cy+reach+2)); y++ {
			for x := max(0, int(cx-reach-1)); x < min(w, int(cx+reach+2)); x++ {
				inside := reach + 0.5 - math.Hypot(float64(x)+0.5-cx, float64(y)+0.5-cy)
				clear[y*w+x] *= 1 - min(max(inside, 0), 1)*float64(c.A)/255
			}
		}
	}
	img := image.NewPaletted(image.Rect(0, 0, w, h), palette)
	for i, share := range clear {
		img.Pix[i] = uint8(math.Round((levels - 1) * (1 - share)))
	}
	return img
}

// Line draws a line through (xs[i], ys[i]) in order; it breaks where a point is
// left out. Where xs rise and there are many more points than px, the lowest and
// the highest of each px column are kept; any other line of more than 5,000
// points is thinned to every k-th.
func (p *Plot) Line(xs, ys []float64, s Style) {
	sameLength("Line", xs, ys)
	xs, ys = slices.Clone(xs), slices.Clone(ys)
	p.add(layer{kind: "line", xs: xs, ys: ys, style: s,
		draw: func(v view) {
			v.SetLineStyle(s.line())
			for _, run := range v.runs(xs, ys) {
				if len(run) == 1 && v.Contains(run[0]) { // between two gaps
					s.mark(v.Canvas, run[0], s.size(1.6), 1)
				}
				for _, part := range v.ClipLinesXY(thinned(run)) {
					var path vg.Path
					path.Move(part[0])
					for _, at := range part[1:] {
						path.Line(at)
					}
					v.Stroke(path)
				}
			}
		},
		key: s.lineKey,
	})
}

// lineKey is the legend's sample of a line.
func (s Style) lineKey(c draw.Canvas) {
	c.StrokeLine2(s.line(), c.Min.X, c.Center().Y, c.Max.X, c.Center().Y)
}

// runs returns the points in px, cut where the axes cannot show one.
func (v view) runs(xs, ys []float64) (runs [][]vg.Point) {
	var run []vg.Point
	for i := range xs {
		at, ok := v.point(xs[i], ys[i])
		if ok {
			run = append(run, at)
		}
		if (!ok || i == len(xs)-1) && len(run) > 0 {
			runs = append(runs, run)
			run = nil
		}
	}
	return runs
}

// thinned drops vertices that nobody can see; see Line.
func thinned(run []vg.Point) []vg.Point {
	const perPx, most = 4, 5000
	width := float64(run[len(run)-1].X - run[0].X)
	rising := sort.SliceIsSorted(run, func(i, j int) bool { return run[i].X < run[j].X })
	switch {
	case rising && float64(len(run)) > perPx*max(width, 1):
		var out []vg.Point
		for len(run) > 0 {
			column := math.Floor(float64(run[0].X))
			low, high, n := 0, 0, 0
			for ; n < len(run) && math.Floor(float64(run[n].X)) == column; n++ {
				if run[n].Y < run[low].Y {
					low = n
				}
				if run[n].Y > run[high].Y {
					high = n
				}
			}
			out = append(out, run[min(low, high)])
			if low != high {
				out = append(out, run[max(low, high)])
			}
			run = run[n:]
		}
		return out
	case len(run) > most:
		every := (len(run) + most - 1) / most
		var out []vg.Point
		for i := 0; i < len(run); i += every {
			out = append(out, run[i])
		}
		return out
	}
	return run
}

// HLine draws a level across the whole panel.
func (p *Plot) HLine(y float64, s Style) {
	p.add(layer{kind: "level", ys: []float64{y}, style: s,
		draw: func(v view) {
			if at := v.y(y); v.ContainsY(at) {
				v.StrokeLine2(s.line(), v.Min.X, at, v.Max.X, at)
			}
		},
		key: s.lineKey,
	})
}

// Bars draws a bar from zero for each named value, with the value above it. A
// panel holds one set of bars, on a linear axis.
func (p *Plot) Bars(names []string, values []float64, s Style) {
	if len(names) != len(values) || len(names) == 0 {
		panic(fmt.Sprintf("show: Bars: %d names for %d values; give one name for each", len(names), len(values)))
	}
	if p.categories != nil || p.LogY {
		panic("show: Bars: one set of bars in a panel, and no logarithmic axis: bars start at zero")
	}
	p.categories = slices.Clone(names)
	values = slices.Clone(values)
	extent := []float64{-0.5, float64(len(values)) - 0.5}
	const headroom = 1.1 // for the number above the highest bar
	reach := append([]float64{0, headroom * slices.Max(values)}, values...)
	p.add(layer{kind: "bars", xs: extent, ys: reach, style: s,
		draw: func(v view) {
			const half = 0.32
			label := textStyle(11, draw.XCenter, draw.YBottom)
			for i, value := range values {
				at, ok := v.point(float64(i), value)
				if !ok {
					continue
				}
				left, right := v.x(float64(i)-half), v.x(float64(i)+half)
				v.FillPolygon(s.color(1), v.ClipPolygonXY([]vg.Point{
					{X: left, Y: v.y(0)}, {X: left, Y: at.Y}, {X: right, Y: at.Y}, {X: right, Y: v.y(0)},
				}))
				text := strings.ReplaceAll(strconv.FormatFloat(value, 'g', 4, 64), "-", "−")
				v.FillText(label, vg.Point{X: at.X, Y: max(at.Y, v.y(0)) + 2}, text)
			}
		},
		key: func(c draw.Canvas) {
			c.FillPolygon(s.color(1), []vg.Point{
				{X: c.Min.X + 5, Y: c.Min.Y}, {X: c.Min.X + 5, Y: c.Max.Y},
				{X: c.Max.X - 5, Y: c.Max.Y}, {X: c.Max.X - 5, Y: c.Min.Y},
			})
		},
	})
}
