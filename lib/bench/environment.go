package main

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"gibbs/kernels/child"

	"github.com/gofrs/flock"
)

// peers holds the peers' programs and the hash-locked lists of what they need.
//
//go:embed peers
var peers embed.FS

// environment is a Python environment of peers, made on first use.
type environment struct {
	name string // of its list in peers/
	size string // on disk
}

var (
	common  = environment{"python", "1.1 GB"} // JAX, BlackJAX, NumPyro, scikit-learn, Numba
	pytorch = environment{"torch", "5.4 GB"}
)

// dir is where the environment lies under home. The name holds the hash of the
// list and of the Python that it is made with, so that a folder of that name is
// whole and right.
func (e environment) dir(home, list, python string) string {
	sum := sha256.Sum256([]byte(list + python))
	return filepath.Join(home, "peers", e.name+"-"+hex.EncodeToString(sum[:6]))
}

// ensure returns the environment's interpreter, having made the environment where
// it was missing: aside, and renamed when whole, so that it can be killed at any
// moment and run again. Only one process makes environments at a time.
func (e environment) ensure(ctx context.Context, home string, out io.Writer) (python string, err error) {
	list, err := peers.ReadFile("peers/" + e.name + ".txt")
	if err != nil {
		return "", err
	}
	base, version, err := basePython(ctx)
	if err != nil {
		return "", err
	}
	dir := e.dir(home, string(list), version)
	python = filepath.Join(dir, "bin", "python")
	if _, err := os.Stat(dir); err == nil {
		return python, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", fmt.Errorf("bench: %w", err)
	}
	lock := flock.New(filepath.Join(filepath.Dir(dir), "lock"))
	if ok, err := lock.TryLockContext(ctx, 200*time.Millisecond); !ok || err != nil {
		return "", fmt.Errorf("bench: waiting for another set-up of peers: %w", errors.Join(err, ctx.Err()))
	}
	defer func() { _ = lock.Unlock() }()
	if _, err := os.Stat(dir); err == nil {
		return python, nil
	}
	fmt.Fprintf(out, "bringing the peers' environment %q (%s) into %s …\n", e.name, e.size, dir)
	return python, e.make(ctx, base, dir)
}

// make builds the environment. The lock is held.
func (e environment) make(ctx context.Context, base, dir string) error {
	half := filepath.Join(filepath.Dir(dir), "half-made")
	if err := os.RemoveAll(half); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	if _, err := (child.Command{Name: base, Args: []string{"-I", "-m", "venv", half}}).Output(ctx); err != nil {
		return fmt.Errorf("bench: making a Python environment: %w", err)
	}
	list := filepath.Join(half, e.name+".txt")
	raw, err := peers.ReadFile("peers/" + e.name + ".txt")
	if err == nil {
		err = os.WriteFile(list, raw, 0o644)
	}
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	pip := child.Command{Name: filepath.Join(half, "bin", "python"), Args: []string{
		"-m", "pip", "install", "-q", "--no-input", "--disable-pip-version-check",
		"--require-hashes", "--only-binary", ":all:", "--no-deps", "-r", list}}
	if _, err := pip.Output(ctx); err != nil {
		return fmt.Errorf("bench: installing %s.txt: %w\n"+
			"The peers come from the Python package index: connect to the network, or name your mirror in PIP_INDEX_URL, and run it again. "+
			"Without peers, `-peer '^$'` times our side alone", e.name, err)
	}
	if err := os.Rename(half, dir); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}

// basePython finds a Python of 3.11 or later: GIBBS_PYTHON, or one on PATH.
func basePython(ctx context.Context) (path, version string, err error) {
	names := []string{"python3", "python3.11", "python3.12", "python3.13", "python3.14"}
	if named := os.Getenv("GIBBS_PYTHON"); named != "" {
		names = []string{named}
	}
	const ask = `import sys, venv, ensurepip; assert sys.version_info >= (3, 11); print(sys.executable, sys.version.split()[0])`
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			continue
		}
		said, err := child.Command{Name: name, Args: []string{"-I", "-c", ask}}.Output(ctx)
		if ctx.Err() != nil {
			return "", "", ctx.Err()
		}
		if fields := strings.Fields(said); err == nil && len(fields) == 2 {
			return fields[0], fields[1], nil
		}
	}
	return "", "", fmt.Errorf("bench: the peers need Python 3.11 or later with venv: none of %s is one; install it, or name one in GIBBS_PYTHON", strings.Join(names, ", "))
}

// unpack writes the peers' programs into a temporary folder.
func unpack() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "gibbs-bench-"); err != nil {
		return "", fmt.Errorf("bench: %w", err)
	}
	programs, err := fs.Sub(peers, "peers")
	if err == nil {
		err = os.CopyFS(dir, programs)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("bench: %w", err), os.RemoveAll(dir))
	}
	return dir, nil
}
