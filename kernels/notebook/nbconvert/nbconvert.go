// Package nbconvert executes notebooks and turns them into web pages through
// Jupyter's nbconvert: it adds progress, the outputs of a run that failed, the
// reason, and an end to everything that the run started.
package nbconvert

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gibbs/kernels/notebook"
)

// config is what nbconvert is given: see the files themselves.
//
//go:embed execute_config.py html_config.py template
var config embed.FS

// start is nbconvert as `python -m nbconvert` starts it, less a grammar of web
// addresses that a validator in its imports would compile first, for longer than
// all the rest takes, and that no notebook needs.
const start = `import runpy, sys; sys.modules["rfc3987_syntax"] = None; runpy.run_module("nbconvert", run_name="__main__")`

// Job says which notebook to execute, and how.
type Job struct {
	Python   string                // interpreter of the environment that holds nbconvert and the kernels
	Notebook string                // path of the .ipynb; its folder is the kernel's working directory
	Kernel   string                // name of the kernelspec; "" is the one that the notebook names
	Env      []string              // the environment; nil is this process's
	Timeout  time.Duration         // of each cell, in whole seconds; 0 is none
	Progress func(cell, cells int) // called when a code cell starts, from 1; may be nil
}

// Result is an execution that came to an end.
type Result struct {
	Notebook *notebook.Notebook // with the outputs so far; nil if the kernel did not start
	Failure  error              // why the notebook does not run; nil if every cell did
	Temp     string             // the folder that was the run's TMPDIR, now gone
}

// Execute runs the notebook's cells in order in a fresh kernel. A notebook that
// fails is a Result with a Failure; the error is for what is no fault of the
// notebook, the context's end included. In either case no process that the run
// started is left.
func Execute(ctx context.Context, job Job) (*Result, error) {
	temp, err := unpack()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	executed := filepath.Join(temp, "executed.ipynb")
	arguments := []string{
		"-c", start, "--to", "notebook", "--execute", "--config", filepath.Join(temp, "execute_config.py"),
		"--output-dir", filepath.Join(temp, "out"), "--log-level", "ERROR",
	}
	if job.Kernel != "" {
		arguments = append(arguments, "--ExecutePreprocessor.kernel_name="+job.Kernel)
	}
	if job.Timeout > 0 {
		seconds := int((job.Timeout + time.Second - 1) / time.Second)
		arguments = append(arguments, "--ExecutePreprocessor.timeout="+strconv.Itoa(seconds))
	}
	log := &tail{}
	events := &events{progress: job.Progress}
	run := process{
		python: job.Python, arguments: append(arguments, job.Notebook),
		env: append(environment(job.Env, temp), "GIBBS_EXECUTED="+executed), events: events, log: log, grace: stopGrace,
	}
	err = run.wait(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if errors.Is(err, errNotStarted) {
		return nil, err
	}
	result := &Result{Temp: temp}
	result.Notebook, _ = notebook.Read(executed)
	result.Failure = failure(result.Notebook, job.Timeout, events, err, log)
	return result, nil
}

// failure says why a notebook failed, from what is best known: the time limit, by
// which a cell may also have been interrupted; its outputs; the exception that ended
// nbconvert; the last words on its stderr.
func failure(nb *notebook.Notebook, timeout time.Duration, events *events, err error, log *tail) error {
	if nb == nil {
		nb = &notebook.Notebook{}
	}
	if events.kind == "CellTimeoutError" {
		return nb.At(events.cell, fmt.Sprintf("took longer than the limit of %v, or its output stalled", timeout))
	}
	if f := nb.Failure(); f != nil {
		return f
	}
	if err == nil {
		return nil
	}
	switch events.kind {
	case "DeadKernelError":
		return nb.At(events.cell, "the kernel died")
	case "":
		return nb.At(events.cell, fmt.Sprintf("nbconvert: %v: %s", err, log.lastLine()))
	}
	return nb.At(events.cell, events.kind+": "+strings.TrimSpace(events.message))
}

// HTML writes the notebook at path as a web page that needs nothing beside it
// and nothing from the network.
func HTML(ctx context.Context, python, path, page string) error {
	temp, err := unpack()
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	log := &tail{}
	run := process{
		python: python,
		arguments: []string{
			"-c", start, "--to", "html", "--config", filepath.Join(temp, "html_config.py"),
			"--output-dir", temp, "--output", "page", "--log-level", "ERROR", path,
		},
		env: environment(nil, temp), events: &events{}, log: log, grace: stopGrace,
	}
	err = run.wait(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("nbconvert: %s as HTML: %w: %s", path, err, log.lastLine())
	}
	raw, err := os.ReadFile(filepath.Join(temp, "page.html"))
	if err != nil {
		return fmt.Errorf("nbconvert: %w", err)
	}
	if err := os.WriteFile(page, raw, 0o644); err != nil {
		return fmt.Errorf("nbconvert: %w", err)
	}
	return nil
}

// unpack makes a private temporary folder that holds the configuration.
func unpack() (string, error) {
	temp, err := os.MkdirTemp("", "gibbs-run-")
	if err != nil {
		return "", fmt.Errorf("nbconvert: %w", err)
	}
	err = fs.WalkDir(config, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return errors.Join(err, os.MkdirAll(filepath.Join(temp, path), 0o700))
		}
		raw, err := config.ReadFile(path)
		return errors.Join(err, os.WriteFile(filepath.Join(temp, path), raw, 0o600))
	})
	if err != nil {
		os.RemoveAll(temp)
		return "", fmt.Errorf("nbconvert: %w", err)
	}
	return temp, nil
}

// environment returns the environment of a run: temporary and runtime files in
// its own folder, and kernels of the environment before those of the user.
func environment(base []string, temp string) []string {
	if base == nil {
		base = os.Environ()
	}
	return append(base[:len(base):len(base)],
		"TMPDIR="+temp, "JUPYTER_RUNTIME_DIR="+filepath.Join(temp, "runtime"), "JUPYTER_PREFER_ENV_PATH=1")
}
