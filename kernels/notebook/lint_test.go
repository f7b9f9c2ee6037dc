package notebook

import (
	"maps"
	"strings"
	"testing"
)

// sound returns a small notebook that keeps every convention.
func sound() *Notebook {
	claims := []any{map[string]any{"name": "two", "measured": 2, "exact": 2, "tolerance": 0, "relation": "=", "held": true}}
	nb := &Notebook{
		Cells: []Cell{
			{Kind: Markdown, ID: "m", Source: "# Addition\n\nIs 1 + 1 = 2?\n\n![a plus sign](plus.svg) `![](code)`"},
			code("import \"fmt\"\n\nconst svg = \"http://www.w3.org/2000/svg\"\n\n// http://example.org is prose here\n%%\nfmt.Println(1 + 1)\nif true {\n\tfmt.Println()\n}", 1,
				stdout("2\n"),
				display("text/html", `<img alt="x > y" src="data:,"><svg role="img" aria-label='two'></svg><svg><title>two</title></svg><svg aria-hidden="true"/>`),
				Output{Kind: Display, Data: map[string]any{"image/png": "AAAA", "text/html": `<img src="data:," alt="two">`}}),
			code("%%\nclaim.Table(two)", 2, display(ClaimsType, claims)),
		},
		Format: 4, Minor: 5,
	}
	nb.Normalise(nil)
	return nb
}

// planted violations: each edits a sound notebook so that one convention, and
// no other, is broken.
var planted = []struct {
	rule, name string
	plant      func(nb *Notebook)
	want       string
}{
	{"kernel", "another kernel", func(nb *Notebook) { nb.Metadata["kernelspec"] = map[string]any{"name": "gonb"} }, "the kernel is gonb, not gibbs"},
	{"kernel", "no kernel", func(nb *Notebook) { delete(nb.Metadata, "kernelspec") }, "the kernel is <nil>"},
	{"title", "no text first", func(nb *Notebook) { nb.Cells = nb.Cells[1:] }, "the first cell is not text"},
	{"title", "no title", func(nb *Notebook) { nb.Cells[0].Source = "Is it so?" }, "first cell: no title"},
	{"title", "no question", func(nb *Notebook) { nb.Cells[0].Source = "# It is so" }, "first cell: asks no question"},
	{"executed", "never", func(nb *Notebook) { nb.Cells[2].Count = 0 }, "cell 2: was not executed"},
	{"executed", "out of order", func(nb *Notebook) { nb.Cells[1].Count, nb.Cells[2].Count = 2, 1 }, "cell 1: was executed as number 2"},
	{"errors", "an error", func(nb *Notebook) { nb.Cells[1].Outputs = []Output{failed("exit status 3")} }, "cell 1: failed: exit status 3"},
	{"errors", "a failure called success", func(nb *Notebook) { nb.Cells[1].Outputs = []Output{stderr("exit status 1\n")} }, "cell 1: failed: exit status 1"},
	{"shell", "a line", func(nb *Notebook) { nb.Cells[1].Source = "!ls" }, "cell 1: line 1 runs a shell command"},
	{"shell", "in the build folder, disguised", func(nb *Notebook) { nb.Cells[1].Source = "%%\nx()\n//gonb:!*ls" }, "cell 1: line 3 runs a shell command"},
	{"shell", "bash", func(nb *Notebook) { nb.Cells[1].Source = "%%bash\nls" }, "cell 1: line 1 runs a shell command"},
	{"shell", "script", func(nb *Notebook) { nb.Cells[1].Source = "%%script perl -w\nls" }, "cell 1: line 1 runs a shell command"},
	{"dot-import", "alone", func(nb *Notebook) { nb.Cells[1].Source = "import . \"fmt\"\n\n%%\nPrintln()" }, `cell 1: dot-import of "fmt"`},
	{"dot-import", "in a group", func(nb *Notebook) { nb.Cells[1].Source = "import (\n\t\"os\"\n\n\t. \"fmt\"\n)" }, `cell 1: dot-import of "fmt"`},
	{"gofmt", "declarations", func(nb *Notebook) { nb.Cells[1].Source = "\n%env A b\nvar a = 1\n\nvar  b = 2" }, "cell 1: line 5 is not as gofmt writes it"},
	{"gofmt", "body of main", func(nb *Notebook) {
		nb.Cells[1].Source = "var a = 1\n\n%% -x=1\nfmt.Println(a)\nif true {\nfmt.Println(a)\n}"
	}, "cell 1: line 6 is not as gofmt writes it"},
	{"gofmt", "not Go", func(nb *Notebook) { nb.Cells[1].Source = "%%\nx := 1\nx = = 2" }, "cell 1: line 3 is not Go"},
	{"offline", "an address", func(nb *Notebook) { nb.Cells[1].Source = "%%\nload(`see https://example.org/x.gz now`)" }, "cell 1: holds the address https://example.org/x.gz"},
	{"offline", "net/http", func(nb *Notebook) { nb.Cells[1].Source = "import \"net/http\"" }, "cell 1: imports net/http"},
	{"alt text", "an image in the text", func(nb *Notebook) { nb.Cells[0].Source += "\n![ ](x.png)" }, "text before cell 1: image without alt text"},
	{"alt text", "an element in the text", func(nb *Notebook) { nb.Cells[0].Source += "\n<img src=x>" }, "text before cell 1: img without alt text: <img src=x>"},
	{"alt text", "a picture alone", func(nb *Notebook) { nb.Cells[1].Outputs = []Output{display("image/png", "AAAA")} }, "cell 1: image/png without an HTML form"},
	{"alt text", "an empty alt", func(nb *Notebook) { nb.Cells[1].Outputs = []Output{display("text/html", `<img alt="" src="x">`)} }, "cell 1: img without alt text"},
	{"alt text", "a drawing", func(nb *Notebook) {
		nb.Cells[1].Outputs = []Output{display("image/svg+xml", "<svg width='3'><g/></svg>")}
	}, "cell 1: svg without alt text"},
	{"claims", "no table called", func(nb *Notebook) { nb.Cells[2].Source = "%%\ntable()" }, "cell 2: the last code cell does not call claim.Table"},
	{"claims", "no table saved", func(nb *Notebook) { nb.Cells[2].Outputs = nil }, "cell 2: the last code cell shows no truth table"},
	{"claims", "a miss", func(nb *Notebook) {
		nb.Cells[2].Outputs = []Output{display(ClaimsType, []any{map[string]any{"name": "two", "held": false}})}
	}, "cell 2: a claim was missed: two"},
	{"size", "too large", func(nb *Notebook) { nb.Cells[0].Source += strings.Repeat("x", MaxSize) }, "the file has 15"},
	{"normalised", "a path", func(nb *Notebook) { nb.Cells[1].Outputs = []Output{stdout("/src/gibbs/x\n")} }, "the file is not normalised"},
	{"normalised", "a time", func(nb *Notebook) { nb.Cells[1].Metadata = map[string]any{"execution": map[string]any{}} }, "the file is not normalised"},
}

func TestLintSound(t *testing.T) {
	raw, err := sound().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if found := Lint(raw, nil); len(found) > 0 {
		t.Errorf("findings in a sound notebook: %v", found)
	}
}

func TestLintCatchesEachViolation(t *testing.T) {
	paths := map[string]string{"/src/gibbs": "."}
	uncaught := map[string]bool{"size": true, "normalised": true}
	for _, rule := range rules {
		uncaught[rule.name] = true
	}
	for _, test := range planted {
		nb := sound()
		test.plant(nb)
		raw, err := nb.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		var others []string
		caught := false
		for _, finding := range Lint(raw, paths) {
			switch text := finding.String(); {
			case strings.HasPrefix(text, test.want):
				caught = true
			case test.rule == "kernel" && strings.HasPrefix(text, "the file is not normalised"): // the same field
			case test.name == "out of order", test.name == "no text first":
			default:
				others = append(others, text)
			}
		}
		if !caught {
			t.Errorf("%s, %s: not caught; found %q", test.rule, test.name, others)
		} else if len(others) > 0 {
			t.Errorf("%s, %s: also found %q", test.rule, test.name, others)
		}
		delete(uncaught, test.rule)
	}
	for rule := range maps.Keys(uncaught) {
		t.Errorf("no violation is planted for the rule %q", rule)
	}
}

func TestLintRefusesOtherFiles(t *testing.T) {
	if found := Lint([]byte("no"), nil); len(found) != 1 {
		t.Errorf("findings = %v, want one", found)
	}
}
