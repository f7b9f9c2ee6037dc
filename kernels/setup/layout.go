// Package setup builds and checks .gibbs: everything that Gibbs needs and that
// is not in the repository.
//
// It is a list of steps. Each knows in microseconds whether its result is there
// (by content, not by time), builds the result aside and renames it into place,
// so that it can be killed at any moment and run again. One set-up runs at a
// time; a second one waits.
package setup

import (
	"path/filepath"

	"gibbs/lib/env"
)

// Layout says where things lie: the repository and its folder of generated files.
//
//	Home/venv       Python environment: JupyterLab, nbconvert, kernelspecs
//	Home/bin        gonb, goimports, gopls, and gibbs (this program, compiled)
//	Home/plugins    PJRT plugins, verified
//	Home/xla        programs that XLA compiled for cells, bounded
//	Home/modules    patched copies of modules, for cells
//	Home/data       data sets, verified
//	Home/go         Go's caches, for all users of the machine (setup --shared)
//	Home/artefacts  trained models and checkpoints
//	Home/out        executed notebooks
//	Home/jupyter    settings and run-time files of `lab`
//	Home/setup      lock, stamps and half-made results of set-up itself
type Layout struct{ Root, Home string }

// Find returns the layout of the repository that holds the working directory,
// or that GIBBS_ROOT and GIBBS_HOME name.
func Find() (Layout, error) {
	root, err := env.Root()
	if err != nil {
		return Layout{}, err
	}
	home, err := env.Home()
	return Layout{Root: root, Home: home}, err
}

// Python is the environment's interpreter.
func (l Layout) Python() string { return filepath.Join(l.venv(), "bin", "python") }

// Jupyter is the environment's jupyter command.
func (l Layout) Jupyter() string { return filepath.Join(l.venv(), "bin", "jupyter") }

// Bin is the path of one of our tools: gonb, goimports, gopls, gibbs.
func (l Layout) Bin(tool string) string { return filepath.Join(l.Home, "bin", tool) }

// Kernelspec is the folder of one of our kernelspecs.
func (l Layout) Kernelspec(name string) string {
	return filepath.Join(l.venv(), "share", "jupyter", "kernels", name)
}

// Out is the folder of executed notebooks.
func (l Layout) Out() string { return filepath.Join(l.Home, "out") }

// Digits is the file of handwritten digits.
func (l Layout) Digits() string { return filepath.Join(l.Home, "data", digits.file()) }

// JupyterDir is the folder of `lab`'s settings and run-time files.
func (l Layout) JupyterDir() string { return filepath.Join(l.Home, "jupyter") }

// venv is a link to venv-KEY-RANDOM, the environment that was completed last.
func (l Layout) venv() string { return filepath.Join(l.Home, "venv") }

func (l Layout) lock() string             { return filepath.Join(l.Home, "setup", "lock") }
func (l Layout) temp() string             { return filepath.Join(l.Home, "setup", "tmp") }
func (l Layout) stamp(name string) string { return filepath.Join(l.Home, "setup", name+".stamp") }
