package launch

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"

	"gibbs/kernels/cellmod"
	"gibbs/kernels/file"
	"gibbs/lib/env"
)

// A cell mostly imports what some cell before it imported, in this notebook or
// another. Then all that `go build` would find out about its packages is known,
// and what is left is to compile one file and to link. relinker does just these
// two, with the list of packages that full builds left behind; whatever it cannot
// be sure of goes the full way.
type relinker struct {
	goroot string   // of the real go
	main   string   // absolute path of main.go
	binary string   // what to make
	state  string   // digest of all that decides where packages are, apart from the cell's imports
	list   string   // file of the packages that this user's full builds in this state made
	shared string   // the same in a home that this user shares, or ""
	built  string   // file that holds the state and the source of the binary
	source []byte   // of main.go
	wants  []string // what the cell imports
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
	r := &relinker{goroot: os.Getenv(gorootVariable), main: filepath.Join(dir, "main.go"), binary: args[2],
		built: filepath.Join(dir, relinkDir, "built")}
	if r.goroot == "" || !r.readCell(dir) || !r.readState(dir) {
		return nil
	}
	return r
}

// readCell reads the source and its imports, and reports whether it is a single
// plain file.
func (r *relinker) readCell(dir string) bool {
	var err error
	r.source, err = os.ReadFile(r.main)
	if err != nil || bytes.Contains(r.source, []byte("//go:embed")) {
		return false
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*.go")); len(files) != 1 {
		return false
	}
	cell, err := parser.ParseFile(token.NewFileSet(), r.main, r.source, parser.ImportsOnly)
	if err != nil {
		return false
	}
	for _, spec := range cell.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil || path == "C" || slices.Contains(strings.Split(path, "/"), "internal") {
			return false // cgo, or what go build may forbid
		}
		r.wants = append(r.wants, path)
	}
	return true
}

// readState makes the digest of the flags, the cell module, and the repository's
// library, file by file.
func (r *relinker) readState(dir string) bool {
	root, err := env.Root()
	if err != nil {
		return false
	}
	home, err := env.Home()
	if err != nil {
		return false
	}
	module, err := cellmod.Parse(filepath.Join(dir, "go.mod"))
	if err != nil || !cellmod.Fixed(module, root, home) || exists(filepath.Join(dir, "go.work")) {
		return false // another folder may change without our seeing it
	}
	state, err := env.State()
	if err != nil {
		return false
	}
	flags := sha256.Sum256([]byte(os.Getenv("GOFLAGS")))
	r.list = filepath.Join(state, "packages", hex.EncodeToString(flags[:8]))
	if home != state {
		r.shared = filepath.Join(home, "packages", filepath.Base(r.list))
	}
	sum := sha256.New()
	module.Syntax.Stmt = slices.DeleteFunc(module.Syntax.Stmt, func(e modfile.Expr) bool { return e == modfile.Expr(module.Module.Syntax) })
	fmt.Fprintln(sum, r.goroot, os.Getenv("GOFLAGS"), string(modfile.Format(module.Syntax)))
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
	r.state = hex.EncodeToString(sum.Sum(nil))
	return err == nil
}

// known returns the packages of a list: lines of an importcfg. It is empty if there
// is none for this state.
func (r *relinker) known(list string) []string {
	text, _ := os.ReadFile(list)
	first, rest, _ := strings.Cut(string(text), "\n")
	if first != "# "+r.state {
		return nil
	}
	return strings.Split(strings.TrimSpace(rest), "\n")
}

// relink compiles and links with the packages that are known. It reports whether
// it made the binary; if not, a full build says why.
func (r *relinker) relink() bool { return r.relinkWith(r.list) || r.relinkWith(r.shared) }

func (r *relinker) relinkWith(list string) bool {
	imported, ok := r.imported(list)
	if !ok {
		return false
	}
	if r.unchanged() {
		return true
	}
	dir := filepath.Dir(r.built)
	config, object := filepath.Join(dir, "importcfg"), filepath.Join(dir, "main.a")
	if os.MkdirAll(dir, 0o700) != nil || os.WriteFile(config, []byte(strings.Join(imported, "\n")), 0o600) != nil {
		return false
	}
	made := r.tool("compile", "-o", object, "-p", "main", "-complete", "-pack", "-c=2", "-importcfg", config, r.main) &&
		r.tool("link", "-o", r.binary, "-importcfg", list, "-buildmode=exe", "-s", "-w", "-linkmode=internal", object)
	if made {
		r.remember()
	}
	return made
}

// imported returns the lines of a list for what the cell imports, and whether all
// of it is there.
func (r *relinker) imported(list string) ([]string, bool) {
	lines := map[string]string{"unsafe": ""}
	for _, line := range r.known(list) {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "packagefile "), "=")
		lines[name] = line
	}
	var imported []string
	for _, path := range r.wants {
		line, ok := lines[path]
		if !ok {
			return nil, false
		}
		imported = append(imported, line)
	}
	return imported, len(lines) > 1
}

// unchanged reports whether the binary is there and was made of this source and
// these packages.
func (r *relinker) unchanged() bool {
	last, err := os.ReadFile(r.built)
	return err == nil && bytes.Equal(last, r.made()) && exists(r.binary)
}

// remember notes what the binary was made of.
func (r *relinker) remember() { _ = os.WriteFile(r.built, r.made(), 0o600) }

func (r *relinker) made() []byte { return append([]byte(r.state+"\n"), r.source...) }

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

// keep adds what a full build left in its work folder to the list. The work
// folder is named on the first line of the build's messages, which keep returns
// without it.
func (r *relinker) keep(messages []byte, built bool) []byte {
	first, rest, _ := bytes.Cut(messages, []byte("\n"))
	work, ok := strings.CutPrefix(string(first), "WORK=")
	if !ok {
		return messages
	}
	defer os.RemoveAll(work)
	config, err := os.ReadFile(filepath.Join(work, "b001", "importcfg.link"))
	if !built || err != nil || os.MkdirAll(filepath.Dir(r.built), 0o700) != nil {
		return rest
	}
	r.remember()
	lines := r.known(r.list)
	for line := range strings.Lines(string(config)) {
		if !strings.Contains(line, work) { // what was compiled just now is in the cache when it is built again
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	lines = unite(lines)
	_ = file.Replace(r.list, 0o644, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "# %s\n%s\n", r.state, strings.Join(lines, "\n"))
		return err
	})
	return rest
}

// unite makes one list of several: each package once, and of the modinfo lines,
// which tell a program the modules that it is made of, one with all of them.
func unite(lines []string) []string {
	slices.Sort(lines)
	var packages, head, modules, tail []string
	for _, line := range slices.Compact(lines) {
		quoted, found := strings.CutPrefix(line, "modinfo ")
		info, err := strconv.Unquote(quoted)
		if !found || err != nil {
			packages = append(packages, line)
			continue
		}
		info = strings.ReplaceAll(info, "\n=>", "\v=>") // a replacement belongs to the line before it
		head, tail = nil, nil
		for part := range strings.SplitSeq(info, "\n") {
			switch {
			case strings.HasPrefix(part, "dep\t"):
				modules = append(modules, part)
			case strings.HasPrefix(part, "build\t") || tail != nil:
				tail = append(tail, part)
			default:
				head = append(head, part)
			}
		}
	}
	if head == nil {
		return packages
	}
	slices.Sort(modules)
	info := strings.Join(slices.Concat(head, slices.Compact(modules), tail), "\n")
	return append(packages, "modinfo "+strconv.Quote(strings.ReplaceAll(info, "\v", "\n")))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
