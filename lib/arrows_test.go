package lib_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shelves reads the map in doc.go: the packages of each shelf, in its order.
func shelves(t *testing.T) (foundations, lectures []string) {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	shelf := ""
	for line := range strings.Lines(string(text)) {
		if heading, ok := strings.CutPrefix(line, "// # "); ok {
			shelf = strings.TrimSpace(heading)
		}
		entry, ok := strings.CutPrefix(line, "//\t")
		if !ok || entry[0] == ' ' {
			continue
		}
		name, _, _ := strings.Cut(entry, " ")
		switch shelf {
		case "Foundations":
			foundations = append(foundations, name)
		case "Lectures":
			lectures = append(lectures, name)
		}
	}
	return foundations, lectures
}

// imports returns what the packages of lib import outside of their tests: for
// each package its own ones by name, and all others by path.
func imports(t *testing.T) map[string]map[string]bool {
	t.Helper()
	found := map[string]map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		name, _, nested := strings.Cut(filepath.ToSlash(path), "/")
		if !nested {
			return nil // doc.go
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		if found[name] == nil {
			found[name] = map[string]bool{}
		}
		for _, spec := range file.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			if own, ok := strings.CutPrefix(path, "gibbs/lib/"); ok {
				path, _, _ = strings.Cut(own, "/")
			}
			found[name][path] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestTheMapIsComplete holds doc.go to the folders that are there.
func TestTheMapIsComplete(t *testing.T) {
	foundations, lectures := shelves(t)
	listed := slices.Sorted(slices.Values(append(foundations, lectures...)))
	there := slices.Sorted(maps.Keys(imports(t)))
	if d := cmp.Diff(there, listed); d != "" {
		t.Errorf("packages (-in lib +in doc.go):\n%s", d)
	}
}

// TestArrows checks the direction of imports: foundations know no lecture, a
// lecture knows earlier lectures only, show and claim are for notebooks, and only
// show draws or talks to the notebook.
func TestArrows(t *testing.T) {
	foundations, lectures := shelves(t)
	for name, imported := range imports(t) {
		place := slices.Index(lectures, name)
		for path := range imported {
			lecture := slices.Index(lectures, path)
			switch {
			case lecture >= 0 && place < 0:
				t.Errorf("the foundation %s imports the lecture %s", name, path)
			case lecture >= 0 && lecture >= place && path != name:
				t.Errorf("the lecture %s imports the later lecture %s", name, path)
			case (path == "show" || path == "claim") && name != path && !(name == "claim" && path == "show"):
				t.Errorf("%s imports %s, which is for notebooks and examples", name, path)
			case (strings.HasPrefix(path, "gonum.org/v1/plot") || strings.HasPrefix(path, "github.com/janpfeifer/gonb")) && name != "show":
				t.Errorf("%s imports %s: only show draws or talks to the notebook", name, path)
			}
		}
	}
	if len(foundations) == 0 || len(lectures) == 0 {
		t.Error("doc.go lists no packages")
	}
}
