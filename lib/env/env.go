// Package env reads what the surroundings say, in one documented place: where
// the repository is, where generated files live, whether this is a quick run, and
// which values a lesson's parameters take.
//
// Variables:
//
//	GIBBS_ROOT     the repository; default: the nearest folder upwards whose
//	               go.mod says "module gibbs"
//	GIBBS_HOME     generated files; default: .gibbs in the repository, or
//	               gibbs in the user's cache folder outside a repository
//	GIBBS_STATE    what runs leave behind, such as checkpoints; default: GIBBS_HOME
//	               where this user may write there, else gibbs in the user's
//	               cache folder, so that many users can share one GIBBS_HOME
//	GIBBS_QUICK    "1" or "true": lessons shrink their sizes, and the kernel that
//	               is free to choose takes pure Go, which needs no compiler
//	GIBBS_PARAM_*  the parameters of lessons: GIBBS_PARAM_SEED=7 is Param's "seed"
//	GIBBS_BACKEND  see package backend
package env

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Module is the module path whose go.mod marks the repository's root.
const Module = "gibbs"

// ErrNoRoot says that no repository was found upwards of a folder.
var ErrNoRoot = errors.New("env: no go.mod of module " + Module + " found upwards; set GIBBS_ROOT to the repository")

// Root returns the absolute path of the repository: GIBBS_ROOT if set, else the
// nearest folder from the working directory upwards that holds the module.
func Root() (string, error) {
	if root := os.Getenv("GIBBS_ROOT"); root != "" {
		return filepath.Abs(root)
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("env: working directory: %w", err)
	}
	return RootFrom(dir)
}

// RootFrom is Root for a given folder, without GIBBS_ROOT. It returns ErrNoRoot
// where no folder upwards holds the module.
func RootFrom(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("env: %w", err)
	}
	for {
		if modulePath(filepath.Join(dir, "go.mod")) == Module {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", ErrNoRoot
		}
		dir = parent
	}
}

// modulePath returns the module that a go.mod declares, or "" where there is none.
func modulePath(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if path, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "module "); ok {
			return strings.Trim(strings.TrimSpace(path), `"`)
		}
	}
	return ""
}

// Home returns the absolute path of the folder for generated files: GIBBS_HOME
// if set, else .gibbs in the repository, else gibbs in the user's cache folder.
// The folder need not exist.
func Home() (string, error) {
	if home := os.Getenv("GIBBS_HOME"); home != "" {
		return filepath.Abs(home)
	}
	root, err := Root()
	if err == nil {
		return filepath.Join(root, ".gibbs"), nil
	}
	if !errors.Is(err, ErrNoRoot) {
		return "", err
	}
	return userCache("GIBBS_HOME")
}

// State returns the absolute path of the folder for what runs leave behind:
// GIBBS_STATE if set, else Home where this user may write there, else gibbs in the
// user's cache folder. The folder need not exist.
func State() (string, error) {
	if state := os.Getenv("GIBBS_STATE"); state != "" {
		return filepath.Abs(state)
	}
	home, err := Home()
	if err != nil || mayWrite(home) {
		return home, err
	}
	return userCache("GIBBS_STATE")
}

// userCache is gibbs in the user's cache folder; the variable would name another.
func userCache(variable string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("env: no place for generated files; set %s: %w", variable, err)
	}
	return filepath.Join(cache, "gibbs"), nil
}

// mayWrite reports whether this user may write in dir, or make it.
func mayWrite(dir string) bool {
	for {
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) || filepath.Dir(dir) == dir {
			return writable(dir)
		}
		dir = filepath.Dir(dir)
	}
}

// Quick reports whether GIBBS_QUICK asks for a quick run. Unset, empty and
// unparsable values mean no.
func Quick() bool {
	quick, _ := strconv.ParseBool(os.Getenv("GIBBS_QUICK"))
	return quick
}

// Pick returns quick in a quick run and full otherwise: the one way in which a
// lesson shrinks a size.
func Pick[T any](full, quick T) T {
	if Quick() {
		return quick
	}
	return full
}
