package ckpt

import (
	"crypto/sha256"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// A bug is a known-wrong way to save, planted below the package through its disk.
// Each must be found by the tests that name it.
type bug func(disk) disk

// correct plants nothing.
func correct(d disk) disk { return d }

// bugs by name, so that child processes can plant them too.
var bugs = map[string]bug{
	"":             correct,
	"no rename":    func(d disk) disk { return inPlace{d} },
	"no file sync": func(d disk) disk { return noFileSync{d} },
	"no dir sync":  func(d disk) disk { return noDirSync{d} },
	"no checksum":  func(d disk) disk { return noCheckSum{d} },
	"prune first":  func(d disk) disk { return pruneFirst{d} },
	"keep litter":  func(d disk) disk { return keepLitter{d} },
}

// inPlace writes under the final name at once.
type inPlace struct{ disk }

func (d inPlace) create(path string) (file, error) {
	return d.disk.create(strings.TrimSuffix(path, ".tmp"))
}

func (d inPlace) open(path string) (file, error) {
	return d.disk.open(strings.TrimSuffix(path, ".tmp"))
}

func (d inPlace) rename(from, to string) error {
	if strings.HasSuffix(from, ".tmp") {
		return nil
	}
	return d.disk.rename(from, to)
}

// noFileSync renames files whose bytes may still be in flight.
type noFileSync struct{ disk }

func (d noFileSync) create(path string) (file, error) {
	f, err := d.disk.create(path)
	return unsynced{f}, err
}

type unsynced struct{ file }

func (unsynced) Sync() error { return nil }

// noDirSync acknowledges a rename, and prunes, before the rename is durable.
type noDirSync struct{ disk }

func (noDirSync) syncDir(string) error { return nil }

// noCheckSum reads every file with a digest that fits its bytes.
type noCheckSum struct{ disk }

func (d noCheckSum) open(path string) (file, error) {
	f, err := d.disk.open(path)
	return resigned{f}, err
}

type resigned struct{ file }

func (f resigned) ReadAt(p []byte, off int64) (int, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	data := make([]byte, info.Size())
	if _, err := f.file.ReadAt(data, 0); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if body := len(data) - sha256.Size; body >= 0 {
		sum := sha256.Sum256(data[:body])
		copy(data[body:], sum[:])
	}
	return copy(p, data[min(off, info.Size()):]), nil
}

// pruneFirst removes the old checkpoints before the new one is whole.
type pruneFirst struct{ disk }

func (d pruneFirst) create(path string) (file, error) {
	names, err := d.list(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	for _, name := range names {
		if strings.HasSuffix(name, whole) {
			if err := d.remove(filepath.Join(filepath.Dir(path), name)); err != nil {
				return nil, err
			}
		}
	}
	return d.disk.create(path)
}

// keepLitter leaves temporary files where a Save failed.
type keepLitter struct{ disk }

func (d keepLitter) remove(path string) error {
	if strings.HasSuffix(path, ".tmp") {
		return nil
	}
	return d.disk.remove(path)
}
