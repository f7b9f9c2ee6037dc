package show

import (
	"math"
	"slices"
	"sort"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

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
