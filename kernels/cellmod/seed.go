// Package cellmod makes the module in which cells are compiled: the repository's
// versions, and patched copies of modules that would make every cell link slowly.
package cellmod

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"

	"gibbs/lib/env"
)

// Seed gives the module in dir the requirements and sums of the repository in
// root, the repository itself as the module of gibbs/lib, and the patched copies
// that Make left in home. The go.mod in dir must exist.
func Seed(dir, root, home string) error {
	file := filepath.Join(dir, "go.mod")
	cell, err := Parse(file)
	if err != nil {
		return err
	}
	repository, err := Parse(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	if err := cell.AddGoStmt(repository.Go.Version); err != nil {
		return err
	}
	cell.AddNewRequire(env.Module, "v0.0.0", false)
	for _, r := range repository.Require {
		cell.AddNewRequire(r.Mod.Path, r.Mod.Version, r.Indirect)
	}
	folders := replace(env.Module, root)
	for _, r := range repository.Replace {
		if modfile.IsDirectoryPath(r.New.Path) {
			folders += replace(strings.TrimSpace(r.Old.Path+" "+r.Old.Version), absolute(root, r.New.Path))
		} else if err := cell.AddReplace(r.Old.Path, r.Old.Version, r.New.Path, r.New.Version); err != nil {
			return err
		}
	}
	for _, p := range patchesOf(repository) {
		if p.made(home) {
			folders += replace(p.path+" "+p.version, p.dir(home))
		}
	}
	cell.Cleanup()
	text, err := cell.Format()
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, append(text, folders...), 0o644); err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644)
}

// replace is a line of go.mod. Its folder stands in quotes, so that GoNB does not
// take it for a folder to watch: it would walk through .gibbs before the first cell.
func replace(module, folder string) string {
	return fmt.Sprintf("\nreplace %s => %q\n", module, folder)
}

// Fixed reports whether the packages that a cell module takes from folders are
// the repository's and patched ones alone, so that no other folder has to be
// watched for changes.
func Fixed(cell *modfile.File, root, home string) bool {
	for _, r := range cell.Replace {
		known := r.New.Path == root || strings.HasPrefix(r.New.Path, patchedDir(home)+string(filepath.Separator))
		if modfile.IsDirectoryPath(r.New.Path) && !known {
			return false
		}
	}
	return true
}

// absolute is a path of a go.mod in root, seen from elsewhere.
func absolute(root, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}

// Parse reads a go.mod.
func Parse(file string) (*modfile.File, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return modfile.Parse(file, text, nil)
}
