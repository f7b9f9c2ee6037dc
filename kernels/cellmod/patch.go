package cellmod

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// The linker keeps whatever a program could reach, and a few lines make every
// cell reach far more than it uses. A trim is a module with such lines changed.
// Only cells are built with trimmed copies; the repository's tests and programs
// use the modules as they were published.
type trim struct {
	path, version string
	edits         []edit
}

// An edit replaces a text that occurs exactly once in a file.
type edit struct{ file, old, new string }

// trims lists what is trimmed. Linked bytes and processor time were measured on a
// cell that runs a graph on XLA, linux/amd64, Go 1.26.
var trims = []trim{
	// The backend can call an installer that downloads plugins: HTTP, TLS,
	// certificates and archives, 4.5 of 17 MB and a quarter of the linker's time.
	// Gibbs never lets it install (see package backend).
	{"github.com/gomlx/go-xla", "v0.4.1", []edit{
		{"compute/xla/xla.go", "\t\"github.com/gomlx/go-xla/installer\"\n", ""},
		{"compute/xla/xla.go", `return installer.AutoInstall("", true, installer.Normal)`,
			`return errors.New("cells install no plugins: run ` + "`go run ./kernels setup`" + `")`},
	}},
	// The printer of descriptors finds the methods of a service by the name
	// "Methods". Since Go 1.26 reflect.Type has a method of this name that can
	// call any method, so the linker keeps all exported methods of all types,
	// 1.7 of 12.5 MB. No cell prints the descriptor of a service.
	{"google.golang.org/protobuf", "v1.36.11", []edit{
		{"internal/descfmt/stringer.go", "\t\t\t\t{rv.MethodByName(\"Methods\"), \"Methods\"},\n", ""},
	}},
}

// trimsOf returns the trims of the very versions that a go.mod takes from where
// they are published. At any other version a module is used whole.
func trimsOf(repository *modfile.File) (list []trim) {
	for _, t := range trims {
		required := slices.ContainsFunc(repository.Require, func(r *modfile.Require) bool {
			return r.Mod.Path == t.path && r.Mod.Version == t.version
		})
		replaced := slices.ContainsFunc(repository.Replace, func(r *modfile.Replace) bool { return r.Old.Path == t.path })
		if required && !replaced {
			list = append(list, t)
		}
	}
	return list
}

// trimmedDir holds the copies.
func trimmedDir(home string) string { return filepath.Join(home, "modules") }

// dir is where the copy lies. Its name changes with the edits, so that a folder
// of this name never changes.
func (t trim) dir(home string) string {
	sum := sha256.Sum256(fmt.Append(nil, t))
	return filepath.Join(trimmedDir(home), filepath.FromSlash(t.path)+fmt.Sprintf("@%s-%x", t.version, sum[:4]))
}

// made reports whether the copy is there; it is renamed to its place when whole.
func (t trim) made(home string) bool {
	_, err := os.Stat(t.dir(home))
	return err == nil
}

// Made reports whether home holds every trimmed copy that cells of the repository
// in root want.
func Made(root, home string) bool {
	repository, err := Parse(filepath.Join(root, "go.mod"))
	return err == nil && !slices.ContainsFunc(trimsOf(repository), func(t trim) bool { return !t.made(home) })
}

// Make makes the trimmed copies that home lacks. cache is Go's module cache, and
// must hold the modules; temp is a folder on the same disk as home.
func Make(root, home, cache, temp string) error {
	repository, err := Parse(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	for _, t := range trimsOf(repository) {
		if t.made(home) {
			continue
		}
		if err := t.make(cache, temp, t.dir(home)); err != nil {
			return fmt.Errorf("trimming %s %s: %w", t.path, t.version, err)
		}
	}
	return nil
}

// make copies the module without its tests, edits the copy, and moves it to dir.
func (t trim) make(cache, temp, dir string) error {
	copied := filepath.Join(temp, filepath.Base(dir))
	// Neither path holds an upper-case letter, which a module cache would escape.
	if err := copyModule(copied, filepath.Join(cache, filepath.FromSlash(t.path)+"@"+t.version)); err != nil {
		return err
	}
	for _, e := range t.edits {
		if err := e.apply(copied); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	return os.Rename(copied, dir)
}

// copyModule copies a module but its tests. A module cache is read-only; the
// copy is not, so that it can be removed.
func copyModule(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || strings.HasSuffix(path, "_test.go") {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o644)
	})
}

// apply edits the copy in dir.
func (e edit) apply(dir string) error {
	file := filepath.Join(dir, filepath.FromSlash(e.file))
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if n := bytes.Count(text, []byte(e.old)); n != 1 {
		return fmt.Errorf("%s holds %q %d times, want once", e.file, e.old, n)
	}
	return os.WriteFile(file, bytes.Replace(text, []byte(e.old), []byte(e.new), 1), 0o644)
}
