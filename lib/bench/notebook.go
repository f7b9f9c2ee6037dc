package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gibbs/kernels/notebook"
	"gibbs/kernels/notebook/nbconvert"
	"gibbs/kernels/setup"
)

// lesson is the notebook that has a twin in peers/jax_notebook.ipynb.
const lesson = "notebooks/2-score/02-denoising-score-matching.ipynb"

// headless times the lesson and its twin through nbconvert, each in a fresh kernel.
// Every run of the lesson has a .gibbs of its own, which shares tools and plugins
// with the real one but no trained model and no compiled program. That both give
// the same answer is what their own claims say: either fails if one misses.
func headless(ctx context.Context, b *bench) ([]Series, error) {
	twins := []*twin{{side: "ours", path: filepath.Join(b.root, lesson), kernel: b.ourKernel}}
	if b.wants(jax) {
		python, err := b.python(ctx, jax)
		if err != nil {
			return nil, err
		}
		twins = append(twins, &twin{side: jax.Name, path: filepath.Join(b.programs, "jax_notebook.ipynb"), kernel: func(string) (kernelspec, error) {
			return kernelspec{Argv: []string{python, "-m", "ipykernel_launcher", "-f", "{connection_file}"}, Language: "python"}, nil
		}})
	}
	var series []Series
	for _, t := range twins {
		series = append(series, Series{Side: t.side})
	}
	for range b.runs {
		for i, t := range twins {
			seconds, err := b.execute(ctx, t)
			if err != nil {
				return nil, err
			}
			series[i].Seconds = append(series[i].Seconds, seconds)
		}
	}
	return series, nil
}

// twin is a notebook and how its kernel is started with a folder for its files.
type twin struct {
	side, path string
	kernel     func(folder string) (kernelspec, error)
}

// kernelspec is Jupyter's kernel.json.
type kernelspec struct {
	Argv      []string          `json:"argv"`
	Name      string            `json:"display_name"`
	Language  string            `json:"language"`
	Interrupt string            `json:"interrupt_mode,omitempty"`
	Env       map[string]string `json:"env,omitempty"`
}

// ourKernel is the kernel as set-up registers it, with folder for its .gibbs.
func (b *bench) ourKernel(folder string) (kernelspec, error) {
	real := setup.Layout{Root: b.root, Home: b.home}
	for _, shared := range []string{"bin", "data", "modules", "plugins", "venv"} {
		if err := os.Symlink(filepath.Join(real.Home, shared), filepath.Join(folder, shared)); err != nil {
			return kernelspec{}, err
		}
	}
	return kernelspec{
		Argv:     []string{real.Bin("gibbs"), "kernel", "--backend", "auto", "{connection_file}"},
		Language: "go", Interrupt: "message",
		Env: map[string]string{"GIBBS_ROOT": b.root, "GIBBS_HOME": folder},
	}, nil
}

// execute runs a notebook once and returns its wall time.
func (b *bench) execute(ctx context.Context, t *twin) (seconds float64, err error) {
	folder, err := os.MkdirTemp(b.programs, "notebook-")
	if err != nil {
		return 0, fmt.Errorf("bench: notebook: %w", err)
	}
	defer os.RemoveAll(folder)
	spec, err := t.kernel(folder)
	if err == nil {
		spec.Name = "bench"
		err = writeJSON(filepath.Join(folder, "jupyter", "kernels", "bench", "kernel.json"), spec)
	}
	if err != nil {
		return 0, fmt.Errorf("bench: notebook: %w", err)
	}
	start := time.Now()
	result, err := nbconvert.Execute(ctx, nbconvert.Job{
		Python: setup.Layout{Root: b.root, Home: b.home}.Python(), Notebook: t.path, Kernel: "bench",
		Env: append(os.Environ(), "JUPYTER_PATH="+filepath.Join(folder, "jupyter")), Timeout: 10 * time.Minute,
	})
	seconds = time.Since(start).Seconds()
	if err == nil {
		err = result.Failure
	}
	if err == nil && t.side == ours.Name {
		err = held(result.Notebook)
	}
	if err != nil {
		return 0, fmt.Errorf("bench: notebook: %s: `go run ./kernels setup` brings what it needs: %w", t.side, err)
	}
	return seconds, nil
}

// held says which claims of a lesson missed.
func held(nb *notebook.Notebook) error {
	claims, err := nb.Claims()
	if err != nil {
		return err
	}
	if n := notebook.Held(claims); n < len(claims) {
		return fmt.Errorf("%d of %d claims missed", len(claims)-n, len(claims))
	}
	return nil
}

func writeJSON(path string, value any) error {
	raw, err := json.Marshal(value)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o644)
}
