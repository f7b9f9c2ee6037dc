package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gibbs/kernels/notebook"
	"gibbs/kernels/setup"

	"github.com/google/go-cmp/cmp"
)

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFindNotebooks(t *testing.T) {
	root := t.TempDir()
	writeFiles(t, root, map[string]string{
		"notebooks/b.ipynb": "", "notebooks/1/a.ipynb": "", "notebooks/1/a.txt": "",
		"notebooks/.ipynb_checkpoints/b.ipynb": "", "elsewhere/c.ipynb": "",
	})
	l := setup.Layout{Root: root}
	for _, test := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"notebooks/1/a.ipynb", "notebooks/b.ipynb"}},
		{[]string{"notebooks/1", "elsewhere/c.ipynb", "notebooks/1/a.ipynb"}, []string{"elsewhere/c.ipynb", "notebooks/1/a.ipynb"}},
		{[]string{"notebooks/.ipynb_checkpoints"}, []string{"notebooks/.ipynb_checkpoints/b.ipynb"}},
	} {
		args := slices.Clone(test.args)
		for i := range args {
			args[i] = filepath.Join(root, args[i])
		}
		got, err := findNotebooks(l, args)
		if err != nil {
			t.Errorf("%q: %v", test.args, err)
		}
		for i := range got {
			got[i] = shortPath(l, got[i])
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q:\n%s", test.args, diff)
		}
	}
	if _, err := findNotebooks(l, []string{filepath.Join(root, "nowhere")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nowhere: error %v, want one that says so", err)
	}
	if _, err := findNotebooks(setup.Layout{Root: filepath.Join(root, "elsewhere")}, nil); err == nil {
		t.Error("a repository without notebooks: no error")
	}
}

func TestReport(t *testing.T) {
	outcomes := []outcome{
		{Path: "notebooks/a.ipynb", Kernel: "gibbs", Seconds: 12.34, Held: 2, Claims: make([]notebook.Claim, 2)},
		{Path: "notebooks/b.ipynb", Kernel: "gibbs", Seconds: 1},
	}
	outcomes[0].fail(nil)
	outcomes[1].fail(fmt.Errorf("wrapped: %w", &notebook.Failure{Cell: 7, Line: 3, First: "foo()", Reason: "undefined: foo"}))
	var out bytes.Buffer
	report(&out, outcomes)
	want := `
notebook           kernel  seconds  claims held  verdict
notebooks/a.ipynb  gibbs   12.3     2 of 2       passed
notebooks/b.ipynb  gibbs   1.0      0 of 0       FAILED

notebooks/b.ipynb: wrapped: cell 7 (foo()), line 3: undefined: foo
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	if err := verdict(outcomes); err == nil || err.Error() != "1 of 2 notebooks failed" {
		t.Errorf("verdict: %v", err)
	}
	if err := verdict(outcomes[:1]); err != nil {
		t.Errorf("verdict: %v", err)
	}

	path := filepath.Join(t.TempDir(), "results.json")
	if err := writeJSON(path, results{outcomes}); err != nil {
		t.Fatal(err)
	}
	raw, _ := os.ReadFile(path)
	var got results
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Notebooks) != 2 || got.Notebooks[1].Cell != 7 || got.Notebooks[1].Line != 3 || len(got.Notebooks[0].Claims) != 2 {
		t.Errorf("JSON: %s", raw)
	}
}

func TestBoardOutsideATerminal(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	b := newBoard(&out, func() time.Time { return now })
	first, second := b.start("a.ipynb"), b.start("b.ipynb")
	now = now.Add(3 * time.Second)
	first.progress(2, 5)
	b.show("")
	second.finish(&outcome{Passed: true, Seconds: 4})
	b.show("")
	b.close()
	want := `       a.ipynb: cell 2 of 5, 3 s
       b.ipynb: starting the kernel, 3 s
passed b.ipynb (4 s)
       a.ipynb: cell 2 of 5, 3 s
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// In a terminal each change rewrites the lines of the running notebooks; lines
// of finished ones stay above.
func TestBoardInATerminal(t *testing.T) {
	var out bytes.Buffer
	b := newBoard(&out, func() time.Time { return time.Unix(0, 0) })
	b.width = func() int { return 30 }
	line := b.start("a.ipynb")
	line.progress(1, 2)
	line.finish(&outcome{Seconds: 1})
	b.close()
	want := "\r\x1b[J" + "       a.ipynb: starting the \n" +
		"\x1b[1A\r\x1b[J" + "       a.ipynb: cell 1 of 2, \n" +
		"\x1b[1A\r\x1b[J" + "FAILED a.ipynb (1 s)\n" +
		"\r\x1b[J"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestReplaceKeepsAnEditedNotebook(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.ipynb")
	executed := &notebook.Notebook{Format: 4, Cells: []notebook.Cell{{Kind: notebook.Code, Source: "old", Count: 1}}}
	edited := &notebook.Notebook{Format: 4, Cells: []notebook.Cell{{Kind: notebook.Code, Source: "new"}}}
	if err := edited.Write(path); err != nil {
		t.Fatal(err)
	}
	if err := replace(path, executed); err == nil {
		t.Error("an edit was overwritten")
	}
	edited.Cells[0].Source = "old"
	if err := edited.Write(path); err != nil {
		t.Fatal(err)
	}
	if err := replace(path, executed); err != nil {
		t.Error(err)
	}
	if nb, err := notebook.Read(path); err != nil || nb.Cells[0].Count != 1 {
		t.Errorf("read back %+v, %v", nb, err)
	}
}

func TestRunRefuses(t *testing.T) {
	for _, args := range [][]string{{"--write", "--quick"}, {"--jobs", "0"}, {"--backend", "tpu"}} {
		cmd := runCmd()
		cmd.SetArgs(args)
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "run: ") {
			t.Errorf("%q: error %v", args, err)
		}
	}
}

func TestLintCommand(t *testing.T) {
	root := t.TempDir()
	writeFiles(t, root, map[string]string{"notebooks/a.ipynb": `{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}`})
	var out bytes.Buffer
	err := lint(setup.Layout{Root: root}, nil, &out)
	if err == nil || !strings.HasPrefix(out.String(), "notebooks/a.ipynb: the kernel is <nil>, not gibbs\n") {
		t.Errorf("error %v after\n%s", err, out.String())
	}
	if err := lint(setup.Layout{Root: root}, []string{filepath.Join(root, "nowhere")}, &out); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want one that says what is missing", err)
	}
}
