// Package setup builds and checks .gibbs: everything that Gibbs needs and that
// is not in the repository.
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
//	Home/data       data sets, verified
//	Home/artefacts  trained models and checkpoints
//	Home/out        executed notebooks
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
func (l Layout) Python() string { return filepath.Join(l.Home, "venv", "bin", "python") }

// Jupyter is the environment's jupyter command.
func (l Layout) Jupyter() string { return filepath.Join(l.Home, "venv", "bin", "jupyter") }

// Bin is the path of one of our tools: gonb, goimports, gopls, gibbs.
func (l Layout) Bin(tool string) string { return filepath.Join(l.Home, "bin", tool) }

// Kernelspec is the folder of one of our kernelspecs.
func (l Layout) Kernelspec(name string) string {
	return filepath.Join(l.Home, "venv", "share", "jupyter", "kernels", name)
}

// Out is the folder of executed notebooks.
func (l Layout) Out() string { return filepath.Join(l.Home, "out") }
