package launch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

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
	flags := "-buildvcs=false " + linkFlags
	if pureGo(backend, home) {
		flags += " -tags=noxla"
	}
	flags = joinNonEmpty(" ", os.Getenv("GOFLAGS"), flags)
	goroot, err := exec.Command(realGo, "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("launch: go env: %w", err)
	}
	path := []string{shim, filepath.Join(home, "bin"), filepath.Join(home, "venv", "bin"), os.Getenv("PATH")}
	set := map[string]string{
		"GIBBS_ROOT":            root,
		"GIBBS_HOME":            home,
		"GIBBS_BACKEND":         backend,
		realGoVariable:          realGo,
		gorootVariable:          strings.TrimSpace(string(goroot)),
		flagsVariable:           flags,
		"GOFLAGS":               flags,
		"GOMLX_NO_AUTO_INSTALL": "1",
		"PATH":                  joinNonEmpty(string(os.PathListSeparator), path...),
		"TMPDIR":                private,
	}
	environ := os.Environ()
	for name, value := range set {
		environ = append(environ, name+"="+value) // the last one wins
	}
	return environ, nil
}

// pureGo reports whether cells can leave XLA out, which links in less time.
func pureGo(backend, home string) bool {
	if os.Getenv("GOMLX_BACKEND") != "" || os.Getenv("GIBBS_CUDA_PLUGIN") != "" {
		return false
	}
	if backend != "auto" {
		return backend == "go"
	}
	for _, p := range pjrt.Plugins {
		if known, ok := pjrt.PluginFor(p.Backend); ok {
			if _, err := os.Stat(known.Path(home)); err == nil {
				return false
			}
		}
	}
	return true
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
