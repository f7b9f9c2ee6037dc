package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gibbs/kernels/setup"
	"gibbs/lib/backend/pjrt"
)

func ExamplePrint() {
	Print(os.Stdout, Row{Name: "Go", Value: "go1.26.5"})
	Print(os.Stdout, Row{Name: "Python", State: Broken, Value: "the environment does not run", Do: "go run ./kernels setup"})
	// Output:
	// ✓ Go              go1.26.5
	// ✗ Python          the environment does not run
	//                   → go run ./kernels setup
}

// examine makes an examination of a repository whose go command is the script,
// on an environment that does not exist.
func examine(t *testing.T, goScript string) *examination {
	t.Helper()
	dir := t.TempDir()
	l := setup.Layout{Root: filepath.Join(dir, "repo"), Home: filepath.Join(dir, "home")}
	put(t, filepath.Join(l.Root, "go.mod"), "module gibbs\n\ngo 1.26.5\n")
	put(t, filepath.Join(dir, "bin", "go"), "#!/bin/sh\n"+goScript+"\n")
	t.Setenv("PATH", filepath.Join(dir, "bin")+":/usr/bin:/bin")
	return &examination{Layout: l}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// want fails the test unless there is one row of that state whose text holds all parts.
func want(t *testing.T, rows []Row, state State, parts ...string) {
	t.Helper()
	if len(rows) != 1 || rows[0].State != state {
		t.Fatalf("got %+v, want one row %v", rows, state)
	}
	for _, part := range parts {
		if !strings.Contains(rows[0].Value+"\n"+rows[0].Do, part) {
			t.Errorf("%+v does not say %q", rows[0], part)
		}
	}
	if state == Broken && rows[0].Do == "" {
		t.Errorf("%+v is broken and does not say what to do", rows[0])
	}
}

func TestToolchain(t *testing.T) {
	want(t, examine(t, "echo go1.27.0").toolchain(t.Context()), Good, "go1.27.0")
	want(t, examine(t, "echo go1.24.9").toolchain(t.Context()), Broken, "go1.24.9", "install Go 1.26.5")
	want(t, examine(t, "exit 1").toolchain(t.Context()), Broken, "does not run")
}

func TestCompiler(t *testing.T) {
	want(t, examine(t, "echo 1; echo gcc").compiler(t.Context()), Good, "gcc")
	want(t, examine(t, "echo 0; echo gcc").compiler(t.Context()), Note, "pure Go")
}

// probe is a go command whose builds give a program that does as told.
func probe(does string) string {
	return `printf '#!/bin/sh\n` + does + `\n' > "$3"; chmod +x "$3"`
}

func TestBackend(t *testing.T) {
	for _, c := range []struct {
		goScript string
		state    State
		parts    []string
	}{
		{probe(`echo "{\"backend\": \"go\", \"why\": \"asked for\", \"sum\": 500500}"`), Good, []string{"go (asked for)"}},
		{probe(`echo "{\"backend\": \"xla-cpu\", \"sum\": 500499}"`), Broken, []string{"500499", "GIBBS_BACKEND=go"}},
		{probe("kill -SEGV $$"), Broken, []string{"crashed", "segmentation fault"}},
		{probe("echo backend: plugin is damaged >&2; exit 1"), Broken, []string{"plugin is damaged"}},
		{"echo undefined: x; exit 1", Broken, []string{"does not compile", "undefined: x"}},
	} {
		want(t, examine(t, c.goScript).backend(t.Context()), c.state, c.parts...)
	}
}

// Every byte of the plugin counts, whatever its size and time say.
func TestPlugin(t *testing.T) {
	old := pjrt.Plugins
	t.Cleanup(func() { pjrt.Plugins = old })
	e := examine(t, "")
	p := pjrt.Plugin{Backend: "xla-cpu", Platform: runtime.GOOS + "/" + runtime.GOARCH, Package: "fake", Version: "1", Member: "plugin.so",
		SHA256: "5d5766cf2d78701614200418ee1450690d9af12c84d52545e4802f001ad53099"} // of "whole"
	pjrt.Plugins = []pjrt.Plugin{p}
	want(t, e.plugin(t.Context()), Note, "not installed")
	put(t, p.Path(e.Home), "whole")
	want(t, e.plugin(t.Context()), Good, "as pinned")
	info, err := os.Stat(p.Path(e.Home))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(e.Home); err != nil {
		t.Fatal(err)
	}
	put(t, p.Path(e.Home), "whale")
	if err := os.Chtimes(p.Path(e.Home), info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	want(t, e.plugin(t.Context()), Broken, "damaged or was replaced")
	pjrt.Plugins = nil
	want(t, e.plugin(t.Context()), Note, runtime.GOOS+"/"+runtime.GOARCH)
}

func TestNothingSetUp(t *testing.T) {
	e := examine(t, "echo go1.26.8")
	want(t, e.setUp(t.Context()), Broken, "JupyterLab", "go run ./kernels setup")
	want(t, e.python(t.Context()), Broken, "does not run")
	if rows := e.tools(t.Context()); len(rows) != 3 || rows[0].State != Broken {
		t.Errorf("tools: %+v", rows)
	}
	if rows := e.kernels(t.Context()); len(rows) != 4 || rows[3].State != Broken {
		t.Errorf("kernels: %+v", rows)
	}
	e.Cells = 3
	if rows := e.latency(t.Context()); rows != nil {
		t.Errorf("latency without an environment: %+v", rows)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 9}, 3}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.values, got, c.want)
		}
	}
}

func ExampleState() {
	fmt.Println(Good, Note, Broken)
	// Output: ✓ ! ✗
}
