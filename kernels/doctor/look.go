package doctor

import (
	"context"
	"debug/buildinfo"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"gibbs/kernels/child"
	"gibbs/kernels/setup"
	"gibbs/lib/backend/pjrt"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// toolchain looks for the go command and compares it with go.mod.
func (e *examination) toolchain(ctx context.Context) []Row {
	row := Row{Name: "Go"}
	out, err := e.goCommand(ctx, "env", "GOVERSION")
	have := strings.TrimSpace(out)
	if err != nil {
		row.State, row.Value, row.Do = Broken, "the go command does not run: "+err.Error(), "install the Go release that go.mod names and put it on PATH"
		return []Row{row}
	}
	row.Value = have
	text, err := os.ReadFile(filepath.Join(e.Root, "go.mod"))
	if err != nil {
		row.State, row.Value, row.Do = Broken, err.Error(), "run this inside the repository, or set GIBBS_ROOT"
		return []Row{row}
	}
	module, err := modfile.ParseLax("go.mod", text, nil)
	if err != nil || module.Go == nil {
		row.State, row.Value, row.Do = Broken, "go.mod cannot be read", "restore go.mod"
		return []Row{row}
	}
	if want := module.Go.Version; semver.Compare("v"+strings.TrimPrefix(have, "go"), "v"+want) < 0 {
		row.State, row.Do = Broken, "install Go "+want+" or later"
	}
	return []Row{row}
}

// compiler looks for what go-xla needs: cgo.
func (e *examination) compiler(ctx context.Context) []Row {
	out, err := e.goCommand(ctx, "env", "CGO_ENABLED", "CC")
	enabled, cc, _ := strings.Cut(strings.TrimSpace(out), "\n")
	switch {
	case err != nil:
		return nil // said already
	case enabled != "1":
		return []Row{{"C compiler", Note, "cgo is off, or no C compiler is on PATH: XLA cannot be linked, cells run on pure Go",
			"install gcc or clang, and leave CGO_ENABLED unset"}}
	}
	return []Row{{Name: "C compiler", Value: cc}}
}

// setUp asks set-up what is missing.
func (e *examination) setUp(context.Context) []Row {
	row := Row{Name: "set-up", Value: fmt.Sprintf("complete: %s, %.0f MB", e.Home, float64(setup.Size(e.Layout))/1e6)}
	missing, err := setup.Missing(e.Layout, setup.Options{})
	if err != nil {
		return []Row{{"set-up", Broken, err.Error(), doSetup}}
	}
	if len(missing) > 0 {
		row.State, row.Value, row.Do = Broken, "missing or out of date:\n"+strings.Join(missing, "\n"), doSetup
	}
	return []Row{row}
}

//go:embed facts.py
var factsScript string

// facts is what facts.py prints.
type facts struct {
	Python    string
	Packages  map[string]string
	Kernels   map[string]string // name → folder
	Memory    float64           // bytes
	Available float64           // bytes
}

func (e *examination) python(ctx context.Context) []Row {
	out, err := child.Command{Name: e.Python(), Args: []string{"-c", factsScript}}.Output(ctx)
	if err == nil {
		err = json.Unmarshal([]byte(out), &e.facts)
	}
	if err != nil {
		return []Row{{"Python", Broken, "the environment does not run: " + err.Error(), doSetup}}
	}
	p := e.facts.Packages
	return []Row{
		{Name: "Python", Value: e.facts.Python + ", " + e.Python()},
		{Name: "Jupyter", Value: fmt.Sprintf("JupyterLab %s, nbconvert %s, nbclient %s", p["jupyterlab"], p["nbconvert"], p["nbclient"])},
	}
}

// tools reads from the programs themselves what they were built from.
func (e *examination) tools(context.Context) []Row {
	var rows []Row
	for _, name := range []string{"gonb", "goimports", "gopls"} {
		info, err := buildinfo.ReadFile(e.Bin(name))
		if err != nil {
			rows = append(rows, Row{name, Broken, err.Error(), doSetup})
			continue
		}
		rows = append(rows, Row{Name: name, Value: info.Main.Version + ", built with " + info.GoVersion})
	}
	return rows
}

// plugin hashes the PJRT plugins that are installed, every byte of them.
func (e *examination) plugin(context.Context) []Row {
	var rows []Row
	for _, backend := range []string{"xla-cpu", "xla-cuda"} {
		p, known := pjrt.PluginFor(backend)
		if unverified := e.Unverified(backend); unverified != "" {
			rows = append(rows, Row{"plugin", Note, unverified + ": not verified, brought by go-xla's installer because you asked for it", ""})
		}
		if !known {
			continue
		}
		sum, err := pjrt.FileSHA256(p.Path(e.Home))
		switch {
		case errors.Is(err, fs.ErrNotExist) && backend == "xla-cuda": // most machines have no GPU for it
		case errors.Is(err, fs.ErrNotExist):
			rows = append(rows, Row{"plugin", Note, fmt.Sprintf("%s %s for %s is not installed", p.Package, p.Version, backend), doSetup + " --backend " + backend})
		case err != nil:
			rows = append(rows, Row{"plugin", Broken, err.Error(), doSetup})
		case sum != p.SHA256:
			rows = append(rows, Row{"plugin", Broken, fmt.Sprintf("%s has SHA-256\n%s, want\n%s: it is damaged or was replaced", p.Path(e.Home), sum, p.SHA256),
				"remove it, and " + doSetup})
		default:
			rows = append(rows, Row{Name: "plugin", Value: fmt.Sprintf("%s %s for %s, SHA-256 as pinned: %s…", p.Package, p.Version, backend, sum[:16])})
		}
	}
	if rows == nil {
		rows = []Row{{"plugin", Note, "Gibbs knows no PJRT plugin for " + runtime.GOOS + "/" + runtime.GOARCH + ": cells run on pure Go", ""}}
	}
	return rows
}

// backend builds and runs the probe: a plugin that crashes takes only it along.
func (e *examination) backend(ctx context.Context) []Row {
	dir, err := os.MkdirTemp("", "gibbs-doctor-")
	if err != nil {
		return []Row{{"backend", Broken, err.Error(), "make room for temporary files"}}
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "probe")
	if _, err := e.goCommand(ctx, "build", "-o", program, "./kernels/doctor/probe"); err != nil {
		return []Row{{"backend", Broken, "its probe does not compile:\n" + err.Error(), "with no network, run " + doSetup + " once with one; else mend the code"}}
	}
	env := append(os.Environ(), "GIBBS_ROOT="+e.Root, "GIBBS_HOME="+e.Home)
	out, err := child.Command{Env: env, Name: program}.Output(ctx)
	if signal, crashed := child.Signalled(err); crashed {
		return []Row{{"backend", Broken, fmt.Sprintf("it crashed (%v) when it was opened or ran:\n%v", signal, err), "GIBBS_BACKEND=go runs on pure Go meanwhile; " + doSetup + " brings the plugin anew"}}
	}
	var r struct {
		Backend, Why string
		Sum, Seconds float64
	}
	if err == nil {
		err = json.Unmarshal([]byte(out), &r)
	}
	if err != nil {
		return []Row{{"backend", Broken, err.Error(), "GIBBS_BACKEND=go runs on pure Go meanwhile"}}
	}
	if r.Sum != 500500 { // 1 + 2 + … + 1000, exact in float32
		return []Row{{"backend", Broken, fmt.Sprintf("%s computes 1+…+1000 = %v", r.Backend, r.Sum), "do not use it: GIBBS_BACKEND=go"}}
	}
	return []Row{{Name: "backend", Value: fmt.Sprintf("%s (%s): opened, compiled and summed 1 to 1000 in %.2f s", r.Backend, r.Why, r.Seconds)}}
}

// machine says what the machine has.
func (e *examination) machine(context.Context) []Row {
	rows := []Row{{Name: "cores", Value: fmt.Sprintf("%d (%d usable)", runtime.NumCPU(), runtime.GOMAXPROCS(0))}}
	if e.facts.Memory > 0 {
		rows = append(rows, Row{Name: "memory", Value: fmt.Sprintf("%.1f GiB, %.1f GiB available", e.facts.Memory/(1<<30), e.facts.Available/(1<<30))})
	}
	if e.facts.Available > 0 && e.facts.Available < 1<<30 {
		rows[1].State, rows[1].Do = Note, "end other programs: a lesson takes up to 1 GiB"
	}
	return rows
}

// kernels compares what Jupyter finds with what set-up registers.
func (e *examination) kernels(context.Context) []Row {
	var rows []Row
	var found []string
	for _, name := range setup.Kernels() {
		dir := e.facts.Kernels[name]
		switch {
		case dir == "":
			rows = append(rows, Row{"kernels", Broken, name + " is not found by Jupyter", doSetup})
		case !setup.Owns(e.Layout, dir):
			rows = append(rows, Row{"kernels", Note, name + " is found first in " + dir + ", which is not this set-up's", "remove that folder, or unset JUPYTER_PATH"})
		default:
			found = append(found, name)
		}
	}
	if found != nil {
		rows = append(rows, Row{Name: "kernels", Value: strings.Join(found, ", ")})
	}
	return rows
}

// goCommand runs the go command in the repository, offline.
func (e *examination) goCommand(ctx context.Context, args ...string) (string, error) {
	env := append(os.Environ(), "GOFLAGS=-mod=readonly -buildvcs=false", "GOWORK=off", "GOTOOLCHAIN=local", "GOPROXY=off")
	return child.Command{Dir: e.Root, Env: env, Name: "go", Args: args}.Output(ctx)
}
