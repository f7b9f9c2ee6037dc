package show

import (
	"fmt"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Histogram draws how values are spread over bins from lo to hi as a density: the
// area of a column is the share of all values that fall in it, so that a density
// drawn by Line can be compared with it. Values outside count in the whole but are
// not seen. It panics unless lo < hi and there is at least one bin and one value.
func (p *Plot) Histogram(values []float64, lo, hi float64, bins int, s Style) {
	if p.LogY {
		panic("show: Histogram: no logarithmic y-axis: columns start at zero")
	}
	heights := densities(values, *checkRange("Histogram", lo, hi), bins)
	edge := func(i int) float64 { return lo + (hi-lo)*float64(i)/float64(bins) }
	fill := s.color(0.45)
	p.add(layer{kind: fmt.Sprintf("histogram of %d values in %d bins", len(values), bins),
		xs: []float64{lo, hi}, ys: append([]float64{0}, heights...), style: s,
		draw: func(v view) {
			for i, height := range heights {
				from, ok := v.point(edge(i), 0)
				to, also := v.point(edge(i+1), height)
				if ok && also && height > 0 {
					v.FillPolygon(fill, v.ClipPolygonXY([]vg.Point{from, {X: from.X, Y: to.Y}, to, {X: to.X, Y: from.Y}}))
				}
			}
		},
		key: func(c draw.Canvas) { c.FillPolygon(fill, corners(c.Rectangle)) },
	})
}

// densities returns for each bin the share of the values in it over its width. The
// upper end belongs to the last bin.
func densities(values []float64, r [2]float64, bins int) []float64 {
	if bins < 1 || len(values) == 0 {
		panic(fmt.Sprintf("show: Histogram: %d values in %d bins; give at least one of each", len(values), bins))
	}
	heights := make([]float64, bins)
	unit := float64(bins) / (r[1] - r[0]) / float64(len(values))
	for _, v := range values {
		if v >= r[0] && v <= r[1] {
			heights[min(int((v-r[0])/(r[1]-r[0])*float64(bins)), bins-1)] += unit
		}
	}
	return heights
}

// corners are those of a rectangle, in order.
func corners(r vg.Rectangle) []vg.Point {
	return []vg.Point{r.Min, {X: r.Min.X, Y: r.Max.Y}, r.Max, {X: r.Max.X, Y: r.Min.Y}}
}
