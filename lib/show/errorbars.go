package show

import (
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ErrorBars draws a vertical bar with caps from low[i] to high[i] at xs[i]: an
// interval, such as the mean ± one standard error. Over Bars, xs are 0, 1, 2, …
func (p *Plot) ErrorBars(xs, low, high []float64, s Style) {
	sameLength("ErrorBars", xs, low, high)
	xs, low, high = slices.Clone(xs), slices.Clone(low), slices.Clone(high)
	stroke := s.line()
	stroke.Width = s.size(1.2)
	const cap = 4
	p.add(layer{kind: errorBars, xs: xs, ys: slices.Concat(low, high), style: s,
		draw: func(v view) {
			for i := range xs {
				from, ok := v.point(xs[i], low[i])
				to, also := v.point(xs[i], high[i])
				if ok && also {
					v.StrokeLines(stroke, v.ClipLinesXY([]vg.Point{from, to},
						[]vg.Point{{X: from.X - cap, Y: from.Y}, {X: from.X + cap, Y: from.Y}},
						[]vg.Point{{X: to.X - cap, Y: to.Y}, {X: to.X + cap, Y: to.Y}})...)
				}
			}
		},
		key: func(c draw.Canvas) {
			middle := c.Center()
			c.StrokeLine2(stroke, middle.X, c.Min.Y, middle.X, c.Max.Y)
			for _, y := range []vg.Length{c.Min.Y, c.Max.Y} {
				c.StrokeLine2(stroke, middle.X-cap, y, middle.X+cap, y)
			}
		},
	})
}

// errorBars is the kind of their layers, whose ys are all low ends and then all
// high ones.
const errorBars = "error bars"

// errorEnd returns the height in px of the highest error bar at bar i.
func (v view) errorEnd(i int) vg.Length {
	end := v.Min.Y
	for _, l := range v.plot.layers {
		for k, x := range l.xs {
			if l.kind == errorBars && x == float64(i) {
				end = max(end, v.y(l.ys[len(l.xs)+k]))
			}
		}
	}
	return end
}
