package show

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bars draws a bar from zero for each named value, with the value above it. A
// panel holds one set of bars, on a linear axis.
func (p *Plot) Bars(names []string, values []float64, s Style) {
	if len(names) != len(values) || len(names) == 0 {
		panic(fmt.Sprintf("show: Bars: %d names for %d values; give one name for each", len(names), len(values)))
	}
	if p.categories != nil || p.LogX || p.LogY {
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
				v.FillText(label, vg.Point{X: at.X, Y: max(at.Y, v.y(0), v.errorEnd(i)) + 2}, text)
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
