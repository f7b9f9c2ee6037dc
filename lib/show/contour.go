package show

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
)

// Contour draws the lines on which the values cross each level. Without levels it
// takes seven, evenly spaced inside the range of the values. Values between grid
// points are interpolated along the grid's edges; cells with a corner that is not
// finite are left out.
//
// Source: marching squares; the saddle is split by the mean of its corners.
func (p *Plot) Contour(g Grid, z []float64, levels []float64, s Style) {
	g.check("Contour", z)
	z, levels = slices.Clone(z), slices.Clone(levels)
	if len(levels) == 0 {
		lo, hi := extent("Contour", z)
		for i := 1; i < 8; i++ {
			levels = append(levels, lo+(hi-lo)*float64(i)/8)
		}
	}
	p.add(layer{kind: fmt.Sprintf("contours at %d levels", len(levels)), xs: g.Xs, ys: g.Ys, style: s,
		draw: func(v view) {
			stroke := s.line()
			stroke.Width = s.size(1)
			v.SetLineStyle(stroke)
			for _, level := range levels {
				for _, chain := range g.isolines(z, level) {
					var points []vg.Point
					for _, at := range chain {
						px, ok := v.point(at[0], at[1])
						if !ok {
							break
						}
						points = append(points, px)
					}
					for _, part := range v.ClipLinesXY(points) {
						var path vg.Path
						path.Move(part[0])
						for _, at := range part[1:] {
							path.Line(at)
						}
						v.Stroke(path)
					}
				}
			}
		},
		key: s.lineKey,
	})
}

// An edge of the grid, by the index of its lower-left point: rightwards or upwards.
type edge struct {
	at int
	up bool
}

// isolines returns the curves z = level as chains of points. A closed curve ends
// where it starts.
func (g Grid) isolines(z []float64, level float64) (chains [][][2]float64) {
	links, order := g.crossings(z, level)
	used := map[edge]bool{}
	follow := func(from edge) (chain [][2]float64) {
		for here, more := from, true; more; {
			used[here] = true
			chain = append(chain, g.crossing(z, level, here))
			more = false
			for _, next := range links[here] {
				if !used[next] {
					here, more = next, true
					break
				}
			}
		}
		return chain
	}
	for _, open := range []bool{true, false} { // open curves from their ends, then loops
		for _, start := range order {
			if used[start] || open && len(links[start]) != 1 {
				continue
			}
			chain := follow(start)
			if !open {
				chain = append(chain, chain[0])
			}
			chains = append(chains, chain)
		}
	}
	return chains
}

// crossings links the edges that the curve z = level crosses one after the other,
// and lists them in a fixed order.
func (g Grid) crossings(z []float64, level float64) (links map[edge][]edge, order []edge) {
	links = map[edge][]edge{}
	link := func(a, b edge) {
		for _, e := range []edge{a, b} {
			if len(links[e]) == 0 {
				order = append(order, e)
			}
		}
		links[a], links[b] = append(links[a], b), append(links[b], a)
	}
	nx := len(g.Xs)
	for j := 0; j+1 < len(g.Ys); j++ {
		for i := 0; i+1 < nx; i++ {
			at := j*nx + i
			corners := [4]float64{z[at], z[at+1], z[at+nx+1], z[at+nx]} // counter-clockwise
			sides := [4]edge{{at, false}, {at + 1, true}, {at + nx, false}, {at, true}}
			mean := (corners[0] + corners[1] + corners[2] + corners[3]) / 4
			if math.IsNaN(mean) || math.IsInf(mean, 0) {
				continue
			}
			var cut []edge // sides crossed, counter-clockwise from the bottom
			for k, side := range sides {
				if (corners[k] < level) != (corners[(k+1)%4] < level) {
					cut = append(cut, side)
				}
			}
			switch {
			case len(cut) == 2:
				link(cut[0], cut[1])
			case len(cut) == 4 && (corners[0] < level) == (mean < level):
				link(cut[0], cut[1]) // corners 0 and 2 are joined through the middle
				link(cut[2], cut[3])
			case len(cut) == 4:
				link(cut[3], cut[0])
				link(cut[1], cut[2])
			}
		}
	}
	return links, order
}

// crossing returns the point of an edge at which z = level.
func (g Grid) crossing(z []float64, level float64, e edge) [2]float64 {
	nx := len(g.Xs)
	i, j := e.at%nx, e.at/nx
	if e.up {
		t := (level - z[e.at]) / (z[e.at+nx] - z[e.at])
		return [2]float64{g.Xs[i], g.Ys[j] + t*(g.Ys[j+1]-g.Ys[j])}
	}
	t := (level - z[e.at]) / (z[e.at+1] - z[e.at])
	return [2]float64{g.Xs[i] + t*(g.Xs[i+1]-g.Xs[i]), g.Ys[j]}
}
