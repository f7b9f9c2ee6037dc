package setup

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gomlx/go-xla/installer"
)

// Unverified returns the plugin of a backend that go-xla's installer brought
// because the user asked for it, or "".
func (l Layout) Unverified(backend string) string {
	for _, pattern := range []string{"*plugin*", "nvidia/*plugin*", "nvidia/*pjrt*"} {
		found, _ := filepath.Glob(filepath.Join(l.unverifiedDir(backend), pattern))
		for _, path := range found {
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return path
			}
		}
	}
	return ""
}

func (l Layout) unverifiedDir(backend string) string {
	return filepath.Join(l.Home, "plugins", "unverified-"+backend)
}

// unverifiedStep has go-xla's own installer bring a plugin. Gibbs knows no hash
// of it; the kernelspecs name its path, and nothing else loads it.
func (j *job) unverifiedStep(backend string) step {
	return step{
		name: "plugin",
		what: "PJRT plugin for " + backend + " by go-xla's installer, unverified",
		need: 4e9,
		done: func() bool { return j.Unverified(backend) != "" },
		do: func(ctx context.Context) (string, error) {
			dir := filepath.Join(j.temp(), "plugin")
			failed := make(chan error, 1)
			go func() { failed <- install(backend, dir) }() // it cannot be stopped, only left
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case err := <-failed:
				if err != nil {
					return "", err
				}
			}
			if err := os.MkdirAll(filepath.Dir(j.unverifiedDir(backend)), 0o755); err != nil {
				return "", err
			}
			return "not verified: you vouch for it", os.Rename(dir, j.unverifiedDir(backend))
		},
	}
}

// install runs go-xla's installer without its cache, which may hold an error page.
// CUDA exists for Linux on x86-64 only, where its hash is known.
func install(backend, dir string) error {
	if backend == "xla-cuda" {
		return fmt.Errorf("no CUDA plugin exists for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	return installer.CPUInstall(runtime.GOOS+"_"+runtime.GOARCH, "latest", dir, false, installer.Quiet)
}
