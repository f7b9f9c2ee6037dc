package lessons

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCopy follows a reader and a teacher through a term.
func TestCopy(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "mine")
	lesson := func(name, text string) { write(t, filepath.Join(from, name), text) }
	mine := func(name, text string) { write(t, filepath.Join(to, name), text) }
	lesson("1/a.ipynb", "a1")
	lesson("1/b.ipynb", "b1")
	lesson("1/.ipynb_checkpoints/a.ipynb", "no lesson")
	step := func(what string, want Result, files map[string]string) {
		t.Helper()
		got, err := Copy(from, to)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", what, diff)
		}
		if diff := cmp.Diff(files, contents(t, to)); diff != "" {
			t.Errorf("%s: the copies:\n%s", what, diff)
		}
	}
	step("the first time", Result{New: []string{"1/a.ipynb", "1/b.ipynb"}}, map[string]string{"1/a.ipynb": "a1", "1/b.ipynb": "b1"})
	step("again", Result{}, map[string]string{"1/a.ipynb": "a1", "1/b.ipynb": "b1"})

	mine("1/a.ipynb", "mine")
	mine("notes.txt", "mine too")
	step("after a change of the reader's", Result{}, map[string]string{"1/a.ipynb": "mine", "1/b.ipynb": "b1", "notes.txt": "mine too"})

	lesson("1/a.ipynb", "a2")
	lesson("1/b.ipynb", "b2")
	lesson("2/c.ipynb", "c1")
	all := map[string]string{"1/a.ipynb": "mine", "1/b.ipynb": "b2", "2/c.ipynb": "c1", "notes.txt": "mine too"}
	step("after changes of the teacher's", Result{New: []string{"2/c.ipynb"}, Updated: []string{"1/b.ipynb"}, Kept: []string{"1/a.ipynb"}}, all)

	if err := os.Remove(filepath.Join(to, "1/a.ipynb")); err != nil {
		t.Fatal(err)
	}
	all["1/a.ipynb"] = "a2"
	step("after a copy was removed", Result{New: []string{"1/a.ipynb"}}, all)

	mine(manifest, "{ no JSON")
	lesson("1/b.ipynb", "b3")
	step("when nobody knows what was handed out", Result{Kept: []string{"1/b.ipynb"}}, all)
}

// A link of the reader's, wherever it leads, is neither followed nor replaced.
func TestLinksStay(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	write(t, filepath.Join(from, "a.ipynb"), "a1")
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.Symlink(outside, filepath.Join(to, "a.ipynb")); err != nil {
		t.Fatal(err)
	}
	if r, err := Copy(from, to); err != nil || len(r.New) > 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := os.Stat(outside); err == nil {
		t.Error("something was written through the link")
	}
}

// contents reads what a reader sees in the folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, pattern := range []string{"[^.]*", "*/[^.]*"} {
		paths, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, path := range paths {
			if text, err := os.ReadFile(path); err == nil {
				name, _ := filepath.Rel(dir, path)
				files[name] = string(text)
			}
		}
	}
	return files
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
