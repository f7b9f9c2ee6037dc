package launch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"gibbs/kernels/gocache"
	"gibbs/lib/backend/pjrt"
	"gibbs/lib/env"
)

// linkFlags make a changed cell link in a third of the time: no symbol table,
// no DWARF, and Go's own linker although XLA's bindings use cgo.
const linkFlags = "'-ldflags=-s -w -linkmode=internal'"

// kernelEnv is GoNB's environment: the repository, the backend, our `go` first on
// the PATH, and a temporary folder of its own.
func kernelEnv(o Options, root, private string) ([]string, error) {
	home, err := env.Home()
	if err != nil {
		return nil, err
	}
	state, err := env.State()
	if err != nil {
		return nil, err
	}
	realGo, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("launch: no go on the PATH: install Go from https://go.dev/dl: %w", err)
	}
	if realGo, err = filepath.Abs(realGo); err != nil {
		return nil, err
	}
	shim := filepath.Join(private, "bin")
	if err := os.Mkdir(shim, 0o700); err != nil {
		return nil, fmt.Errorf("launch: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("launch: %w", err)
	}
	if err := os.Symlink(self, filepath.Join(shim, "go")); err != nil {
		return nil, fmt.Errorf("launch: %w", err)
	}
	backend := o.Backend
	if backend == "" {
		backend = "auto"
	}
	if backend == "auto" && env.Quick() {
		backend = "go" // at quick sizes XLA's compiler takes longer than pure Go takes for the whole work
	}
	about, err := exec.Command(realGo, "env", "CGO_ENABLED", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("launch: go env: %w", err)
	}
	cgo, goroot, _ := strings.Cut(string(about), "\n")
	flags := joinNonEmpty(" ", os.Getenv("GOFLAGS"), "-buildvcs=false", linkFlags, "-tags="+leftOut(backend, home, cgo == "1"))
	path := []string{shim, filepath.Join(home, "bin"), filepath.Join(home, "venv", "bin"), os.Getenv("PATH")}
	set := map[string]string{
		"GIBBS_ROOT":            root,
		"GIBBS_HOME":            home,
		"GIBBS_BACKEND":         backend,
		realGoVariable:          realGo,
		gorootVariable:          strings.TrimSpace(goroot),
		flagsVariable:           flags,
		"GOFLAGS":               flags,
		"GOMLX_NO_AUTO_INSTALL": "1",
		"GIBBS_EXECUTABLES":     filepath.Join(state, "xla"), // read by kernels/cellmod/executables.go.txt
		"PATH":                  joinNonEmpty(string(os.PathListSeparator), path...),
		"TMPDIR":                private,
	}
	shared := gocache.SharedIn(home)
	if _, err := os.Stat(shared.Build); err == nil {
		set["GOMODCACHE"] = shared.Modules
		set["GOCACHEPROG"] = gocache.Variable(self, "gocache", shared.Build, filepath.Join(state, "go-build"))
	}
	environ := os.Environ()
	for name, value := range set {
		environ = append(environ, name+"="+value) // the last one wins
	}
	return environ, nil
}

// leftOut is the build tag that leaves out the backend which cells will not open:
// they link in less time without it.
func leftOut(backend, home string, cgo bool) string {
	const noXLA, noGo = "noxla", "nogobackend"
	switch {
	case os.Getenv("GOMLX_BACKEND") != "":
		return "" // GoMLX's own variable may name any
	case backend == "go" || !cgo: // XLA's bindings need cgo
		return noXLA
	case backend != "auto" || os.Getenv("GIBBS_CUDA_PLUGIN") != "":
		return noGo
	}
	for _, p := range pjrt.Plugins {
		if known, ok := pjrt.PluginFor(p.Backend); ok {
			if _, err := os.Stat(known.Path(home)); err == nil {
				return noGo
			}
		}
	}
	return noXLA
}

func joinNonEmpty(separator string, parts ...string) string {
	joined := ""
	for _, part := range parts {
		if part != "" && joined != "" {
			joined += separator
		}
		joined += part
	}
	return joined
}
