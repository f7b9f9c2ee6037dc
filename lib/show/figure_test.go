package show

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// normals returns n standard normals from a seed.
func normals(n int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 2))
	out := make([]float64, n)
	for i := range out {
		out[i] = r.NormFloat64()
	}
	return out
}

// everything is one panel for each kind of layer.
func everything() []*Plot {
	points := NewPlot("x₁", "x₂")
	points.Equal = true
	points.Scatter(normals(40, 1), normals(40, 2), Data("few & <many>"))
	points.Scatter(normals(900, 1), normals(900, 2), Model("many"))
	points.Scatter([]float64{0, 1}, []float64{1, 0}, Style{Marker: Ring, Label: "rings"})

	g := NewGrid(-2, 2, 17, -1, 1, 9)
	xs, ys := g.Points()
	field := NewPlot("x₁", "x₂")
	field.Title = "‖∇ log p‖"
	field.HeatMap(g, g.Values(math.Hypot), "length")
	field.Contour(g, g.Values(math.Hypot), nil, Light("contours"))
	field.Quiver(xs, ys, ys, xs, Target("field"))

	lines := NewPlot("step", "loss")
	lines.LogY = true
	lines.Line([]float64{1, 2, 3, 4}, []float64{10, 1, math.NaN(), 0.1}, Model("x̃"))
	lines.HLine(0.5, Target("floor"))

	bars := NewPlot("method", "PSNR / dB")
	bars.Bars([]string{"noisy", "net"}, []float64{6.02, 14.1}, Model(""))
	bars.ErrorBars([]float64{0, 1}, []float64{5.8, 13.5}, []float64{6.3, 14.7}, Style{Label: "± 1 standard error"})

	spread := NewPlot("x", "density")
	spread.Histogram(normals(500, 3), -4, 4, 32, Data("samples"))
	grid := NewGrid(-4, 4, 81, 0, 1, 2)
	density := make([]float64, len(grid.Xs))
	for i, x := range grid.Xs {
		density[i] = math.Exp(-x*x/2) / math.Sqrt(2*math.Pi)
	}
	spread.Line(grid.Xs, density, Target("p(x)"))

	slow := NewPlot("σ", "loss")
	slow.LogX, slow.LogY = true, true
	slow.Line([]float64{0.01, 0.1, 1, 10}, []float64{3, 2, 0.5, 0.1}, Model("net"))
	slow.ErrorBars([]float64{0.1, 1}, []float64{1.5, 0.4}, []float64{2.5, 0.7}, Model(""))
	return []*Plot{points, field, lines, bars, spread, slow}
}

func render(t *testing.T, plots ...*Plot) (svg string, pixels []byte) {
	t.Helper()
	picture, err := Draw("What it shows: “a < b” & more.", plots...)
	if err != nil {
		t.Fatal(err)
	}
	text, err := picture.SVG()
	if err != nil {
		t.Fatal(err)
	}
	pixels, err = picture.PNG()
	if err != nil {
		t.Fatal(err)
	}
	return string(text), pixels
}

func TestSVGIsWellFormedAndNamed(t *testing.T) {
	svg, pixels := render(t, everything()...)
	names := map[string]string{}
	var attributes map[string]string
	decoder := xml.NewDecoder(strings.NewReader(svg))
	var open []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if len(open) == 0 {
				attributes = map[string]string{}
				for _, a := range token.Attr {
					attributes[a.Name.Local] = a.Value
				}
			}
			open = append(open, token.Name.Local)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) == 2 {
				names[open[1]] += string(token)
			}
		}
	}
	const alt = "What it shows: “a < b” & more."
	if names["title"] != alt || attributes["aria-label"] != alt || attributes["role"] != "img" {
		t.Errorf("title %q, attributes %v; want the alt text in title and aria-label, role img", names["title"], attributes)
	}
	for _, want := range []string{"x-axis x₁ from", "logarithmic", "“few & <many>”", "points (900)", "1 of 4 left out"} {
		if !strings.Contains(names["desc"], want) {
			t.Errorf("the description lacks %q: %s", want, names["desc"])
		}
	}
	if !strings.Contains(attributes["font-family"], "sans-serif") {
		t.Errorf("font family %q has no generic fallback", attributes["font-family"])
	}
	if !strings.Contains(svg, ">‖∇ log p‖</text>") {
		t.Error("text must stay text")
	}
	if regexp.MustCompile(`(?i)nan|inf\b|\bid=`).MatchString(regexp.MustCompile(`base64,[^"]*`).ReplaceAllString(svg, "")) {
		t.Error("a coordinate is not finite, or an element has an id that could clash")
	}
	if _, err := png.Decode(bytes.NewReader(pixels)); err != nil {
		t.Errorf("PNG: %v", err)
	}
}

func TestFiguresAreDeterministic(t *testing.T) {
	svg, pixels := render(t, everything()...)
	plots := everything()
	for range 2 { // a fresh figure, and the same plots drawn twice
		again, pixelsAgain := render(t, plots...)
		if svg != again || !bytes.Equal(pixels, pixelsAgain) {
			t.Fatal("equal figures have different bytes")
		}
	}
}

func TestHTMLKeepsTheAltText(t *testing.T) {
	picture, err := Draw(`says "a" & <b>`, everything()[3])
	if err != nil {
		t.Fatal(err)
	}
	b, err := picture.Bundle()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.HTML, `<img alt="says &#34;a&#34; &amp; &lt;b&gt;"`) || b.Text != `says "a" & <b>` || len(b.PNG) == 0 {
		t.Errorf("bundle: %.200s, text %q, %d bytes of PNG", b.HTML, b.Text, len(b.PNG))
	}
}

func TestAltTextIsRequired(t *testing.T) {
	for _, alt := range []string{"", " \n\t"} {
		if _, err := Draw(alt, everything()[0]); err == nil || !strings.HasPrefix(err.Error(), "show: ") {
			t.Errorf("Draw(%q): error %v, want a refusal", alt, err)
		}
		grid := ImageGrid{Rows: []ImageRow{{Width: 1, Height: 1, Pixels: []float32{1}}}}
		if _, err := DrawImages(alt, grid); err == nil {
			t.Errorf("DrawImages(%q) was not refused", alt)
		}
		mustPanic(t, "Figure", func() { Figure(alt, everything()[0]) })
		mustPanic(t, "Images", func() { Images(alt, grid) })
	}
	if _, err := Draw("alt"); err == nil {
		t.Error("a figure without plots was not refused")
	}
}

func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if r := recover(); r == nil {
			t.Errorf("%s: no panic", what)
		}
	}()
	f()
}

func TestMisusePanics(t *testing.T) {
	p := func() *Plot { return NewPlot("x", "y") }
	g := NewGrid(0, 1, 2, 0, 1, 2)
	nan := math.NaN()
	for what, f := range map[string]func(){
		"unnamed axis":       func() { NewPlot("x", "") },
		"unequal lengths":    func() { p().Scatter([]float64{1}, nil, Style{}) },
		"unequal line":       func() { p().Line([]float64{1}, nil, Style{}) },
		"unequal arrows":     func() { p().Quiver([]float64{1}, []float64{1}, []float64{1}, nil, Style{}) },
		"bars without names": func() { p().Bars(nil, []float64{1}, Style{}) },
		"falling range":      func() { p().XRange(1, 0) },
		"NaN range":          func() { p().YRange(nan, 1) },
		"short heat map":     func() { p().HeatMap(g, []float64{1}, "z") },
		"empty heat map":     func() { p().HeatMap(g, []float64{nan, nan, nan, nan}, "z") },
		"flat grid":          func() { NewGrid(0, 1, 1, 0, 1, 2) },
		"no such column":     func() { Column([]float32{1, 2}, 2, 2) },
		"ragged columns":     func() { Column([]float32{1, 2, 3}, 2, 0) },
		"ragged table":       func() { TableBundle("", []string{"a"}, [][]any{{1, 2}}) },
	} {
		mustPanic(t, what, f)
	}
	log := p()
	log.LogY = true
	log.Quiver([]float64{1}, []float64{1}, []float64{1}, []float64{1}, Style{})
	picture, err := Draw("alt", log)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := picture.SVG(); err == nil || !strings.Contains(err.Error(), "linear") {
		t.Errorf("arrows on a logarithmic axis: error %v", err)
	}
}

// A notebook of ten figures must stay under 1.5 MB, so a figure under 150 kB as
// it is stored: HTML with the SVG in base64, and the PNG in base64.
func TestSizeBudget(t *testing.T) {
	cloud := NewPlot("x₁", "x₂")
	cloud.Scatter(normals(5000, 1), normals(5000, 2), Data(""))
	flood := NewPlot("x₁", "x₂")
	flood.Scatter(normals(200_000, 1), normals(200_000, 2), Data(""))
	long := NewPlot("step", "loss")
	steps := make([]float64, 100_000)
	for i := range steps {
		steps[i] = float64(i)
	}
	long.Line(steps, normals(len(steps), 1), Data(""))
	g := NewGrid(-5, 5, 161, -3, 3, 97)
	heat := NewPlot("x₁", "x₂")
	heat.HeatMap(g, g.Values(func(x, y float64) float64 { return math.Sin(x) * y }), "z")
	arrows := NewPlot("x₁", "x₂")
	grid := NewGrid(-5, 5, 41, -3, 3, 25)
	xs, ys := grid.Points()
	arrows.Quiver(xs, ys, ys, xs, Model(""))
	for name, p := range map[string]*Plot{"5,000 points": cloud, "200,000 points": flood, "line of 100,000": long, "heat map": heat, "1,025 arrows": arrows} {
		picture, err := Draw("alt", p)
		if err != nil {
			t.Fatal(err)
		}
		b, err := picture.Bundle()
		if err != nil {
			t.Fatal(err)
		}
		stored := len(b.HTML) + len(b.PNG)*4/3
		t.Logf("%s: %d kB", name, stored/1000)
		if stored > 150_000 {
			t.Errorf("%s: %d bytes in the notebook, want at most 150,000", name, stored)
		}
	}
}
