package show

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Plot is one panel of a figure: named axes and layers of marks, drawn in the
// order in which they were added. Methods that add layers copy what they are
// given and panic on slices of unequal length. Points that are not finite, or not
// positive on a logarithmic axis, are left out, and the legend says how many.
type Plot struct {
	Title         string
	Width, Height float64 // px of the panel; 0: what fits a figure, or Equal
	Equal         bool    // one unit of x is as long as one unit of y
	LogX, LogY    bool    // logarithmic axes

	// ArrowScale is the length in data units of a Quiver's arrow for a vector of
	// length 1. 0: nine in ten arrows fit between their neighbours.
	ArrowScale float64

	xName, yName string
	xRange       *[2]float64
	yRange       *[2]float64
	zRange       *[2]float64
	layers       []layer
	scale        *colorScale // of the heat map
	categories   []string    // names at x = 0, 1, … instead of numbers
}

// A layer is one set of marks.
type layer struct {
	kind   string    // for the description: "points", "line", …
	xs, ys []float64 // what the axes must show; one may be shorter or nil
	us, vs []float64 // of arrows
	style  Style
	draw   func(v view)
	key    func(c draw.Canvas) // the legend's sample, in a canvas of its size
}

// NewPlot starts a panel with its axes named, as x and y or with units: "x₁",
// "‖∇ log p‖", "loss". Both names are required.
func NewPlot(x, y string) *Plot {
	if x == "" || y == "" {
		panic("show: NewPlot: name both axes")
	}
	return &Plot{xName: x, yName: y}
}

// XRange fixes the ends of the x-axis; without it they follow the layers.
func (p *Plot) XRange(lo, hi float64) { p.xRange = checkRange("XRange", lo, hi) }

// YRange fixes the ends of the y-axis; without it they follow the layers.
func (p *Plot) YRange(lo, hi float64) { p.yRange = checkRange("YRange", lo, hi) }

// ZRange fixes the ends of a heat map's colours, so that panels can be compared;
// values outside take the colour of the end. Without it they follow the values.
func (p *Plot) ZRange(lo, hi float64) { p.zRange = checkRange("ZRange", lo, hi) }

func checkRange(name string, lo, hi float64) *[2]float64 {
	if !(lo < hi) || math.IsInf(hi-lo, 0) {
		panic(fmt.Sprintf("show: %s(%g, %g): the ends must be finite and rise", name, lo, hi))
	}
	return &[2]float64{lo, hi}
}

// add appends a layer.
func (p *Plot) add(l layer) { p.layers = append(p.layers, l) }

// ranges returns the ends of both axes: the fixed ones, else the extent of the
// layers with a margin. Heat maps get no margin.
func (p *Plot) ranges() (x, y [2]float64) {
	x, y = [2]float64{math.Inf(1), math.Inf(-1)}, [2]float64{math.Inf(1), math.Inf(-1)}
	for _, l := range p.layers {
		extend(&x, l.xs, p.LogX)
		extend(&y, l.ys, p.LogY)
	}
	margin := 0.04
	if p.scale != nil || p.categories != nil { // cells and bars stand on the axes
		margin = 0
	}
	x, y = widened(x, margin, p.LogX), widened(y, margin, p.LogY)
	if p.xRange != nil {
		x = *p.xRange
	}
	if p.yRange != nil {
		y = *p.yRange
	}
	return x, y
}

// extend widens r to hold all usable values.
func extend(r *[2]float64, values []float64, log bool) {
	for _, v := range values {
		if usable(v, log) {
			r[0], r[1] = min(r[0], v), max(r[1], v)
		}
	}
}

// usable reports whether an axis can show v.
func usable(v float64, log bool) bool {
	return !math.IsNaN(v) && !math.IsInf(v, 0) && (!log || v > 0)
}

// widened adds the margin, a share of the range, to both ends; an empty range
// becomes [0, 1], or [0.1, 1] on a logarithmic axis.
func widened(r [2]float64, margin float64, log bool) [2]float64 {
	switch {
	case r[0] > r[1] && log:
		return [2]float64{0.1, 1}
	case r[0] > r[1]:
		return [2]float64{0, 1}
	case log:
		f := math.Pow(r[1]/r[0], margin)
		if f == 1 {
			f = 2
		}
		return [2]float64{r[0] / f, r[1] * f}
	}
	d := margin * (r[1] - r[0])
	if r[0] == r[1] {
		d = max(math.Abs(r[0])/2, 0.5)
	}
	return [2]float64{r[0] - d, r[1] + d}
}

// A view is where a layer draws: the canvas of the data rectangle and the maps
// from data to px, which give NaN for what the axis cannot show.
type view struct {
	draw.Canvas
	x, y   func(float64) vg.Length
	plot   *Plot
	xr, yr [2]float64
}

// view returns the view of the data rectangle c.
func (p *Plot) view(c draw.Canvas, x, y [2]float64) view {
	return view{Canvas: c, plot: p, xr: x, yr: y,
		x: place(x, p.LogX, c.Min.X, c.Max.X), y: place(y, p.LogY, c.Min.Y, c.Max.Y)}
}

// place returns the map from an axis' range to px. A logarithmic one gives NaN for
// what is negative and −Inf for 0: neither is drawn.
func place(r [2]float64, log bool, at, to vg.Length) func(float64) vg.Length {
	scale := func(d float64) float64 { return d }
	if log {
		scale = math.Log
	}
	lo, hi := scale(r[0]), scale(r[1])
	return func(d float64) vg.Length { return at + vg.Length((scale(d)-lo)/(hi-lo))*(to-at) }
}

// point maps a point of the data; ok is false where the axes cannot show it.
func (v view) point(x, y float64) (at vg.Point, ok bool) {
	at = vg.Point{X: v.x(x), Y: v.y(y)}
	return at, usable(float64(at.X), false) && usable(float64(at.Y), false)
}

// inside maps the points of the data that lie in the data rectangle.
func (v view) inside(xs, ys []float64) (seen []vg.Point) {
	for i := range xs {
		if at, ok := v.point(xs[i], ys[i]); ok && v.Contains(at) {
			seen = append(seen, at)
		}
	}
	return seen
}

// left counts the layer's points that the panel's axes cannot show.
func (l layer) left(p *Plot) (n int) {
	for i := range max(len(l.xs), len(l.ys)) {
		if i < len(l.xs) && !usable(l.xs[i], p.LogX) || i < len(l.ys) && !usable(l.ys[i], p.LogY) {
			n++
		}
	}
	return n
}

// label returns the legend's entry in a panel, empty where there is none.
func (l layer) label(p *Plot) string {
	n := l.left(p)
	if n == 0 {
		return l.style.Label
	}
	note := fmt.Sprintf("%d of %d left out: not finite", n, max(len(l.xs), len(l.ys)))
	if p.LogX || p.LogY {
		note += " or not positive"
	}
	if l.style.Label == "" {
		return note
	}
	return l.style.Label + " (" + note + ")"
}
