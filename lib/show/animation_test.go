package show

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// annealed is n frames of m points that gather in two places, with labels.
func annealed(n, m int) Frames {
	f := Frames{Style: Model("particles")}
	for i := range n {
		sigma := 3 * math.Pow(0.1, float64(i)/float64(n))
		xs, ys := normals(m, 1), normals(m, 2)
		for k := range xs {
			xs[k], ys[k] = xs[k]*sigma+float64(4*(k%2)-2), ys[k]*sigma
		}
		f.X, f.Y = append(f.X, xs), append(f.Y, ys)
		f.Labels = append(f.Labels, fmt.Sprintf("σ = %.2f", sigma))
	}
	return f
}

// TestAnimationTakesTurns works the style sheet out: at any time exactly one frame
// is seen, in order, and the last for longer. It catches a delay that is off by
// one turn, and frames that share a turn.
func TestAnimationTakesTurns(t *testing.T) {
	const n, seconds = 7, 3.5
	f := annealed(n, 5)
	f.Seconds = seconds
	picture, err := DrawAnimation("Particles gather.", NewPlot("x₁", "x₂"), f)
	if err != nil {
		t.Fatal(err)
	}
	svg, err := picture.SVG()
	if err != nil {
		t.Fatal(err)
	}
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	cycle := number(string(regexp.MustCompile(`animation:f ([0-9.]+)s steps\(1\) infinite`).FindSubmatch(svg)[1]))
	ends := regexp.MustCompile(`visible\}([0-9.]+)%`).FindAllSubmatch(svg, -1)
	delays := regexp.MustCompile(`<g class="(f|f l)" style="animation-delay:(-[0-9.]+)s">`).FindAllSubmatch(svg, -1)
	if len(ends) != 2 || len(delays) != n || string(delays[n-1][1]) != "f l" {
		t.Fatalf("%d keyframes, %d frames, the last of class %q", len(ends), len(delays), delays[len(delays)-1][1])
	}
	for turn := range n + n/5 {
		now := (float64(turn) + 0.5) * seconds / n
		var seen []int
		for i, d := range delays {
			end := number(string(ends[0][1]))
			if i == n-1 {
				end = number(string(ends[1][1]))
			}
			if 100*math.Mod(now-number(string(d[2])), cycle)/cycle < end {
				seen = append(seen, i)
			}
		}
		if want := min(turn, n-1); len(seen) != 1 || seen[0] != want {
			t.Errorf("at %.2f s frames %v are seen, want %d alone", now, seen, want)
		}
	}
	for _, want := range []string{"prefers-reduced-motion", ".l{visibility:visible", "σ = 0.42", "points moving in 7 frames", "<title>Particles gather.</title>"} {
		if !bytes.Contains(svg, []byte(want)) {
			t.Errorf("the SVG lacks %q", want)
		}
	}
}

// TestAnimationStandsStillOnItsLastFrame compares the PNG with that of the last
// frame drawn alone on the same axes.
func TestAnimationStandsStillOnItsLastFrame(t *testing.T) {
	f := annealed(5, 20)
	still := Frames{X: f.X[4:], Y: f.Y[4:], Labels: f.Labels[4:], Style: f.Style}
	png := func(f Frames) []byte {
		p := NewPlot("x₁", "x₂")
		p.XRange(-5, 5)
		p.YRange(-5, 5)
		picture, err := DrawAnimation("alt", p, f)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := picture.PNG()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	if !bytes.Equal(png(f), png(still)) {
		t.Error("the PNG is not the last frame")
	}
}

// TestAnimationSize holds the usual animation to its budget and refuses a large one.
func TestAnimationSize(t *testing.T) {
	picture, err := DrawAnimation("alt", NewPlot("x₁", "x₂"), annealed(40, 300))
	if err != nil {
		t.Fatal(err)
	}
	b, err := picture.Bundle()
	if err != nil {
		t.Fatal(err)
	}
	if size := len(b.HTML) + len(b.PNG)*4/3; size > 400_000 {
		t.Errorf("40 frames of 300 points take %d bytes of a notebook", size)
	} else {
		t.Logf("40 frames of 300 points take %d bytes of a notebook", size)
	}
	if file := os.Getenv("GIBBS_ANIMATION"); file != "" { // to look at
		svg, _ := picture.SVG()
		_ = os.WriteFile(file, svg, 0o644)
	}
	if _, err := DrawAnimation("alt", NewPlot("x", "y"), annealed(100, 400)); err == nil || !strings.Contains(err.Error(), "give fewer") {
		t.Errorf("100 frames of 400 points: error %v", err)
	}
}

func TestAnimationMisuse(t *testing.T) {
	for what, spoil := range map[string]func(*Frames){
		"no frames":  func(f *Frames) { *f = Frames{} },
		"x alone":    func(f *Frames) { f.Y = f.Y[1:] },
		"one y less": func(f *Frames) { f.Y[1] = f.Y[1][1:] },
		"labels":     func(f *Frames) { f.Labels = f.Labels[1:] },
		"time":       func(f *Frames) { f.Seconds = math.NaN() },
	} {
		f := annealed(3, 4)
		spoil(&f)
		if _, err := DrawAnimation("alt", NewPlot("x", "y"), f); err == nil || !strings.HasPrefix(err.Error(), "show: ") {
			t.Errorf("%s: error %v, want a refusal", what, err)
		}
	}
	if _, err := DrawAnimation(" ", NewPlot("x", "y"), annealed(2, 2)); err == nil {
		t.Error("no alt text, no refusal")
	}
}

// TestHistogramIsADensity: heights times widths are the shares of the values. It
// catches a lost upper end, a value counted twice, and a scale by the values seen
// instead of all.
func TestHistogramIsADensity(t *testing.T) {
	got := densities([]float64{0, 0.1, 0.5, 1, 1.99, 2, 7, math.NaN(), -1, 3}, [2]float64{0, 2}, 4)
	want := []float64{0.4, 0.2, 0.2, 0.4} // counts 2, 1, 1, 2 of 10, in bins half as wide as 1
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12 {
			t.Errorf("densities %v, want %v", got, want)
		}
	}
}

// TestLogXPutsDecadesApart: equal ratios are equal lengths, and what is not
// positive is counted as left out.
func TestLogXPutsDecadesApart(t *testing.T) {
	p := NewPlot("σ", "loss")
	p.LogX = true
	p.Line([]float64{0.01, 0.1, 1, -1, 0}, []float64{1, 2, 3, 4, 5}, Model("net"))
	at := place([2]float64{0.01, 1}, true, 0, 100)
	if mid := float64(at(0.1)); math.Abs(mid-50) > 1e-9 {
		t.Errorf("0.1 between 0.01 and 1 lies at %g of 100", mid)
	}
	if x, _ := p.ranges(); !(x[0] > 0 && x[0] < 0.01 && x[1] > 1) {
		t.Errorf("the axis runs from %g to %g", x[0], x[1])
	}
	if label := p.layers[0].label(p); !strings.Contains(label, "2 of 5 left out") {
		t.Errorf("the legend says %q", label)
	}
	svg, _ := render(t, p)
	if !strings.Contains(svg, ">0.1</text>") || !strings.Contains(svg, "from 0.00832 to 1.2, logarithmic") {
		t.Error("no tick at 0.1, or no logarithmic axis in the description")
	}
}
