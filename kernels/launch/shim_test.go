package launch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"

	"gibbs/lib/backend/pjrt"
)

// runShim runs this program as a kernel's `go` in dir, with real behind it.
func runShim(t *testing.T, real, dir string, args ...string) (out string, code int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "go")
	if err := os.Symlink(self, name); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), realGoVariable+"="+real)
	text, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// fakeGo is a `go` that prints its arguments and two settings, then runs a script.
func fakeGo(t *testing.T, script string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "real go")
	text := "#!/bin/sh\necho \"go $* proxy=$GOPROXY gc=$GOGC\"\n" + script
	if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestShimChangesOnlyItsCommands(t *testing.T) {
	t.Setenv("GOPROXY", "p")
	t.Setenv("GOGC", "100")
	real := fakeGo(t, "exit 7")
	for _, c := range []struct {
		args, out string
		code      int
	}{
		{"version", "go version proxy=p gc=100\n", 7},
		{"mod tidy", "go mod tidy proxy=p gc=100\n", 7},
		{"mod", "go mod proxy=p gc=100\n", 7},
		{"build -o x", "go build -o x proxy=off gc=off\n", 7},
		{"test -c", "go test -c proxy=off gc=off\n", 7},
		{"mod init cell", "go mod init cell proxy=p gc=100\n", 7}, // failed, so nothing is seeded
		{"get", "", 0},
		{"get -u", "", 0},
		{"get example.com/x@v1.2.3", "go get example.com/x@v1.2.3 proxy=p gc=100\n", 7},
		{"get -x example.com/x@none", "go get -x example.com/x@none proxy=p gc=100\n", 7},
	} {
		out, code := runShim(t, real, t.TempDir(), strings.Fields(c.args)...)
		if out != c.out || code != c.code {
			t.Errorf("go %s: %q and exit code %d; want %q and %d", c.args, out, code, c.out, c.code)
		}
	}
}

func TestGetWantsExactVersions(t *testing.T) {
	real := fakeGo(t, "")
	for _, m := range []string{"example.com/x", "example.com/x@latest", "example.com/x@master", "example.com/x@upgrade", "example.com/x@"} {
		out, code := runShim(t, real, t.TempDir(), "get", "example.com/ok@v1.0.0", m)
		if code != 1 || !strings.Contains(out, "name an exact version, such as example.com/x@v1.2.3") || strings.Contains(out, "proxy=") {
			t.Errorf("go get %s: %q and exit code %d", m, out, code)
		}
	}
}

func TestBuildSaysHowToAskForAModule(t *testing.T) {
	real := fakeGo(t, `echo "main.go:3:8: no required module provides package example.com/x; to add it:" >&2; exit 1`)
	out, code := runShim(t, real, t.TempDir(), "build")
	if code != 1 || !strings.Contains(out, "main.go:3:8") || !strings.Contains(out, "!*go get MODULE@vX.Y.Z") {
		t.Errorf("%q and exit code %d", out, code)
	}
	real = fakeGo(t, "echo 'main.go:4:1: syntax error' >&2; exit 1")
	if out, _ := runShim(t, real, t.TempDir(), "build"); strings.Contains(out, "gibbs:") {
		t.Errorf("a syntax error brought advice: %q", out)
	}
	if out, code := runShim(t, "/nonexistent/go", t.TempDir(), "build"); code != 1 || !strings.Contains(out, "gibbs: ") {
		t.Errorf("without the real go: %q and exit code %d", out, code)
	}
}

// smallRepository is a repository with one package, one module beside it and one
// requirement, in a folder whose name needs quotes.
func smallRepository(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "my \"own\" repository")
	for name, text := range map[string]string{
		"go.mod": "module gibbs\n\ngo 1.26.0\n\nrequire (\n\texample.com/beside v1.0.0\n\texample.com/far v1.2.3 // indirect\n)\n\n" +
			"replace example.com/beside => ./beside\n\nreplace example.com/far v1.2.3 => example.com/near v1.2.4\n",
		"go.sum":           "example.com/near v1.2.4/go.mod h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
		"lib/one/one.go":   "package one\n\nimport \"example.com/beside\"\n\nconst One = beside.One\n",
		"beside/go.mod":    "module example.com/beside\n\ngo 1.26.0\n",
		"beside/beside.go": "package beside\n\nconst One = 1\n",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestModInitSeedsTheCellModule(t *testing.T) {
	real, err := exec.LookPath("go")
	if err != nil {
		t.Skip(err)
	}
	root, cell := smallRepository(t), t.TempDir()
	t.Setenv("GIBBS_ROOT", root)
	t.Setenv("GOFLAGS", "-mod=mod")
	if out, code := runShim(t, real, cell, "mod", "init", "cell"); code != 0 {
		t.Fatalf("exit code %d: %s", code, out)
	}
	text, err := os.ReadFile(filepath.Join(cell, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("replace gibbs => %q\n", root); !strings.Contains(string(text), want) {
		t.Errorf("no line %sin\n%s", want, text)
	}
	module, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	required := map[string]string{}
	for _, r := range module.Require {
		required[r.Mod.Path] = r.Mod.Version
	}
	if module.Go.Version != "1.26.0" || len(required) != 3 || required["gibbs"] != "v0.0.0" ||
		required["example.com/beside"] != "v1.0.0" || required["example.com/far"] != "v1.2.3" {
		t.Errorf("go %s, requirements %v", module.Go.Version, required)
	}
	if sums, _ := os.ReadFile(filepath.Join(cell, "go.sum")); !strings.HasPrefix(string(sums), "example.com/near v1.2.4/go.mod ") {
		t.Errorf("go.sum: %q", sums)
	}

	source := "package main\n\nimport \"gibbs/lib/one\"\n\nfunc main() { println(one.One) }\n"
	if err := os.WriteFile(filepath.Join(cell, "main.go"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	// The far module cannot be loaded: a cell that does not use it must not need it.
	t.Setenv("GOFLAGS", "-mod=readonly")
	if out, code := runShim(t, real, cell, "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "."); code != 0 || !strings.Contains(out, "example.com/beside") {
		t.Errorf("the cell's packages do not resolve, exit code %d: %s", code, out)
	}
}

func TestModInitNeedsARepository(t *testing.T) {
	real := fakeGo(t, "printf 'module cell\\n' >go.mod")
	t.Setenv("GIBBS_ROOT", t.TempDir())
	if out, code := runShim(t, real, t.TempDir(), "mod", "init", "cell"); code != 1 || !strings.Contains(out, "go.mod") {
		t.Errorf("%q and exit code %d", out, code)
	}
}

// TestLeftOut: a backend is left out only where cells can never open it.
func TestLeftOut(t *testing.T) {
	plugin, known := pjrt.PluginFor("xla-cpu")
	with, without := t.TempDir(), t.TempDir()
	if known {
		put(t, plugin.Path(with), "a plugin")
	}
	for _, c := range []struct {
		backend, home, gomlx string
		cgo                  bool
		want                 string
	}{
		{"auto", with, "", true, "nogobackend"},
		{"auto", without, "", true, "noxla"},
		{"auto", with, "", false, "noxla"},
		{"go", with, "", true, "noxla"},
		{"xla-cpu", without, "", true, "nogobackend"},
		{"xla-cuda", without, "", true, "nogobackend"},
		{"auto", with, "go", true, ""},
	} {
		if !known && c.home == with {
			continue
		}
		t.Setenv("GIBBS_CUDA_PLUGIN", "")
		t.Setenv("GOMLX_BACKEND", c.gomlx)
		if got := leftOut(c.backend, c.home, c.cgo); got != c.want {
			t.Errorf("%+v: left out by %q", c, got)
		}
	}
}
