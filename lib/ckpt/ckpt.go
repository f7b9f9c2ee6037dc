// Package ckpt keeps crash-safe checkpoints, and artefacts keyed by what made
// them.
//
// A folder holds numbered checkpoints, each one file. Save writes a temporary
// file, syncs it, reads it back against its SHA-256, renames it, syncs the
// folder, and only then removes older ones; so a kill, a power loss or a full
// disk at any moment leaves the new checkpoint or the one before it. Latest
// reads the newest whole one and sets damaged ones aside.
//
// A checkpoint is a safetensors file: 8 bytes of header length, a JSON header,
// the raw little-endian tensors. Its last tensor, __sha256__, holds the SHA-256
// of every byte before it, so any change of any byte is found on loading.
//
// Key makes the name of an artefact: a digest of everything that made it.
//
// Source: the safetensors format, version 0.4 (Hugging Face). Differs: the
// digest is required, so files of other writers are refused; names, dtypes and
// sizes have the limits that Save states.
package ckpt

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gofrs/flock"
	"github.com/gomlx/gomlx/core/tensors"
)

// Snapshot is the state of a training run, or a trained model.
type Snapshot struct {
	Step    int64                      // optimiser updates done; not negative
	Tensors map[string]*tensors.Tensor // by name; variables of a store have their path, which begins with "/"
	Meta    map[string]string          // seed, settings, versions; keys must not begin with "gibbs."
}

// Options of a folder. The zero value is ready to use.
type Options struct {
	Keep     int   // checkpoints to keep, the newest ones; 0 means 2
	MaxBytes int64 // largest checkpoint to write or read, in bytes; 0 means DefaultMaxBytes
}

// DefaultMaxBytes is the largest checkpoint, in bytes, unless Options say
// otherwise: 8 GiB, which a float32 model of 700 million weights with Adam's
// two moments fills.
const DefaultMaxBytes = 8 << 30

var (
	// ErrNone says that a folder holds no whole checkpoint.
	ErrNone = errors.New("ckpt: no whole checkpoint")
	// ErrLocked says that another writer has the folder open.
	ErrLocked = errors.New("ckpt: folder is open for writing elsewhere")
)

// Damaged is a checkpoint that failed its checks or could not be read.
type Damaged struct {
	Path string // where it lies now; set aside, it ends in .bad
	Err  error  // what is wrong with it
}

// Dir is a folder of checkpoints, open for one writer. Its methods may be called
// from several goroutines.
type Dir struct {
	path     string
	keep     int
	maxBytes int64
	disk     disk
	lock     *flock.Flock

	mu      sync.Mutex
	next    int64 // number of the next checkpoint
	damaged []Damaged
	closed  bool
}

// Open opens a folder for writing, creates it if it is missing, and removes what
// an interrupted Save left. It fails with ErrLocked while another Dir, in this
// process or another, has it open. Close releases it; so does the end of the
// process, however it ends.
func Open(path string, o Options) (*Dir, error) {
	if o.Keep < 0 || o.MaxBytes < 0 {
		return nil, fmt.Errorf("ckpt: Keep %d and MaxBytes %d must not be negative", o.Keep, o.MaxBytes)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("ckpt: %w", err)
	}
	if err := makeDir(path); err != nil {
		return nil, fmt.Errorf("ckpt: creating %s: %w", path, err)
	}
	lock := flock.New(filepath.Join(path, "lock"))
	switch ok, err := lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("ckpt: locking %s: %w", path, err)
	case !ok:
		return nil, fmt.Errorf("%w: %s: stop the other run, or choose another folder", ErrLocked, path)
	}
	d, err := openOn(osDisk{}, path, o)
	if err != nil {
		lock.Close()
		return nil, err
	}
	d.lock = lock
	return d, nil
}

// openOn is Open on a given disk, for a folder that exists and is locked.
func openOn(on disk, path string, o Options) (*Dir, error) {
	d := &Dir{path: path, keep: o.Keep, maxBytes: o.MaxBytes, disk: on, next: 1}
	if d.keep == 0 {
		d.keep = 2
	}
	if d.maxBytes == 0 {
		d.maxBytes = DefaultMaxBytes
	}
	names, err := on.list(path)
	if err != nil {
		return nil, fmt.Errorf("ckpt: listing %s: %w", path, err)
	}
	for _, name := range names {
		number, suffix, ok := parseName(name)
		if !ok {
			continue
		}
		d.next = max(d.next, number+1)
		if suffix == unfinished {
			if err := on.remove(filepath.Join(path, name)); err != nil {
				return nil, fmt.Errorf("ckpt: removing what an interrupted save left: %w", err)
			}
		}
	}
	return d, nil
}

// Close releases the folder for other writers. A second Close does nothing.
func (d *Dir) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || d.lock == nil {
		d.closed = true
		return nil
	}
	d.closed = true
	if err := d.lock.Close(); err != nil {
		return fmt.Errorf("ckpt: releasing %s: %w", d.path, err)
	}
	return nil
}

// Damaged returns what Latest has passed over since Open, in the order found.
// What was set aside stays on disk for inspection; nothing removes it.
func (d *Dir) Damaged() []Damaged {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.damaged)
}

// The endings of a checkpoint's file name.
const (
	whole      = ".safetensors"
	unfinished = whole + ".tmp"
	setAside   = whole + ".bad"
)

// fileName returns the name of a numbered file, such as ckpt-000000000007.safetensors.
func fileName(number int64, suffix string) string {
	return fmt.Sprintf("ckpt-%012d%s", number, suffix)
}

// parseName is the inverse of fileName; ok is false for any other file.
func parseName(name string) (number int64, suffix string, ok bool) {
	base, _, _ := strings.Cut(name, ".")
	suffix = name[len(base):]
	if !slices.Contains([]string{whole, unfinished, setAside}, suffix) {
		return 0, "", false
	}
	if _, err := fmt.Sscanf(base, "ckpt-%d", &number); err != nil || number <= 0 || number >= 1e12 {
		return 0, "", false
	}
	return number, suffix, fileName(number, suffix) == name
}

// newestFirst returns the numbers of the finished checkpoints in a folder.
func newestFirst(on disk, path string) ([]int64, error) {
	names, err := on.list(path)
	if err != nil {
		return nil, fmt.Errorf("ckpt: listing %s: %w", path, err)
	}
	var numbers []int64
	for _, name := range names {
		if number, suffix, ok := parseName(name); ok && suffix == whole {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	slices.Reverse(numbers)
	return numbers, nil
}
