package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gibbs/kernels/setup"
)

// brokenLimit is the time limit of a cell: the endless one waits it out, the
// others must compile within it on a busy machine.
const brokenLimit = 20 * time.Second

// broken says for each notebook of testdata/broken where and why it fails.
var broken = []struct {
	name, reason string
	cell, line   int // line 0: not known
}{
	{name: "01-panic", cell: 2, line: 3, reason: "index out of range [2] with length 0 (in cell 1, line 2)"},
	{name: "02-compile-error", cell: 2, line: 3, reason: "undefined: y"},
	{name: "03-exit-3", cell: 2, reason: "exit status 3"},
	{name: "04-shell-false", cell: 2, line: 1, reason: "!false: exit status 1"},
	{name: "05-failing-test", cell: 2, reason: "TestSum failed: 1+1 is not 3"},
	{name: "06-killed", cell: 2, reason: "signal: killed"},
	{name: "07-endless", cell: 2, reason: "took longer than the limit of"},
	{name: "08-missing-module", cell: 2, line: 1, reason: "no required module provides package example.invalid/nowhere"},
	{name: "09-missed-claim", cell: 3, reason: "missed: one plus one: measured 2.00, exact 3.00 ± 0.50"},
	{name: "10-nan-claim", cell: 3, reason: "missed: loss of a run that diverged: measured NaN"},
}

// environment returns the layout of a machine that is set up, or skips.
func environment(t *testing.T) setup.Layout {
	t.Helper()
	if testing.Short() {
		t.Skip("runs notebooks: not with -short")
	}
	l, err := setup.Find()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{l.Python(), l.Bin("gonb"), filepath.Join(l.Kernelspec("gibbs"), "kernel.json")} {
		if _, err := os.Stat(path); err != nil {
			t.Skipf("%s is missing: go run ./kernels setup brings it", path)
		}
	}
	return l
}

// Every broken notebook fails, and the message names cell, line and reason.
func TestBrokenNotebooksFail(t *testing.T) {
	l := environment(t)
	results := filepath.Join(t.TempDir(), "results.json")
	var out bytes.Buffer
	err := runOptions{jobs: 2, timeout: brokenLimit, json: results}.run(t.Context(), l, []string{"testdata/broken"}, &out)
	if err == nil {
		t.Error("the run passed")
	}
	t.Log(out.String())
	raw, err := os.ReadFile(results)
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Notebooks []outcome }
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Notebooks) != len(broken) {
		t.Fatalf("%d notebooks ran, want %d", len(got.Notebooks), len(broken))
	}
	failed := 0
	for i, want := range broken {
		o := got.Notebooks[i]
		switch {
		case !strings.HasSuffix(o.Path, "/"+want.name+".ipynb"):
			t.Errorf("%s ran in the place of %s", o.Path, want.name)
		case o.Passed:
			t.Errorf("%s passed", want.name)
		case o.Cell != want.cell || o.Line != want.line || !strings.Contains(o.Failure, want.reason):
			t.Errorf("%s: cell %d, line %d: %q; want cell %d, line %d, %q", want.name, o.Cell, o.Line, o.Failure, want.cell, want.line, want.reason)
		default:
			failed++
		}
		for _, kind := range []string{".ipynb", ".html"} {
			page, err := os.ReadFile(filepath.Join(l.Out(), strings.TrimSuffix(o.Path, ".ipynb")+kind))
			if err != nil || !bytes.Contains(page, []byte("before")) {
				t.Errorf("%s: the outputs before the failure are not in the %s that was kept (%v)", want.name, kind, err)
			}
		}
	}
	t.Logf("%d of %d broken notebooks fail with the cell named", failed, len(broken))
}

// Plain nbconvert fails too: nothing essential lives in our command.
func TestBrokenNotebooksFailPlainly(t *testing.T) {
	l := environment(t)
	failed := 0
	for _, want := range broken {
		cmd := exec.CommandContext(t.Context(), l.Jupyter(), "nbconvert", "--to", "notebook", "--execute",
			"--ExecutePreprocessor.timeout=20", "--output-dir", t.TempDir(), "testdata/broken/"+want.name+".ipynb")
		said, err := cmd.CombinedOutput()
		if err == nil {
			t.Errorf("%s passed:\n%s", want.name, said)
			continue
		}
		failed++
	}
	t.Logf("%d of %d broken notebooks fail under plain nbconvert", failed, len(broken))
}
