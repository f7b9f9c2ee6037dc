package cellmod

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// TestPatchesFitTheRepository makes the copies and asks Go what a cell on XLA would
// link. It fails when a pin moves and the patch does not, when an edit no longer
// applies, and when another import brings the network in again.
func TestPatchesFitTheRepository(t *testing.T) {
	root, home, cell := filepath.Join("..", ".."), t.TempDir(), t.TempDir()
	root, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	repository, err := Parse(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if got := patchesOf(repository); len(got) != len(patches) {
		t.Errorf("go.mod wants %d of %d patches: the table's versions are not the pinned ones", len(got), len(patches))
	}
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Skip("no go on the PATH: ", err)
	}
	if Made(root, home) {
		t.Error("an empty folder holds the copies")
	}
	if err := Make(root, home, strings.TrimSpace(string(cache)), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if !Made(root, home) {
		t.Error("the copies were made, but are not there")
	}
	put(t, filepath.Join(cell, "go.mod"), "module cell\n")
	put(t, filepath.Join(cell, "main.go"), "package main\n\nimport _ \"gibbs/lib/backend\"\n\nfunc main() {}\n")
	if err := Seed(cell, root, home); err != nil {
		t.Fatal(err)
	}
	module, err := Parse(filepath.Join(cell, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if !Fixed(module, root, home) {
		t.Errorf("folders other than the repository and the copies in\n%s", modfile.Format(module.Syntax))
	}
	list := exec.Command("go", "list", "-deps", "-tags=nogobackend", "-f", "{{.ImportPath}} {{.Dir}}", ".")
	list.Dir = cell
	list.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off", "CGO_ENABLED=1")
	out, err := list.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, absent := range []string{"net/http ", "crypto/tls ", "github.com/gomlx/go-xla/installer ", "github.com/gomlx/compute/gobackend "} {
		if strings.Contains(string(out), "\n"+absent) {
			t.Errorf("a cell on XLA links %s", absent)
		}
	}
	for _, present := range []string{"github.com/gomlx/go-xla/compute/xla ", "google.golang.org/protobuf/internal/descfmt "} {
		if !strings.Contains(string(out), "\n"+present+home) {
			t.Errorf("%s is not taken from its patched copy", present)
		}
	}
}

// TestOtherVersionsAreUsedWhole: a patch is for one version from where it is published.
func TestOtherVersionsAreUsedWhole(t *testing.T) {
	old := patches
	t.Cleanup(func() { patches = old })
	patches = []patch{{path: "example.com/a", version: "v1.0.0"}}
	for text, want := range map[string]int{
		"module gibbs\n\nrequire example.com/a v1.0.0\n": 1,
		"module gibbs\n\nrequire example.com/a v1.0.1\n": 0,
		"module gibbs\n": 0,
		"module gibbs\n\nrequire example.com/a v1.0.0\n\nreplace example.com/a => ./mine\n": 0,
	} {
		module, err := modfile.Parse("go.mod", []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := patchesOf(module); len(got) != want {
			t.Errorf("%d patches for\n%s", len(got), text)
		}
	}
}

// TestMake holds a copy to its module: the edit once, no tests, and nothing at
// all in its place where an edit does not fit.
func TestMake(t *testing.T) {
	old := patches
	t.Cleanup(func() { patches = old })
	root, cache := t.TempDir(), t.TempDir()
	put(t, filepath.Join(root, "go.mod"), "module gibbs\n\nrequire example.com/a v1.0.0\n")
	source := filepath.Join(cache, "example.com", "a@v1.0.0")
	put(t, filepath.Join(source, "a.go"), "one two two")
	put(t, filepath.Join(source, "b", "b.go"), "as it was")
	put(t, filepath.Join(source, "a_test.go"), "a test")
	for _, c := range []struct{ old, want string }{
		{"one", "1 two two"},
		{"two", ""}, // twice
		{"six", ""}, // not at all
	} {
		patches = []patch{{"example.com/a", "v1.0.0", []edit{{"a.go", c.old, "1"}}}}
		home := t.TempDir()
		err := Make(root, home, cache, t.TempDir())
		if (err == nil) != (c.want != "") || Made(root, home) != (c.want != "") {
			t.Errorf("cutting %q: error %v, made: %v", c.old, err, Made(root, home))
		}
		if err != nil {
			continue
		}
		dir := patches[0].dir(home)
		for name, want := range map[string]string{"a.go": c.want, "b/b.go": "as it was", "a_test.go": ""} {
			if text, _ := os.ReadFile(filepath.Join(dir, name)); string(text) != want {
				t.Errorf("%s holds %q, want %q", name, text, want)
			}
		}
	}
}

// TestADirectoryNameStandsForItsEdits: another edit, another folder.
func TestADirectoryNameStandsForItsEdits(t *testing.T) {
	dirs := []string{
		patch{"a", "v1", []edit{{"f", "x", "y"}}}.dir(""),
		patch{"a", "v1", []edit{{"f", "x", "z"}}}.dir(""),
		patch{"a", "v2", []edit{{"f", "x", "y"}}}.dir(""),
	}
	if slices.Sort(dirs); len(slices.Compact(dirs)) != 3 {
		t.Errorf("folders are shared: %v", dirs)
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
