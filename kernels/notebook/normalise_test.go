package notebook

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func code(source string, count int, outputs ...Output) Cell {
	return Cell{Kind: Code, ID: "c", Source: source, Count: count, Outputs: outputs}
}

func stdout(text string) Output { return Output{Kind: Stream, Name: "stdout", Text: text} }
func stderr(text string) Output { return Output{Kind: Stream, Name: "stderr", Text: text} }

func display(mime string, value any) Output {
	return Output{Kind: Display, Data: map[string]any{mime: value}}
}

func TestNormaliseText(t *testing.T) {
	paths := map[string]string{"/src/gibbs": ".", "/src/gibbs/.gibbs": ".gibbs", "/home/ann": "~", "/": "no"}
	for _, test := range []struct{ name, text, want string }{
		{"repository", "open /src/gibbs/lib/x.go: no", "open ./lib/x.go: no"},
		{"folder inside", "/src/gibbs/.gibbs/bin/gonb", ".gibbs/bin/gonb"},
		{"home", "in /home/ann, or /home/ann/x", "in ~, or ~/x"},
		{"another user", "/home/anna /src/gibbs2 x/home/ann", "/home/anna /src/gibbs2 x/home/ann"},
		{"kernel's folder", `"/tmp/gibbs-kernel-42/gonb_0123abcd/main.go:3"`, `"tmp/main.go:3"`},
		{"stock GoNB's folder", "/tmp/gonb_0123abcd/main.go", "tmp/main.go"},
		{"duration of a test", "--- PASS: TestX (0.31s)\n", "--- PASS: TestX (0.00s)\n"},
		{"duration of tests", "ok  \tgibbs/lib/rng\t1.234s\n", "ok  \tgibbs/lib/rng\t0.00s\n"},
		{"a number that is a result", "half-life (0.31s)", "half-life (0.31s)"},
		{"progress", "left  \nstep 1, 3 s\rstep 2\rstep 3     \ndone\r\n", "left  \nstep 3\ndone\n"},
		{"random identifiers", "gonb_id_0000aaaa gonb_id_0000bbbb gonb_id_0000aaaa", "gonb_id_1 gonb_id_2 gonb_id_1"},
	} {
		nb := &Notebook{Format: 4, Cells: []Cell{code("", 1, stdout(test.text))}}
		nb.Normalise(paths)
		if got := nb.Cells[0].Outputs[0].Text; got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestNormaliseNotebook(t *testing.T) {
	first, second := code("a", 4, stdout("1\n"), stdout(""), stdout("2\n"), stderr("x\n"), stdout("3\n")), code("b", 9)
	first.ID = ""
	first.Metadata = map[string]any{"execution": map[string]any{"iopub.status.busy": "2026"}, "tags": []any{"keep"}}
	second.Outputs = []Output{display("image/png", "gonb_id_0000aaaa"), display("text/html", "gonb_id_0000aaaa")}
	nb := &Notebook{
		Cells:    []Cell{{Kind: Markdown, ID: "m"}, first, code("never ran", 0), second},
		Metadata: map[string]any{"kernelspec": map[string]any{"name": "gibbs-go"}, "widgets": 1, "mine": "kept"},
		Format:   4, Minor: 4,
	}
	nb.Normalise(nil)

	var counts []int
	for _, cell := range nb.CodeCells() {
		counts = append(counts, cell.Count)
	}
	if diff := cmp.Diff([]int{1, 0, 2}, counts); diff != "" {
		t.Errorf("execution counts:\n%s", diff)
	}
	got := nb.Cells[1]
	if want := []Output{stdout("1\n2\n"), stderr("x\n"), stdout("3\n")}; !cmp.Equal(want, got.Outputs, cmp.AllowUnexported(Output{})) {
		t.Errorf("streams = %+v, want %+v", got.Outputs, want)
	}
	if diff := cmp.Diff(map[string]any{"tags": []any{"keep"}}, got.Metadata); diff != "" {
		t.Errorf("cell metadata:\n%s", diff)
	}
	if got.ID != "cell-2" || nb.Cells[0].ID != "m" || nb.Minor != 5 {
		t.Errorf("identifiers %q and %q, minor version %d", got.ID, nb.Cells[0].ID, nb.Minor)
	}
	if nb.Metadata["mine"] != "kept" || nb.Metadata["widgets"] != nil {
		t.Errorf("metadata = %v", nb.Metadata)
	}
	if spec := nb.Metadata["kernelspec"].(map[string]any); spec["name"] != Kernel {
		t.Errorf("kernel %v", spec["name"])
	}
	if png := nb.Cells[3].Outputs[0].Data["image/png"]; png != "gonb_id_0000aaaa" {
		t.Errorf("the picture became %q", png)
	}
}

func TestNormaliseTwiceIsOnce(t *testing.T) {
	raw, err := os.ReadFile(jupyterFile)
	if err != nil {
		t.Fatal(err)
	}
	nb, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	nb.Normalise(map[string]string{"/a": "."})
	once, _ := nb.Bytes()
	nb, err = Parse(once)
	if err != nil {
		t.Fatal(err)
	}
	nb.Normalise(map[string]string{"/a": "."})
	twice, _ := nb.Bytes()
	if diff := cmp.Diff(string(once), string(twice)); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(string(once), `"execution_count": 1`) {
		t.Error("the count of an execute_result is gone")
	}
}
