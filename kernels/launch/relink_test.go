package launch

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// cellModule makes a repository with one library package and a cell module beside
// it, and sets the variables that the launcher sets.
func cellModule(t *testing.T) (root, cell string) {
	t.Helper()
	real, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go on the PATH: nothing to build with")
	}
	goroot, err := exec.Command(real, "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	root, cell = t.TempDir(), t.TempDir()
	put(t, filepath.Join(root, "go.mod"), "module gibbs\n\ngo 1.26.0\n")
	put(t, filepath.Join(root, "go.sum"), "")
	put(t, filepath.Join(root, "lib", "word", "word.go"), "package word\n\nfunc Word() string { return \"one\" }\n")
	put(t, filepath.Join(cell, "go.mod"), "module cell\n")
	flags := "-buildvcs=false " + linkFlags
	for name, value := range map[string]string{
		"GIBBS_ROOT": root, realGoVariable: real, gorootVariable: strings.TrimSpace(string(goroot)),
		"GOFLAGS": flags, flagsVariable: flags, "GOWORK": "off",
	} {
		t.Setenv(name, value)
	}
	t.Chdir(cell)
	if err := seedModule("."); err != nil {
		t.Fatal(err)
	}
	return root, cell
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

// runCell builds a cell through the shim and returns what it prints, and whether
// the build took the short way.
func runCell(t *testing.T, body string) (printed string, short bool) {
	t.Helper()
	put(t, "main.go", "package main\n\nimport (\n\t\"fmt\"\n\t\"gibbs/lib/word\"\n)\n\nfunc main() { fmt.Print(word.Word(), "+body+") }\n")
	args := []string{"build", "-o", filepath.Join(".", "cell")}
	if r := newRelinker(args); r != nil {
		short = exists(filepath.Join(r.cache, "importcfg.link"))
	}
	if code, err := shim(os.Getenv(realGoVariable), args); code != 0 || err != nil {
		t.Fatalf("the build ended with %d, %v", code, err)
	}
	out, err := exec.Command("./cell").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out), short
}

// TestRelink goes through what can change between two cells. It catches a binary
// that is made of an old library, of an old cell, or of another kind of build.
func TestRelink(t *testing.T) {
	root, _ := cellModule(t)
	steps := []struct {
		name   string
		change func()
		body   string
		want   string
		short  bool
	}{
		{"the first cell", func() {}, `1`, "one 1", false},
		{"a changed cell", func() {}, `2`, "one 2", true},
		{"the same cell again", func() {}, `2`, "one 2", true},
		{"a changed library", func() {
			put(t, filepath.Join(root, "lib", "word", "word.go"), "package word\n\nfunc Word() string { return \"other\" }\n")
		}, `2`, "other 2", false},
		{"and the next cell", func() {}, `3`, "other 3", true},
		{"after another kind of build", func() {
			put(t, "main.go", "package main\n\nfunc main() {}\n")
			if code, err := shim(os.Getenv(realGoVariable), []string{"build", "-v", "-o", "cell"}); code != 0 || err != nil {
				t.Fatalf("the build ended with %d, %v", code, err)
			}
		}, `3`, "other 3", true},
		{"a lost binary", func() { os.Remove("cell") }, `3`, "other 3", true},
		{"a damaged cache", func() {
			configs, _ := filepath.Glob(filepath.Join(relinkDir, "*", "importcfg.link"))
			for _, config := range configs {
				put(t, config, "packagefile fmt=/nowhere\n")
			}
		}, `4`, "other 4", true},
	}
	for _, step := range steps {
		step.change()
		printed, short := runCell(t, step.body)
		if want := strings.Replace(step.want, " ", "", 1); printed != want && printed != step.want {
			t.Errorf("%s: printed %q, want %q", step.name, printed, step.want)
		}
		if short != step.short {
			t.Errorf("%s: the short way: %v, want %v", step.name, short, step.short)
		}
	}
}

// TestTheFullWay lists builds of which the relinker must keep its hands.
func TestTheFullWay(t *testing.T) {
	cellModule(t)
	plain := []string{"build", "-o", "cell"}
	source := "package main\n\nfunc main() {}\n"
	put(t, "main.go", source)
	if newRelinker(plain) == nil {
		t.Fatal("a plain cell is not relinked at all")
	}
	for name, change := range map[string]func(t *testing.T) []string{
		"flags":         func(t *testing.T) []string { return []string{"build", "-o", "cell", "-race"} },
		"a test":        func(t *testing.T) []string { return []string{"test", "-c", "-o", "cell"} },
		"other GOFLAGS": func(t *testing.T) []string { t.Setenv("GOFLAGS", "-tags=mine"); return plain },
		"cgo": func(t *testing.T) []string {
			put(t, "main.go", "package main\n\nimport \"C\"\n\nfunc main() {}\n")
			return plain
		},
		"embedding": func(t *testing.T) []string {
			put(t, "main.go", "package main\n\nimport _ \"embed\"\n\n//go:embed go.mod\nvar m string\n\nfunc main() {}\n")
			return plain
		},
		"a second file": func(t *testing.T) []string { put(t, "other.go", "package main\n"); return plain },
		"a workspace":   func(t *testing.T) []string { put(t, "go.work", "go 1.26\n"); return plain },
		"another local module": func(t *testing.T) []string {
			put(t, "go.mod", "module cell\nreplace a => /a\nreplace b => /b\n")
			return plain
		},
	} {
		t.Run(name, func(t *testing.T) {
			module, err := os.ReadFile("go.mod")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				put(t, "main.go", source)
				put(t, "go.mod", string(module))
				os.Remove("other.go")
				os.Remove("go.work")
			})
			if newRelinker(change(t)) != nil {
				t.Error("it would be relinked")
			}
		})
	}
}
