package setup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gibbs/kernels/gocache"
)

// sharedStep brings the module cache and the build cache that the cells of all
// users of the machine read (see package gocache). Modules that this user has need
// no network.
func (j *job) sharedStep() step {
	shared := gocache.SharedIn(j.Home)
	want := key(sourceKey(j.Root, foldersIn(j.Root, "lib")), j.Root, j.Home)
	return step{
		name: "shared",
		what: "modules and compiled packages for all users of this machine",
		need: 900e6,
		done: func() bool {
			_, modules := os.Stat(filepath.Join(shared.Modules, "github.com", "gomlx"))
			_, build := os.Stat(shared.Build)
			return readText(j.stamp("shared")) == want && modules == nil && build == nil
		},
		do: func(ctx context.Context) (string, error) {
			have, err := goTool(ctx, j.Root, "env", "GOMODCACHE", "GOPROXY")
			if err != nil {
				return "", err
			}
			cache, proxies, _ := strings.Cut(strings.TrimSpace(have), "\n")
			environ := []string{"GOFLAGS=-mod=readonly -buildvcs=false -modcacherw", "GOMODCACHE=" + shared.Modules, "GOCACHE=" + shared.Build,
				"GOPROXY=file://" + filepath.ToSlash(filepath.Join(cache, "cache", "download")) + "," + proxies}
			if _, err := goToolWith(ctx, environ, j.Root, "mod", "download"); err != nil {
				return "", err
			}
			for _, tag := range []string{"nogobackend", "noxla"} {
				if err := j.compileTagged(ctx, tag, environ); err != nil {
					return "", err
				}
			}
			if err := readable(j.Home); err != nil {
				return "", err
			}
			return "", writeText(j.stamp("shared"), want)
		},
	}
}

// ForOthers returns an error that says why other users of this machine cannot read
// what is at path, if they cannot.
func ForOthers(path string) error {
	path, err := filepath.EvalSymlinks(path)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	for need := fs.FileMode(0o004); err == nil; need = 0o001 {
		info, failed := os.Stat(path)
		switch {
		case failed != nil:
			err = failed
		case info.Mode()&need == 0:
			err = fmt.Errorf("%s is closed to other users (%v)", path, info.Mode())
		case filepath.Dir(path) == path:
			return nil
		}
		path = filepath.Dir(path)
	}
	return err
}

// foldersIn lists dir of the repository and the folders below it.
func foldersIn(root, dir string) (dirs []string) {
	_ = filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			relative, _ := filepath.Rel(root, path) // path is below root
			dirs = append(dirs, relative)
		}
		return nil
	})
	return dirs
}

// readable lets everybody read what set-up brought, whatever the umask was, and
// nobody else write there. What runs left behind is nobody else's business.
func readable(home string) error {
	if err := os.Chmod(home, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"bin", "data", "go", "modules", "plugins", "venv"} {
		dir, err := filepath.EvalSymlinks(filepath.Join(home, name))
		if err == nil {
			err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.Type()&fs.ModeSymlink != 0 {
					return err
				}
				info, err := d.Info()
				if err != nil {
					return err
				}
				mode := info.Mode().Perm()&^0o022 | 0o444
				if mode&0o100 != 0 {
					mode |= 0o111
				}
				if mode == info.Mode().Perm() {
					return nil
				}
				return os.Chmod(path, mode)
			})
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
