package launch

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// runCell builds a cell through the shim and returns what it prints, and whether
// the build took the short way.
func runCell(t *testing.T, body string) (printed string, short bool) {
	t.Helper()
	imports := "\t\"fmt\"\n\t\"gibbs/lib/word\"\n"
	if name, _, qualified := strings.Cut(body, "."); qualified {
		imports += "\t\"" + name + "\"\n"
	}
	put(t, "main.go", "package main\n\nimport (\n"+imports+")\n\nfunc main() { fmt.Print(word.Word(), "+body+") }\n")
	args := []string{"build", "-o", filepath.Join(".", "cell")}
	if r := newRelinker(args); r != nil {
		short = r.relink()
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
		{"a changed cell, the library in the cache", func() {}, `1+1`, "one 2", false},
		{"a changed cell", func() {}, `2`, "one 2", true},
		{"the same cell again", func() {}, `2`, "one 2", true},
		{"a new import", func() {}, `html.EscapeString("3")`, "one3", false},
		{"a known one", func() {}, `strconv.Itoa(4)`, "one4", true},
		{"both ways again", func() {}, `html.EscapeString("5")`, "one5", true},
		{"another notebook", func() {
			os.RemoveAll(relinkDir)
			put(t, "go.mod", strings.Replace(read(t, "go.mod"), "module cell", "module other", 1))
		}, `6`, "one 6", true},
		{"a changed library", func() {
			put(t, filepath.Join(root, "lib", "word", "word.go"), "package word\n\nfunc Word() string { return \"other\" }\n")
		}, `2`, "other 2", false},
		{"with the library in the cache", func() {}, `1+1`, "other 2", false},
		{"and the next cell", func() {}, `3`, "other 3", true},
		{"after another kind of build", func() {
			put(t, "main.go", "package main\n\nfunc main() {}\n")
			if code, err := shim(os.Getenv(realGoVariable), []string{"build", "-v", "-o", "cell"}); code != 0 || err != nil {
				t.Fatalf("the build ended with %d, %v", code, err)
			}
		}, `3`, "other 3", true},
		{"a lost binary", func() { os.Remove("cell") }, `3`, "other 3", true},
		{"a damaged cache", func() {
			lists, _ := filepath.Glob(filepath.Join(root, ".gibbs", "packages", "*"))
			if len(lists) != 1 {
				t.Fatalf("%d lists of packages, want 1", len(lists))
			}
			put(t, lists[0], regexp.MustCompile("=.*").ReplaceAllString(read(t, lists[0]), "=/nowhere"))
		}, `4`, "other 4", false},
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
		"an internal package": func(t *testing.T) []string {
			put(t, "main.go", "package main\n\nimport _ \"internal/abi\"\n\nfunc main() {}\n")
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
			module := read(t, "go.mod")
			t.Cleanup(func() {
				put(t, "main.go", source)
				put(t, "go.mod", module)
				os.Remove("other.go")
				os.Remove("go.work")
			})
			if newRelinker(change(t)) != nil {
				t.Error("it would be relinked")
			}
		})
	}
}

// TestUnite catches a program that is told of too few modules: fit asks it for
// GoMLX's version, and a run with another answer would be trained anew.
func TestUnite(t *testing.T) {
	info := func(deps string) string {
		return "modinfo " + strconv.Quote("\xafpath\tcell\nmod\tcell\t\n"+deps+"build\t-compiler=gc\n\xf9")
	}
	a, b := "dep\ta\tv1\th1:x=\n", "dep\tb\tv2\n=>\tc\tv3\th1:y=\n"
	got := unite([]string{"packagefile b=2", info(b), "packagefile a=1", info(""), "packagefile b=2", info(a)})
	want := []string{"packagefile a=1", "packagefile b=2", info(a + b)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// TestASharedListIsRead lets a second user of a home build with what the first one
// left there, and keep what is new elsewhere.
func TestASharedListIsRead(t *testing.T) {
	cellModule(t)
	home, state := t.TempDir(), t.TempDir()
	t.Setenv("GIBBS_HOME", home)
	t.Setenv("GIBBS_STATE", "")
	for _, body := range []string{`strings.ToUpper("a")`, `strings.ToLower("A")`} { // the second build finds the library compiled
		if _, short := runCell(t, body); short {
			t.Fatal("the first builds took the short way")
		}
	}
	t.Setenv("GIBBS_STATE", state)
	before := contents(t, home)
	if printed, short := runCell(t, `strings.ToUpper("b")`); !short || printed != "oneB" {
		t.Errorf("the second user's cell printed %q, the short way: %v", printed, short)
	}
	if _, short := runCell(t, `html.EscapeString("c")`); short {
		t.Error("a new import took the short way")
	}
	if printed, short := runCell(t, `html.EscapeString("d")`); !short || printed != "oned" {
		t.Errorf("the same import again printed %q, the short way: %v", printed, short)
	}
	if diff := cmp.Diff(before, contents(t, home)); diff != "" {
		t.Errorf("the shared home changed:\n%s", diff)
	}
}

// contents reads the lists of packages in a home.
func contents(t *testing.T, home string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(home, "packages", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no list of packages in %s: %v", home, err)
	}
	texts := map[string]string{}
	for _, f := range files {
		texts[f] = read(t, f)
	}
	return texts
}
