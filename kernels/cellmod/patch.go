package cellmod

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// A patch is a module that cells link with a few lines changed. Only cells are
// built with patched copies; the repository's tests and programs use the modules
// as they were published.
type patch struct {
	path, version string
	edits         []edit
}

// An edit replaces a text that occurs exactly once in a file; without an old text
// it adds the file.
type edit struct{ file, old, new string }

//go:embed executables.go.txt
var executables string

// patches lists what is patched. The linker keeps whatever a program could reach,
// and a few lines make every cell reach far more than it uses: the bytes were
// measured on a cell that runs a graph on XLA, linux/amd64, Go 1.26.
var patches = []patch{
	{"github.com/gomlx/go-xla", "v0.4.1", []edit{
		// The backend can call an installer that downloads plugins: HTTP, TLS,
		// certificates and archives, 4.5 of 17 MB and a quarter of the linker's
		// time. Gibbs never lets it install (see package backend).
		{"compute/xla/xla.go", "\t\"github.com/gomlx/go-xla/installer\"\n", ""},
		{"compute/xla/xla.go", `return installer.AutoInstall("", true, installer.Normal)`,
			`return errors.New("cells install no plugins: run ` + "`go run ./kernels setup`" + `")`},
		// Each cell is a new process, which would compile its graphs again: a
		// program that was compiled once is loaded, in milliseconds.
		{"pjrt/compile.go", "pjrtClientCompile(cc.plugin, ", "loadOrCompile(cc.plugin, "},
		{"pjrt/gibbs_executables.go", "", executables},
	}},
	// The printer of descriptors finds the methods of a service by the name
	// "Methods". Since Go 1.26 reflect.Type has a method of this name that can
	// call any method, so the linker keeps all exported methods of all types,
	// 1.7 of 12.5 MB. No cell prints the descriptor of a service.
	{"google.golang.org/protobuf", "v1.36.11", []edit{
		{"internal/descfmt/stringer.go", "\t\t\t\t{rv.MethodByName(\"Methods\"), \"Methods\"},\n", ""},
	}},
}

// patchesOf returns the patches of the very versions that a go.mod takes from where
// they are published. At any other version a module is used whole.
func patchesOf(repository *modfile.File) (list []patch) {
	for _, p := range patches {
		required := slices.ContainsFunc(repository.Require, func(r *modfile.Require) bool {
			return r.Mod.Path == p.path && r.Mod.Version == p.version
		})
		replaced := slices.ContainsFunc(repository.Replace, func(r *modfile.Replace) bool { return r.Old.Path == p.path })
		if required && !replaced {
			list = append(list, p)
		}
	}
	return list
}

// patchedDir holds the copies. A link is followed: Go builds a module again under
// each path that it is given for it.
func patchedDir(home string) string {
	dir := filepath.Join(home, "modules")
	if target, err := filepath.EvalSymlinks(dir); err == nil {
		return target
	}
	return dir
}

// dir is where the copy lies. Its name changes with the edits, so that a folder
// of this name never changes.
func (p patch) dir(home string) string {
	sum := sha256.Sum256(fmt.Append(nil, p))
	return filepath.Join(patchedDir(home), filepath.FromSlash(p.path)+fmt.Sprintf("@%s-%x", p.version, sum[:4]))
}

// made reports whether the copy is there; it is renamed to its place when whole.
func (p patch) made(home string) bool {
	_, err := os.Stat(p.dir(home))
	return err == nil
}

// Made reports whether home holds every patched copy that cells of the repository
// in root want.
func Made(root, home string) bool {
	repository, err := Parse(filepath.Join(root, "go.mod"))
	return err == nil && !slices.ContainsFunc(patchesOf(repository), func(p patch) bool { return !p.made(home) })
}

// Make makes the patched copies that home lacks. cache is Go's module cache, and
// must hold the modules; temp is a folder on the same disk as home.
func Make(root, home, cache, temp string) error {
	repository, err := Parse(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	for _, p := range patchesOf(repository) {
		if p.made(home) {
			continue
		}
		if err := p.make(cache, temp, p.dir(home)); err != nil {
			return fmt.Errorf("patching %s %s: %w", p.path, p.version, err)
		}
	}
	return nil
}

// make copies the module without its tests, edits the copy, and moves it to dir.
func (p patch) make(cache, temp, dir string) error {
	copied := filepath.Join(temp, filepath.Base(dir))
	// Neither path holds an upper-case letter, which a module cache would escape.
	if err := copyModule(copied, filepath.Join(cache, filepath.FromSlash(p.path)+"@"+p.version)); err != nil {
		return err
	}
	for _, e := range p.edits {
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
	if e.old == "" {
		return os.WriteFile(file, []byte(e.new), 0o644)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if n := bytes.Count(text, []byte(e.old)); n != 1 {
		return fmt.Errorf("%s holds %q %d times, want once", e.file, e.old, n)
	}
	return os.WriteFile(file, bytes.Replace(text, []byte(e.old), []byte(e.new), 1), 0o644)
}
