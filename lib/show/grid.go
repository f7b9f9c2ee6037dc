package show

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
)

// A Grid is a rectangular mesh of points, rows of constant y from the lowest y
// upwards. Values on it are flat slices in the order of Points: [len(Ys), len(Xs)].
type Grid struct {
	Xs, Ys []float64 // evenly spaced, rising
}

// NewGrid returns the mesh of nx values from x0 to x1 and ny values from y0 to y1,
// ends included. It panics unless the ends rise and there are at least two values
// each way.
func NewGrid(x0, x1 float64, nx int, y0, y1 float64, ny int) Grid {
	checkRange("NewGrid", x0, x1)
	checkRange("NewGrid", y0, y1)
	if nx < 2 || ny < 2 {
		panic(fmt.Sprintf("show: NewGrid: %d by %d points; give at least 2 by 2", nx, ny))
	}
	even := func(lo, hi float64, n int) []float64 {
		list := make([]float64, n)
		for i := range list {
			t := float64(i) / float64(n-1)
			list[i] = lo*(1-t) + hi*t
		}
		return list
	}
	return Grid{Xs: even(x0, x1, nx), Ys: even(y0, y1, ny)}
}

// Points returns the coordinates of all points, x running fastest.
func (g Grid) Points() (xs, ys []float64) {
	for _, y := range g.Ys {
		for _, x := range g.Xs {
			xs, ys = append(xs, x), append(ys, y)
		}
	}
	return xs, ys
}

// Values returns f at all points.
func (g Grid) Values(f func(x, y float64) float64) []float64 {
	xs, ys := g.Points()
	z := make([]float64, len(xs))
	for i := range z {
		z[i] = f(xs[i], ys[i])
	}
	return z
}

// check panics unless z holds one value for each point.
func (g Grid) check(layer string, z []float64) {
	if len(z) != len(g.Xs)*len(g.Ys) {
		panic(fmt.Sprintf("show: %s: %d values on a grid of %d by %d", layer, len(z), len(g.Xs), len(g.Ys)))
	}
}

// extent returns the lowest and highest finite value, and panics if there is none.
func extent(layer string, z []float64) (lo, hi float64) {
	r := [2]float64{math.Inf(1), math.Inf(-1)}
	extend(&r, z, false)
	if r[0] > r[1] {
		panic(fmt.Sprintf("show: %s: no finite value to show", layer))
	}
	return r[0], r[1]
}

// A colorScale is what a heat map's colours mean.
type colorScale struct {
	lo, hi float64
	label  string
}

// HeatMap colours the cell around each point of the grid by its value, with a
// colour bar named label. The palette runs from dark blue (low) to light yellow
// (high) in perceptually equal steps. Cells that are not finite stay empty. A panel
// holds one heat map, on linear axes; add it first, layers after it lie on top.
func (p *Plot) HeatMap(g Grid, z []float64, label string) {
	g.check("HeatMap", z)
	if p.scale != nil || p.LogX || p.LogY {
		panic("show: HeatMap: one heat map in a panel, and no logarithmic axis")
	}
	z = slices.Clone(z)
	lo, hi := extent("HeatMap", z)
	if lo == hi {
		lo, hi = lo-0.5, hi+0.5
	}
	p.scale = &colorScale{lo: lo, hi: hi, label: label}
	nx, ny := len(g.Xs), len(g.Ys)
	dx, dy := (g.Xs[1]-g.Xs[0])/2, (g.Ys[1]-g.Ys[0])/2
	p.add(layer{kind: "heat map of " + label,
		xs: []float64{g.Xs[0] - dx, g.Xs[nx-1] + dx},
		ys: []float64{g.Ys[0] - dy, g.Ys[ny-1] + dy},
		draw: func(v view) {
			zlo, zhi := p.scale.ends(p)
			size := v.Size()
			w, h := int(math.Ceil(float64(size.X))), int(math.Ceil(float64(size.Y)))
			img := image.NewPaletted(image.Rect(0, 0, w, h), shadePalette)
			for row := range h {
				y := v.yr[1] - (float64(row)+0.5)/float64(h)*(v.yr[1]-v.yr[0])
				j := int(math.Floor((y-g.Ys[0])/(2*dy) + 0.5))
				for col := range w {
					x := v.xr[0] + (float64(col)+0.5)/float64(w)*(v.xr[1]-v.xr[0])
					i := int(math.Floor((x-g.Xs[0])/(2*dx) + 0.5))
					if i < 0 || i >= nx || j < 0 || j >= ny || !usable(z[j*nx+i], false) {
						img.SetColorIndex(col, row, emptyShade)
						continue
					}
					img.SetColorIndex(col, row, min(shadeIndex(z[j*nx+i], zlo, zhi), emptyShade-1))
				}
			}
			v.DrawImage(v.Rectangle, img)
		},
	})
}

// emptyShade is the place in shadePalette of cells without a value.
const emptyShade = 255

// shadePalette is shades with the last place given to empty cells; 255 shades
// remain.
var shadePalette = func() color.Palette {
	list := make(color.Palette, 256)
	for i, c := range shades {
		list[i] = c
	}
	list[emptyShade] = color.NRGBA{}
	return list
}()
