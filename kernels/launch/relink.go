package launch

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"gibbs/kernels/cellmod"
	"gibbs/lib/env"
)

// A changed cell has the imports of the cell before it nearly always. Then all
// that `go build` would find out about its packages is known, and what is left is
// to compile one file and to link. relinker does just these two, with the files
// that the last full build left behind; whatever it cannot be sure of goes the
// full way.
type relinker struct {
	goroot string // of the real go
	main   string // absolute path of main.go
	binary string // what to make
	cache  string // folder of what a full build with these imports left behind
	built  string // file that holds the source of the binary
	source []byte // of main.go
}

// relinkDir lies beside main.go.
const relinkDir = ".relink"

// newRelinker looks at a build that GoNB asked for. It returns nil for anything
// but the plain build of one cell under the flags that the launcher set.
func newRelinker(args []string) *relinker {
	if len(args) != 3 || args[0] != "build" || args[1] != "-o" || os.Getenv("GOFLAGS") != os.Getenv(flagsVariable) {
		return nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return nil
	}
	r := &relinker{goroot: os.Getenv(gorootVariable), main: filepath.Join(dir, "main.go"), binary: args[2]}
	state, ok := r.state(dir)
	if !ok || r.goroot == "" {
		return nil
	}
	r.cache = filepath.Join(dir, relinkDir, state)
	r.built = filepath.Join(dir, relinkDir, "built")
	return r
}

// state is a digest of all that decides which packages a cell is made of: its
// imports, the cell module, and the repository's library, file by file.
func (r *relinker) state(dir string) (string, bool) {
	var err error
	r.source, err = os.ReadFile(r.main)
	if err != nil || bytes.Contains(r.source, []byte("//go:embed")) {
		return "", false
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*.go")); len(files) != 1 {
		return "", false
	}
	file, err := parser.ParseFile(token.NewFileSet(), r.main, r.source, parser.ImportsOnly)
	if err != nil {
		return "", false
	}
	var imports []string
	for _, spec := range file.Imports {
		imports = append(imports, spec.Path.Value)
	}
	slices.Sort(imports)
	if slices.Contains(imports, `"C"`) {
		return "", false
	}
	sum := sha256.New()
	fmt.Fprintln(sum, imports, r.goroot, os.Getenv("GOFLAGS"))
	root, err := env.Root()
	if err != nil {
		return "", false
	}
	home, err := env.Home()
	if err != nil {
		return "", false
	}
	module, err := cellmod.Parse(filepath.Join(dir, "go.mod"))
	if err != nil || !cellmod.Fixed(module, root, home) || exists(filepath.Join(dir, "go.work")) {
		return "", false // another folder may change without our seeing it
	}
	fmt.Fprintln(sum, string(modfile.Format(module.Syntax)))
	err = filepath.WalkDir(filepath.Join(root, "lib"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(sum, path, info.Size(), info.ModTime().UnixNano())
		return nil
	})
	return hex.EncodeToString(sum.Sum(nil))[:16], err == nil
}

// relink compiles and links with what the last full build left behind. It reports
// whether it made the binary; if not, a full build says why.
func (r *relinker) relink() bool {
	config := filepath.Join(r.cache, "importcfg.link")
	if !exists(config) {
		return false
	}
	if r.unchanged() {
		return true
	}
	object := filepath.Join(r.cache, "main.a")
	made := r.tool("compile", "-o", object, "-p", "main", "-complete", "-pack", "-c=2",
		"-importcfg", filepath.Join(r.cache, "importcfg"), r.main) &&
		r.tool("link", "-o", r.binary, "-importcfg", config, "-buildmode=exe", "-s", "-w", "-linkmode=internal", object)
	if made {
		r.remember()
	}
	return made
}

// unchanged reports whether the binary is there and was made of this source and
// these packages.
func (r *relinker) unchanged() bool {
	last, err := os.ReadFile(r.built)
	return err == nil && bytes.Equal(last, r.made()) && exists(r.binary)
}

// remember notes what the binary was made of.
func (r *relinker) remember() { _ = os.WriteFile(r.built, r.made(), 0o600) }

func (r *relinker) made() []byte { return append([]byte(r.cache+"\n"), r.source...) }

// tool runs one of the toolchain's programs, silently.
func (r *relinker) tool(name string, args ...string) bool {
	path, err := filepath.Glob(filepath.Join(r.goroot, "pkg", "tool", "*", name))
	if err != nil || len(path) != 1 {
		return false
	}
	cmd := exec.Command(path[0], args...)
	cmd.Env = append(os.Environ(), "GOROOT="+r.goroot, "GOGC=off")
	return cmd.Run() == nil
}

// keep moves what a full build left in its work folder to the cache. The work
// folder is named on the first line of the build's messages, which keep returns
// without it.
func (r *relinker) keep(messages []byte, built bool) []byte {
	first, rest, _ := bytes.Cut(messages, []byte("\n"))
	work, ok := strings.CutPrefix(string(first), "WORK=")
	if !ok {
		return messages
	}
	defer os.RemoveAll(work)
	if built && os.MkdirAll(r.cache, 0o700) == nil {
		r.remember()
		for _, name := range []string{"importcfg", "importcfg.link"} { // the second one marks the pair as whole
			text, err := os.ReadFile(filepath.Join(work, "b001", name))
			if err != nil {
				break
			}
			text = bytes.ReplaceAll(text, []byte(filepath.Join(work, "b001", "_pkg_.a")), []byte(filepath.Join(r.cache, "main.a")))
			if os.WriteFile(filepath.Join(r.cache, name), text, 0o600) != nil {
				break
			}
		}
	}
	return rest
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
