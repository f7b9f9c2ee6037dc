package show

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

func TestTicksAreRoundAndInside(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		n      int
		want   string
	}{
		{-5, 5, 6, "−4 −2 0 2 4"},
		{0, 1000, 5, "0 200 400 600 800 1,000"},
		{0, 20000, 4, "0 5,000 10,000 15,000 20,000"},
		{0.1, 0.35, 5, "0.10 0.15 0.20 0.25 0.30 0.35"},
		{-1e-3, 1e-3, 4, "−0.0010 −0.0005 0.0000 0.0005 0.0010"},
		{0, 3e8, 3, "0 1e+08 2e+08 3e+08"},
	} {
		var got []string
		for _, tick := range ticks(c.lo, c.hi, c.n) {
			got = append(got, tick.label)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("ticks(%g, %g, %d) = %v, want %s", c.lo, c.hi, c.n, got, c.want)
		}
	}
	var got []string
	for _, tick := range logTicks(0.04, 0.6, 8) {
		got = append(got, tick.label)
	}
	if want := " 0.05     0.1 0.2   0.5 "; strings.Join(got, " ") != want {
		t.Errorf("a short logarithmic axis has %q, want %q", strings.Join(got, " "), want)
	}
	for _, tick := range logTicks(1e-9, 1e9, 6) {
		if tick.label == "" {
			t.Error("a long logarithmic axis has minor ticks")
		}
	}
}

func TestOneTickIsNoScale(t *testing.T) {
	if list := ticks(-4.3, 4.3, 4); len(list) != 5 || list[0].label != "−4" {
		t.Errorf("from −4.3 to 4.3: %v", list)
	}
}

func TestIsolinesOfACircle(t *testing.T) {
	g := NewGrid(-2, 2, 41, -2, 2, 41)
	z := g.Values(math.Hypot)
	chains := g.isolines(z, 1)
	if len(chains) != 1 {
		t.Fatalf("%d curves, want one circle", len(chains))
	}
	loop := chains[0]
	if loop[0] != loop[len(loop)-1] {
		t.Error("the circle is not closed")
	}
	var length float64
	for i, at := range loop {
		// Linear interpolation on cells of h = 0.1 is off by at most h²/8·z'' < 0.002.
		if r := math.Hypot(at[0], at[1]); math.Abs(r-1) > 0.002 {
			t.Errorf("point %d at radius %.4f", i, r)
		}
		if i > 0 {
			length += math.Hypot(at[0]-loop[i-1][0], at[1]-loop[i-1][1])
		}
	}
	if math.Abs(length-2*math.Pi) > 0.02 {
		t.Errorf("circumference %.4f, want 2π", length)
	}
}

func TestIsolinesAtEdgesSaddlesAndGaps(t *testing.T) {
	g := NewGrid(-1, 1, 20, -1, 1, 20)
	saddle := g.Values(func(x, y float64) float64 { return x * y })
	for _, level := range []float64{0.2, -0.2} {
		if n := len(g.isolines(saddle, level)); n != 2 {
			t.Errorf("xy = %g: %d branches, want 2", level, n)
		}
	}
	// One cell whose corners on the diagonal are high: the mean 0.5 is above the
	// level 0.4, so the ridge runs through and the low corners are cut off.
	cell := NewGrid(0, 1, 2, 0, 1, 2)
	for _, chain := range cell.isolines([]float64{1, 0, 0, 1}, 0.4) {
		for _, low := range [][2]float64{{1, 0}, {0, 1}} {
			near := 0
			for _, at := range chain {
				if math.Hypot(at[0]-low[0], at[1]-low[1]) < 0.5 {
					near++
				}
			}
			if near == 1 {
				t.Errorf("%v joins the two low corners of a ridge", chain)
			}
		}
	}
	line := g.Values(func(x, _ float64) float64 { return x })
	if chains := g.isolines(line, 0.01); len(chains) != 1 || len(chains[0]) != 20 {
		t.Errorf("x = 0.01: %d curves, want one through all 20 rows", len(chains))
	}
	line[10*20+10] = math.NaN()
	if chains := g.isolines(line, 0.01); len(chains) != 2 {
		t.Errorf("with a hole: %d curves, want 2", len(chains))
	}
	if chains := g.isolines(line, 7); chains != nil {
		t.Error("a level that is never reached has a curve")
	}
}

// canvas200 is a view of [0, 1]² on 200 by 200 px.
func canvas200(p *Plot) view {
	c := draw.Canvas{Canvas: newSVG(200), Rectangle: vg.Rectangle{Max: vg.Point{X: 200, Y: 200}}}
	return p.view(c, [2]float64{0, 1}, [2]float64{0, 1})
}

func TestArrowScale(t *testing.T) {
	p := NewPlot("x", "y")
	g := NewGrid(0.05, 0.95, 10, 0.05, 0.95, 10)
	xs, ys := g.Points()
	us, vs := make([]float64, 100), make([]float64, 100)
	for i := range us {
		us[i] = float64(i+1) / 100 // lengths from 2 to 200 px, evenly
	}
	p.Quiver(xs, ys, us, vs, Model(""))
	perUnit, longest := canvas200(p).arrowScale()
	if longest != 20 { // 200·200 px for 100 arrows
		t.Errorf("longest arrow %g px, want 20", longest)
	}
	fit := 0
	for _, u := range us {
		if u*200*perUnit <= longest {
			fit++
		}
	}
	if fit < 90 {
		t.Errorf("%d of 100 arrows are true to scale, want at least 90", fit)
	}
	p.ArrowScale = 0.05
	if perUnit, _ := canvas200(p).arrowScale(); perUnit != 0.05 {
		t.Errorf("scale %g, want the given 0.05", perUnit)
	}
}

func TestLinesBreakAndThin(t *testing.T) {
	v := canvas200(NewPlot("x", "y"))
	nan := math.NaN()
	if runs := v.runs([]float64{0, .1, .2, .3, .4}, []float64{0, nan, .2, .3, math.Inf(1)}); len(runs) != 2 || len(runs[0]) != 1 || len(runs[1]) != 2 {
		t.Errorf("runs %v, want one point, then two", runs)
	}
	noise := normals(50_000, 1)
	xs := make([]float64, len(noise))
	for i := range xs {
		xs[i] = float64(i) / float64(len(xs))
	}
	run := v.runs(xs, noise)[0]
	thin := thinned(run)
	if len(thin) > 2*201 {
		t.Errorf("%d vertices on 200 px, want at most two for each", len(thin))
	}
	byY := func(a, b vg.Point) int { return int(math.Copysign(1, float64(a.Y-b.Y))) }
	if slices.MaxFunc(thin, byY) != slices.MaxFunc(run, byY) || slices.MinFunc(thin, byY) != slices.MinFunc(run, byY) {
		t.Error("thinning lost an extreme value")
	}
	walk := v.runs(noise, noise)[0]
	if n := len(thinned(walk)); n > 5000 {
		t.Errorf("a walk keeps %d vertices, want at most 5,000", n)
	}
}

func TestEqualAxesAreEqual(t *testing.T) {
	p := NewPlot("x", "y")
	p.Equal = true
	p.XRange(-5, 5)
	p.YRange(-3, 3)
	for _, size := range []vg.Point{{X: 480, Y: 350}, {X: 300, Y: 400}, {X: 700, Y: 200}} {
		f := p.frame(draw.Canvas{Rectangle: vg.Rectangle{Max: size}}, p.top(size.X))
		px := f.data.Size()
		if ratio := float64(px.X/10) / float64(px.Y/6); math.Abs(ratio-1) > 1e-9 {
			t.Errorf("panel of %v: a unit of x is %.3f units of y", size, ratio)
		}
	}
}

func TestLegendDoesNotOverflow(t *testing.T) {
	p := NewPlot("x", "y")
	for i := range 6 {
		p.HLine(float64(i), Style{Label: fmt.Sprintf("a rather long label, number %d", i)})
	}
	rows := p.legend(400)
	n := 0
	for _, row := range rows {
		n += len(row.entries)
		if row.width > 400 {
			t.Errorf("a line of the legend is %.0f px wide, want at most 400", float64(row.width))
		}
	}
	if n != 6 || len(rows) < 3 {
		t.Errorf("%d entries on %d lines", n, len(rows))
	}
}

func TestEmptyAndConstantDataStillDraw(t *testing.T) {
	for name, fill := range map[string]func(*Plot){
		"nothing":    func(*Plot) {},
		"no points":  func(p *Plot) { p.Scatter(nil, nil, Data("")) },
		"one point":  func(p *Plot) { p.Line([]float64{3}, []float64{7}, Data("")) },
		"all NaN":    func(p *Plot) { p.Line([]float64{1}, []float64{math.NaN()}, Data("")) },
		"log of one": func(p *Plot) { p.LogY = true; p.HLine(7, Target("")) },
		"log of −1":  func(p *Plot) { p.LogY = true; p.HLine(-1, Target("")) },
		"constant": func(p *Plot) {
			g := NewGrid(0, 1, 2, 0, 1, 2)
			p.HeatMap(g, []float64{1, 1, 1, 1}, "z")
		},
		"one huge": func(p *Plot) { p.Line([]float64{0, 1}, []float64{0, 1e300}, Data("")) },
		"one bar":  func(p *Plot) { p.Bars([]string{"a"}, []float64{-3}, Data("")) },
	} {
		p := NewPlot("x", "y")
		fill(p)
		picture, err := Draw("alt", p)
		if err == nil {
			_, err = picture.SVG()
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
