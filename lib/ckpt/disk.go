package ckpt

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// disk is what the package asks of a file system. Tests put one under it that
// fails, fills up or loses power.
type disk interface {
	create(path string) (file, error) // for writing, emptied if it exists
	open(path string) (file, error)   // for reading
	rename(from, to string) error
	remove(path string) error
	list(dir string) ([]string, error)
	syncDir(dir string) error       // makes creations, renames and removals in dir durable
	free(dir string) (int64, error) // bytes that may still be written
}

// file is an open file of a disk.
type file interface {
	io.Writer
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
	Sync() error
}

// osDisk is the operating system's file system.
type osDisk struct{}

func (osDisk) create(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
}

func (osDisk) open(path string) (file, error) { return os.Open(path) }

func (osDisk) rename(from, to string) error { return os.Rename(from, to) }

func (osDisk) remove(path string) error { return os.Remove(path) }

func (osDisk) list(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

func (osDisk) syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// makeDir creates a folder and the missing ones above it, and makes each of them
// durable: an unsynced entry could take all that lies below it along.
func makeDir(path string) error {
	switch info, err := os.Stat(path); {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return errors.New("a file of that name is in the way")
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	parent := filepath.Dir(path)
	if err := makeDir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return osDisk{}.syncDir(parent)
}
