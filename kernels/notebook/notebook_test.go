package notebook

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// jupyter.ipynb was written by nbformat 5.11: text of several scripts, all kinds
// of cells and outputs, control characters, empty lists and objects, unknown
// metadata.
const jupyterFile = "testdata/jupyter.ipynb"

func TestBytesAreJupyters(t *testing.T) {
	raw, err := os.ReadFile(jupyterFile)
	if err != nil {
		t.Fatal(err)
	}
	nb, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	got, err := nb.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(raw), string(got)); diff != "" {
		t.Errorf("not the bytes that Jupyter wrote (-Jupyter +ours):\n%s", diff)
	}
}

func TestParseTakesApart(t *testing.T) {
	nb, err := Read(jupyterFile)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(nb.CodeCells()); n != 2 {
		t.Fatalf("%d code cells, want 2", n)
	}
	cell := nb.CodeCells()[0]
	if cell.Source != "%%\nfmt.Println(\"a\\tb\")\n" || cell.Count != 1 || len(cell.Outputs) != 4 {
		t.Errorf("cell = %+v", cell)
	}
	if got := cell.Outputs[1].Data["text/html"]; got != "<p>\n<b>x</b>" {
		t.Errorf("text/html = %q", got)
	}
	if got := cell.Outputs[2].EValue; got != "exit status 3" {
		t.Errorf("EValue = %q", got)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct{ name, raw, want string }{
		{"no JSON", `hello`, "not a notebook"},
		{"trailing text", `{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5} x`, "text follows"},
		{"version 3", `{"metadata": {}, "nbformat": 3, "nbformat_minor": 0}`, "nbformat is 3"},
		{"cells that are text", `{"cells": "x", "nbformat": 4}`, `field "cells" holds a string`},
		{"cell of no kind", `{"cells": [{}], "nbformat": 4}`, `cell_type is ""`},
		{"source that is a number", `{"cells": [{"cell_type": "raw", "source": 3}], "nbformat": 4}`, `"source" holds`},
		{"count that is text", `{"cells": [{"cell_type": "code", "execution_count": "1"}], "nbformat": 4}`, `"execution_count" holds`},
		{"traceback of numbers", `{"cells": [{"cell_type": "code", "outputs": [{"output_type": "error", "traceback": [1]}]}], "nbformat": 4}`, `"traceback" holds`},
	} {
		if _, err := Parse([]byte(test.raw)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.name, err, test.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	raw, err := os.ReadFile(jupyterFile)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"cells": [{"cell_type": "code", "source": ["a\n"]}], "nbformat": 4}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		nb, err := Parse(raw)
		if err != nil {
			return
		}
		once, err := nb.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if nb, err = Parse(once); err != nil {
			t.Fatalf("our own bytes: %v", err)
		}
		if twice, _ := nb.Bytes(); !bytes.Equal(once, twice) {
			t.Errorf("written %q, then %q", once, twice)
		}
		nb.Failure()
		nb.Claims()
		Lint(raw, nil)
	})
}

func TestWriteReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.ipynb")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	nb := &Notebook{Format: 4, Minor: 5}
	if err := nb.Write(path); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(path); err != nil || got.Minor != 5 {
		t.Errorf("Read = %+v, %v", got, err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want the old file's", info.Mode())
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := nb.Write(filepath.Join(path, "no-folder")); err == nil {
		t.Error("wrote below a file")
	}
}
