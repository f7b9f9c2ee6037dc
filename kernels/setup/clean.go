package setup

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// UserKernelspecs returns the folders of kernelspecs in the user's own Jupyter
// that belong to this layout.
func UserKernelspecs(l Layout) (dirs []string) {
	for _, s := range specs {
		dir := filepath.Join(userKernels(), s.name)
		if Owns(l, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// Size returns the bytes of all files under Home.
func Size(l Layout) int64 { return size(l.Home) }

// Clean removes Home, with the models and executed notebooks in it, and the
// kernelspecs of UserKernelspecs. It refuses a Home that set-up did not make.
func Clean(ctx context.Context, l Layout, out io.Writer) error {
	if _, err := os.Stat(l.Home); os.IsNotExist(err) {
		return nil
	}
	if strings.HasPrefix(l.Root+string(filepath.Separator), l.Home+string(filepath.Separator)) {
		return fmt.Errorf("setup: %s holds the repository itself and will not be removed: correct GIBBS_HOME", l.Home)
	}
	if _, err := os.Stat(l.lock()); err != nil && l.Home != filepath.Join(l.Root, ".gibbs") {
		return fmt.Errorf("setup: %s was not made by set-up (it has no %s) and will not be removed", l.Home, filepath.Base(l.lock()))
	}
	unlock, err := lock(ctx, l, out)
	if err != nil {
		return err
	}
	defer unlock()
	// The mark of set-up goes last, so that a clean that was killed can be run again.
	doomed := UserKernelspecs(l)
	entries, err := os.ReadDir(l.Home)
	if err != nil {
		return fmt.Errorf("setup: %w", err)
	}
	for _, e := range entries {
		if e.Name() != "setup" {
			doomed = append(doomed, filepath.Join(l.Home, e.Name()))
		}
	}
	for _, path := range append(doomed, l.Home) {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("setup: removing %s: %w", path, err)
		}
	}
	return nil
}
