package nbconvert

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gibbs/kernels/notebook"
	"gibbs/kernels/setup"
)

// environmentPython returns the interpreter of the environment, or skips.
func environmentPython(t *testing.T) string {
	t.Helper()
	l, err := setup.Find()
	if err != nil {
		t.Fatal(err)
	}
	if exec.Command(l.Python(), "-c", "import nbconvert, latex2mathml").Run() != nil {
		t.Skipf("no Python environment in %s: go run ./kernels setup brings it", l.Home)
	}
	return l.Python()
}

func TestHTML(t *testing.T) {
	python := environmentPython(t)
	const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
	nb := &notebook.Notebook{Format: 4, Cells: []notebook.Cell{
		{Kind: notebook.Markdown, Source: "# Text\n\nInline $p_\\sigma(x)$, [a link](https://example.org), \\$5, `$code$`, $\\mathcal N(0, I)$, $\\arg\\min_\\theta f$, $f(-2) = 1 - 3$.\n\n" +
			"$$\\nabla \\log p = \\frac{a}{b} \\tag{3}$$\n\n\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}\n"},
		{Kind: notebook.Code, Count: 1, Source: "func half(x float64) float64 { return x / 2 }\n%%\nfmt.Println(half(3))", Outputs: []notebook.Output{
			{Kind: notebook.Stream, Name: "stdout", Text: "1.5\n"},
			{Kind: notebook.Display, Data: map[string]any{"image/png": pixel, "text/html": `<img alt="one dot" src="data:image/png;base64,` + pixel + `">`}},
			{Kind: notebook.Display, Data: map[string]any{"text/html": `<svg role="img" aria-label="a square"><rect width="9" height="9"/></svg>`}},
			{Kind: notebook.Display, Data: map[string]any{"text/markdown": "mean $\\mu$"}},
		}},
	}}
	nb.Normalise(nil)
	dir := t.TempDir()
	path, page := filepath.Join(dir, "a.ipynb"), filepath.Join(dir, "a.html")
	if err := nb.Write(path); err != nil {
		t.Fatal(err)
	}
	if err := HTML(context.Background(), python, path, page); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for _, want := range []string{
		`<span class="kd">func</span>`, // Go, not Python
		`alt="one dot"`, `aria-label="a square"`, "data:image/png;base64," + pixel,
		"<mfrac>", "<msub><mi>p</mi><mi>σ</mi></msub>", "<mi>μ</mi>", "𝒩", `<mo form="prefix">−</mo><mn>2</mn>`, "<mn>1</mn><mo>−</mo><mn>3</mn>", "(3)", "<mtr>",
		`href="https://example.org"`, "$5", "<code>$code$</code>", "prefers-color-scheme: dark",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, forbidden := range []string{
		`<script[^>]*\ssrc`, `<link[^>]*\shref="?(?:https?:)?//`, `<(?:img|iframe)[^>]*\ssrc="?(?:https?:)?//`,
		`url\(["']?(?:https?:)?//`, `@import`, `import\(`, `p_\\sigma`, `\\begin\{`, `<mi>\\`, `MathJax`,
	} {
		if found := regexp.MustCompile(forbidden).FindString(text); found != "" {
			t.Errorf("the page holds %q", found)
		}
	}
}

func TestHTMLOfNothing(t *testing.T) {
	python := environmentPython(t)
	if err := HTML(context.Background(), python, filepath.Join(t.TempDir(), "none.ipynb"), "x.html"); err == nil {
		t.Error("no error for a notebook that does not exist")
	}
}
