// Package backend chooses, verifies and opens the GoMLX backend on which graphs
// run, and says which one and why. It never downloads anything.
//
// GIBBS_BACKEND chooses:
//
//	auto      the best one present: XLA on CUDA, XLA on CPU, pure Go (the default)
//	go        GoMLX's pure-Go backend: always there, for small work
//	xla-cpu   XLA through the PJRT CPU plugin that `go run ./kernels setup` installs
//	xla-cuda  XLA through JAX's PJRT CUDA plugin, which `go run ./kernels setup
//	          --backend xla-cuda` installs, or the one that GIBBS_CUDA_PLUGIN names
//
// GOMLX_BACKEND, GoMLX's own variable, wins over it and is taken as it is, with
// one condition: an XLA plugin must be named by its absolute path, because a bare
// name would let go-xla download an unverified one.
//
// The build tags noxla and nogobackend leave a backend out, which links in less
// time: cells on XLA are built with nogobackend, cells on pure Go with noxla.
package backend

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"gibbs/lib/backend/pjrt"
	"gibbs/lib/env"

	"github.com/gomlx/compute"
)

// The backends that GIBBS_BACKEND names.
const (
	Auto    = "auto"
	Go      = "go"
	XLACPU  = "xla-cpu"
	XLACUDA = "xla-cuda"
)

// Choice says which backend was chosen, and why.
type Choice struct {
	Name   string // Go, XLACPU, XLACUDA, or what GOMLX_BACKEND said
	Config string // GoMLX's configuration string
	Plugin string // absolute path of the PJRT plugin; "" for pure Go
	Why    string // one sentence for people
}

func (c Choice) String() string { return c.Name + ": " + c.Why }

// Choose decides which backend Open would open, without opening it. The error
// says what is missing for the one that was asked for.
func Choose() (Choice, error) {
	if config, ok := os.LookupEnv(compute.ConfigEnvVar); ok && config != "" {
		return fromGoMLX(config)
	}
	home, err := env.Home()
	if err != nil {
		return Choice{}, fmt.Errorf("backend: %w", err)
	}
	name := os.Getenv("GIBBS_BACKEND")
	switch name {
	case Go:
		return pureGo("asked for by GIBBS_BACKEND")
	case XLACPU, XLACUDA:
		c, err := fromPlugin(name, home)
		c.Why = "asked for by GIBBS_BACKEND"
		return c, err
	case "", Auto:
		return best(home)
	}
	return Choice{}, fmt.Errorf("backend: GIBBS_BACKEND=%q is none of %s, %s, %s, %s", name, Auto, Go, XLACPU, XLACUDA)
}

// best returns the fastest backend that is installed and whole. A plugin that
// is there but damaged is an error, not a reason to fall back in silence.
func best(home string) (Choice, error) {
	if !xlaLinked {
		return pureGo("this program was built without XLA (no cgo, or the noxla tag)")
	}
	for _, name := range []string{XLACUDA, XLACPU} {
		if path := pluginPath(name, home); path == "" || !exists(path) {
			continue
		}
		c, err := fromPlugin(name, home)
		c.Why = "the fastest backend that is installed"
		return c, err
	}
	return pureGo("no PJRT plugin is installed; `go run ./kernels setup` brings XLA, 20 to 200 times faster")
}

// pureGo returns the choice of the pure-Go backend, if it is linked.
func pureGo(why string) (Choice, error) {
	if !slices.Contains(compute.List(), "go") {
		return Choice{}, fmt.Errorf("backend: pure Go is wanted (%s), but this program was built without it (the nogobackend tag): "+
			"take the kernel gibbs-go, or import _ \"github.com/gomlx/compute/gobackend\" beside this package", why)
	}
	return Choice{Name: Go, Config: "go", Why: why}, nil
}

// fromPlugin returns the choice of an XLA backend whose plugin is installed and verified.
func fromPlugin(name, home string) (Choice, error) {
	if !xlaLinked {
		return Choice{}, fmt.Errorf("backend: %s was asked for, but this program was built without XLA: build with cgo and without the noxla tag", name)
	}
	path := pluginPath(name, home)
	if path == "" {
		return Choice{}, fmt.Errorf("backend: %s: no plugin with a known SHA-256 for this platform; "+
			"set GOMLX_BACKEND=xla:/absolute/path/of/plugin.so to use one that you trust, or GIBBS_BACKEND=go", name)
	}
	if !exists(path) {
		return Choice{}, fmt.Errorf("backend: %s: plugin %s is not installed: run `go run ./kernels setup --backend %s`, or set GIBBS_BACKEND=go", name, path, name)
	}
	if p, ok := pjrt.PluginFor(name); ok {
		if err := p.Verify(home); err != nil {
			return Choice{}, err
		}
	}
	return Choice{Name: name, Config: "xla:" + path, Plugin: path}, nil
}

// fromGoMLX takes GOMLX_BACKEND as it is, but for plugins named without a path.
func fromGoMLX(config string) (Choice, error) {
	kind, rest, _ := strings.Cut(config, ":")
	plugin, _, _ := strings.Cut(rest, ",")
	c := Choice{Name: config, Config: config, Why: "asked for by GOMLX_BACKEND"}
	switch {
	case kind == "go":
		c.Name = Go
	case !filepath.IsAbs(plugin):
		return Choice{}, fmt.Errorf("backend: GOMLX_BACKEND=%q names no absolute plugin path, so go-xla would download one unverified: "+
			"write GOMLX_BACKEND=xla:/absolute/path/of/plugin.so, or unset it and use GIBBS_BACKEND", config)
	default:
		c.Plugin = plugin
	}
	return c, nil
}

// pluginPath returns where the plugin of a backend must lie, or "" if Gibbs
// knows none for this platform. GIBBS_CUDA_PLUGIN names the CUDA one.
func pluginPath(name, home string) string {
	if name == XLACUDA {
		if path := os.Getenv("GIBBS_CUDA_PLUGIN"); path != "" {
			return path
		}
	}
	if p, ok := pjrt.PluginFor(name); ok {
		return p.Path(home)
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

var opened = sync.OnceValues(func() (compute.Backend, error) {
	c, err := Choose()
	if err != nil {
		return nil, err
	}
	var b compute.Backend
	if c.Name == XLACPU {
		b, err = openCPU(c.Plugin)
	} else {
		b, err = compute.NewWithConfig(c.Config)
	}
	if err != nil && c.Name == XLACUDA {
		return nil, fmt.Errorf("backend: opening %s (%s): %w: it needs a GPU of NVIDIA's that this process may use "+
			"(in a container: docker run --gpus all); GIBBS_BACKEND=%s runs without one", c.Name, c.Config, err, XLACPU)
	}
	if err != nil {
		return nil, fmt.Errorf("backend: opening %s (%s): %w", c.Name, c.Config, err)
	}
	return b, nil
})

// Open returns the process's backend, opened on the first call and shared by all
// later ones. Backends live as long as the process.
func Open() (compute.Backend, error) { return opened() }

var serial = sync.OnceValues(func() (compute.Backend, error) {
	c, err := Choose()
	if err != nil {
		return nil, err
	}
	return openSerial(c.Plugin)
})

// Serial returns a backend for programs whose steps are many operations on few numbers,
// such as NUTS with a few chains. If b is the process's XLA on the processor, it is that
// with one thread, on which such programs run about twice as fast: to hand an operation of
// a microsecond to another thread takes longer. Else it is b. The numbers are the same.
func Serial(b compute.Backend) compute.Backend {
	ours, err := opened()
	if err != nil || b != ours {
		return b
	}
	if c, err := Choose(); err != nil || c.Name != XLACPU {
		return b
	}
	if one, err := serial(); err == nil {
		return one
	}
	return b
}

var inlining sync.Mutex

// Inline calls compile, which compiles a program for b. If b is the backend of [Serial],
// each loop of the program becomes one function. Else every operation is one, and to
// call them takes most of the time: of a step of NUTS with 4 chains of 10 numbers, two
// thirds. Inside that function matrix products are plain loops and mathematical
// functions are not vectorised, so that few numbers only gain by it. XLA_FLAGS and
// XLA_DEBUG_OPTIONS, where they are set, hold instead: with one of them, even at its
// default, `go run ./lib/bench -job nuts -peer '^$'` measures what is gained.
func Inline(b compute.Backend, compile func() error) error {
	inlining.Lock() // go-xla takes its options from the environment
	defer inlining.Unlock()
	if os.Getenv("XLA_FLAGS") != "" || os.Getenv("XLA_DEBUG_OPTIONS") != "" {
		return compile()
	}
	if ours, err := opened(); err != nil || b == ours || b != Serial(ours) {
		return compile()
	}
	return compileSmall(compile)
}

// MustOpen is Open for notebooks and examples: it panics on an error.
func MustOpen() compute.Backend {
	b, err := Open()
	if err != nil {
		panic(err)
	}
	return b
}
