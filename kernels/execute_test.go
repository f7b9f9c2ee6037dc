package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gibbs/kernels/notebook"
)

// lesson is a small sound notebook whose outputs name the machine.
func lesson(t *testing.T) string {
	t.Helper()
	nb := &notebook.Notebook{Format: 4, Cells: []notebook.Cell{
		{Kind: notebook.Markdown, Source: "# Addition\n\nIs $1 + 1 = 2$?"},
		{Kind: notebook.Code, Source: "import \"gibbs/lib/claim\"\n\n%%\nfmt.Println(os.TempDir(), os.Getenv(\"GIBBS_ROOT\"), os.Getenv(\"GIBBS_QUICK\"))\nclaim.Equal(\"1 + 1\", 1+1, 2)"},
		{Kind: notebook.Code, Source: "%%\nclaim.Table()"},
	}}
	path := filepath.Join(t.TempDir(), "addition.ipynb")
	if err := nb.Write(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// What --write leaves keeps every convention, and a second run changes no byte.
func TestWriteLeavesASoundNotebook(t *testing.T) {
	l := environment(t)
	path := lesson(t)
	var out bytes.Buffer
	o := runOptions{jobs: 1, timeout: time.Minute, write: true, json: filepath.Join(t.TempDir(), "results.json")}
	if err := o.run(t.Context(), l, []string{path}, &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if !strings.Contains(out.String(), "1 of 1") {
		t.Errorf("the table lacks the claim:\n%s", out.String())
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range notebook.Lint(first, machinePaths(l, "")) {
		t.Errorf("after --write: %s", finding)
	}
	if bytes.Contains(first, []byte(l.Root)) || bytes.Contains(first, []byte(os.TempDir()+"/")) {
		t.Errorf("paths of this machine are in\n%s", first)
	}
	if err := o.run(t.Context(), l, []string{path}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if second, _ := os.ReadFile(path); !bytes.Equal(first, second) {
		t.Errorf("a second run wrote\n%s\nafter\n%s", second, first)
	}

	quick := runOptions{jobs: 1, timeout: time.Minute, quick: true}
	if err := quick.run(t.Context(), l, []string{path}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if third, _ := os.ReadFile(path); !bytes.Equal(first, third) {
		t.Error("a run without --write changed the notebook")
	}
	executed, err := notebook.Read(filepath.Join(l.Out(), filepath.Base(path)))
	if err != nil || !strings.HasSuffix(executed.CodeCells()[0].Outputs[0].Text, " 1\n") {
		t.Errorf("the quick run's cell printed %q (%v)", executed.CodeCells()[0].Outputs[0].Text, err)
	}
}

// cancelAt ends a context when a text is written that holds a word.
type cancelAt struct {
	word   string
	cancel context.CancelFunc
}

func (c cancelAt) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(c.word)) {
		c.cancel()
	}
	return len(p), nil
}

// Ctrl-C in the middle of a cell ends nbconvert, the kernel, and the cell.
func TestStopEndsTheKernel(t *testing.T) {
	l := environment(t)
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("processes are counted through /proc, which is not here")
	}
	mark := rand.Text()
	t.Setenv("GIBBS_TEST_MARK", mark)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := runOptions{jobs: 1, timeout: time.Minute}
	var stopped time.Time
	err := o.run(ctx, l, []string{"testdata/broken/07-endless.ipynb"}, cancelAt{"cell 2 of 3", func() { stopped = time.Now(); cancel() }})
	if ctx.Err() == nil || err == nil {
		t.Fatalf("the run ended by itself: %v", err)
	}
	t.Logf("stopped in %.1f s", time.Since(stopped).Seconds())
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range environs {
		environ, _ := os.ReadFile(file)
		name, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		if bytes.Contains(environ, []byte(mark)) {
			t.Errorf("left alive: %s", bytes.ReplaceAll(name, []byte{0}, []byte(" ")))
		}
	}
}
