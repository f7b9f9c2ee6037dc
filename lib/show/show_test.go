package show

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/color"
	"io"
	"math"
	"strings"
	"testing"
	"time"
)

func TestTableHTML(t *testing.T) {
	b := TableBundle("A < B", []string{"name", "value"}, [][]any{{"x & y", 1.5}, {"z", -2}})
	decoder := xml.NewDecoder(strings.NewReader(b.HTML))
	for {
		if _, err := decoder.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, b.HTML)
		}
	}
	for _, want := range []string{"<caption>A &lt; B</caption>", `<th scope="col" style="text-align:right">value</th>`,
		`<th scope="row" style="text-align:left">x &amp; y</th>`, `<td style="text-align:right">1.5</td>`} {
		if !strings.Contains(b.HTML, want) {
			t.Errorf("the table lacks %s:\n%s", want, b.HTML)
		}
	}
}

func TestImageGridValues(t *testing.T) {
	grid := ImageGrid{Lo: -1, Hi: 1}
	row := ImageRow{Width: 2, Height: 2, Pixels: []float32{9, 9, 9, 9, -1, 0, 1, 5}}
	img := grid.image(row, 1) // the second image
	for i, want := range []uint8{0, 128, 255, 255} {
		if got := color.GrayModel.Convert(img.At(i%2, i/2)).(color.Gray).Y; got != want {
			t.Errorf("pixel %d is %d, want %d", i, got, want)
		}
	}
	row.Pixels[5] = float32(math.NaN())
	if got := color.NRGBAModel.Convert(grid.image(row, 1).At(1, 0)); got != targetOrange {
		t.Errorf("a pixel of NaN is %v, want orange", got)
	}
}

func TestImageGridMisuse(t *testing.T) {
	good := func() ImageGrid {
		return ImageGrid{Rows: []ImageRow{{Width: 2, Height: 1, Pixels: []float32{0, 1, 0, 1}}}}
	}
	if _, err := DrawImages("alt", good()); err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(*ImageGrid){
		"no rows":           func(g *ImageGrid) { g.Rows = nil },
		"no size":           func(g *ImageGrid) { g.Rows[0].Width = 0 },
		"half an image":     func(g *ImageGrid) { g.Rows[0].Pixels = g.Rows[0].Pixels[:3] },
		"no pixels":         func(g *ImageGrid) { g.Rows[0].Pixels = nil },
		"captions":          func(g *ImageGrid) { g.Rows[0].Captions = []string{"one"} },
		"column names":      func(g *ImageGrid) { g.Columns = []string{"one"} },
		"range falls":       func(g *ImageGrid) { g.Lo = 2 },
		"range of one":      func(g *ImageGrid) { g.Lo, g.Hi = 1, 1 },
		"range of infinity": func(g *ImageGrid) { g.Hi = math.Inf(1) },
	} {
		g := good()
		spoil(&g)
		if _, err := DrawImages("alt", g); err == nil || !strings.HasPrefix(err.Error(), "show: ") {
			t.Errorf("%s: error %v, want a refusal", what, err)
		}
	}
}

// clock is a meter's time under the test's control.
func testMeter(every time.Duration) (m *meter, lines *[]string, pass func(time.Duration)) {
	now := time.Unix(1000, 0)
	lines = new([]string)
	m = newMeter("train", every, func(m *meter, done bool) { *lines = append(*lines, m.line(done)) })
	m.now = func() time.Time { return now }
	return m, lines, func(d time.Duration) { now = now.Add(d) }
}

func TestProgressIsRateLimitedAndEndsWithoutTimes(t *testing.T) {
	m, lines, pass := testMeter(time.Second)
	for step := 601; step <= 1000; step++ { // resumed at 600
		pass(10 * time.Millisecond)
		m.step(step, 1000, 6.71)
	}
	m.step(1000, 1000, 6.71) // a second report of the end
	want := []string{
		"train: 60 %, 601 of 1000 steps, loss 6.71",
		"train: 70 %, 701 of 1000 steps, loss 6.71, 100 steps/s, 3s left",
		"train: 80 %, 801 of 1000 steps, loss 6.71, 100 steps/s, 2s left",
		"train: 90 %, 901 of 1000 steps, loss 6.71, 100 steps/s, 1s left",
		"train: 1000 of 1000 steps, loss 6.71",
	}
	if strings.Join(*lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("shown:\n%s\nwant:\n%s", strings.Join(*lines, "\n"), strings.Join(want, "\n"))
	}
}

func TestProgressRewritesOneLine(t *testing.T) {
	var out bytes.Buffer
	m, _, _ := testMeter(0)
	m.show = func(m *meter, done bool) { m.rewrite(&out, done) }
	m.step(1, 10, math.NaN())
	m.step(10, 10, 2)
	first := "\rtrain: 10 %, 1 of 10 steps, loss NaN"
	last := "\rtrain: 10 of 10 steps, loss 2"
	if want := first + last + strings.Repeat(" ", len(first)-len(last)) + "\n"; out.String() != want {
		t.Errorf("wrote %q, want %q", out.String(), want)
	}
}

func TestProgressElement(t *testing.T) {
	m, _, pass := testMeter(0)
	m.step(1, 4, 1)
	pass(time.Second)
	m.step(3, 4, 0.5)
	html := m.bundle(false).HTML
	for _, want := range []string{`<progress aria-label="train"`, `max="4"`, `value="3"`, "2 steps/s"} {
		if !strings.Contains(html, want) {
			t.Errorf("the element lacks %s: %s", want, html)
		}
	}
	m.step(4, 4, 0.5)
	if html := m.bundle(true).HTML; strings.Contains(html, "/s") || strings.Contains(html, "left") {
		t.Errorf("the last state holds times: %s", html)
	}
}

func TestPlainJSON(t *testing.T) {
	got, err := plainJSON([]struct {
		A int `json:"a"`
	}{{1}})
	if err != nil || fmt.Sprintf("%T %v", got, got) != "[]interface {} [map[a:1]]" {
		t.Errorf("got %T %v, %v", got, got, err)
	}
	if _, err := plainJSON(func() {}); err == nil {
		t.Error("a function was taken for JSON")
	}
}
