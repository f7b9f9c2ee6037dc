package setup

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"gibbs/kernels/file"
)

// spec is one kernel that Jupyter offers: our launcher with a backend.
type spec struct{ name, backend, title string }

var specs = []spec{
	{"gibbs", "auto", "Go · Gibbs"},
	{"gibbs-go", "go", "Go · Gibbs (pure Go)"},
	{"gibbs-xla-cpu", "xla-cpu", "Go · Gibbs (XLA CPU)"},
	{"gibbs-xla-cuda", "xla-cuda", "Go · Gibbs (XLA CUDA)"},
}

// kernelJSON is Jupyter's kernel.json.
type kernelJSON struct {
	Argv          []string          `json:"argv"`
	DisplayName   string            `json:"display_name"`
	Language      string            `json:"language"`
	InterruptMode string            `json:"interrupt_mode"`
	Env           map[string]string `json:"env"`
	Metadata      struct {
		Gibbs owner `json:"gibbs"`
	} `json:"metadata"`
}

// owner marks a kernelspec as ours, and says which set-up it belongs to.
type owner struct {
	Home string `json:"home"`
}

// files returns what the kernelspec's folder holds, by name.
func (s spec) files(l Layout) (map[string][]byte, error) {
	k := kernelJSON{
		Argv:          []string{l.Bin("gibbs"), "kernel", "--backend", s.backend, "{connection_file}"},
		DisplayName:   s.title,
		Language:      "go",
		InterruptMode: "message",
		Env:           map[string]string{"GIBBS_BACKEND": s.backend, "GIBBS_HOME": l.Home},
	}
	if backend := strings.Replace(s.backend, "auto", "xla-cpu", 1); backend != "go" {
		if plugin := l.Unverified(backend); plugin != "" {
			k.Env["GOMLX_BACKEND"] = "xla:" + plugin
		}
	}
	k.Metadata.Gibbs.Home = l.Home
	text, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"kernel.json":    append(text, '\n'),
		"logo-svg.svg":   logoSVG(),
		"logo-32x32.png": logoPNG(32),
		"logo-64x64.png": logoPNG(64),
	}, nil
}

// kernelspecSteps registers our kernels in the environment, and with
// Options.User in the user's own Jupyter.
func (j *job) kernelspecSteps() []step {
	steps := []step{j.kernelspecStep("kernels", "kernelspecs in the environment", filepath.Dir(j.Kernelspec("gibbs")))}
	if j.User {
		dir := userKernels()
		steps = append(steps, j.kernelspecStep("user", "kernelspecs for your own Jupyter and VS Code, in "+dir, dir))
	}
	return steps
}

func (j *job) kernelspecStep(name, what, dir string) step {
	return step{
		name: name,
		what: what,
		need: 1e6,
		done: func() bool {
			for _, s := range specs {
				files, err := s.files(j.Layout)
				if err != nil {
					return false
				}
				for name, want := range files {
					if have, err := os.ReadFile(filepath.Join(dir, s.name, name)); err != nil || !bytes.Equal(have, want) {
						return false
					}
				}
			}
			return true
		},
		do: func(context.Context) (string, error) {
			for _, s := range specs {
				if err := s.write(j.Layout, filepath.Join(dir, s.name)); err != nil {
					return "", err
				}
			}
			return strings.Join(Kernels(), ", "), nil
		},
	}
}

// write writes the kernelspec's folder; kernel.json, which makes it one, comes last.
func (s spec) write(l Layout, dir string) error {
	if theirs, err := ownerOf(dir); err == nil && theirs == "" {
		return &Fault{Step: "kernels", What: dir + " holds a kernel that is not ours", Do: "remove or rename it, and run setup again"}
	}
	files, err := s.files(l)
	if err != nil {
		return err
	}
	for _, name := range []string{"logo-svg.svg", "logo-32x32.png", "logo-64x64.png", "kernel.json"} {
		err := file.Replace(filepath.Join(dir, name), 0o644, func(w io.Writer) error {
			_, err := w.Write(files[name])
			return err
		})
		if err != nil {
			return fmt.Errorf("kernelspec %s: %w", s.name, err)
		}
	}
	return nil
}

// ownerOf returns the .gibbs that a kernelspec belongs to, or "" where it is not
// ours. The error says that there is no kernelspec.
func ownerOf(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
	if err != nil {
		return "", err
	}
	var k kernelJSON
	if json.Unmarshal(text, &k) != nil {
		return "", nil
	}
	return k.Metadata.Gibbs.Home, nil
}

// userKernels is where Jupyter looks for the user's own kernelspecs.
func userKernels() string {
	home, _ := os.UserHomeDir()
	data := os.Getenv("JUPYTER_DATA_DIR")
	xdg := os.Getenv("XDG_DATA_HOME")
	switch {
	case data != "":
	case runtime.GOOS == "darwin":
		data = filepath.Join(home, "Library", "Jupyter")
	case xdg != "":
		data = filepath.Join(xdg, "jupyter")
	default:
		data = filepath.Join(home, ".local", "share", "jupyter")
	}
	return filepath.Join(data, "kernels")
}

// Kernels are the names of our kernelspecs.
func Kernels() []string {
	names := make([]string, len(specs))
	for i, s := range specs {
		names[i] = s.name
	}
	return names
}

// Owns reports whether the kernelspec in dir belongs to this layout.
func Owns(l Layout, dir string) bool {
	home, err := ownerOf(dir)
	return err == nil && home == l.Home
}
