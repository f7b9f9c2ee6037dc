package ckpt

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"syscall"
)

// Latest returns the newest whole checkpoint, bit for bit as it was saved.
// Damaged ones that are newer are renamed to end in .bad, warned about, and
// listed by Damaged; those that the disk cannot read are listed too, but stay.
// The error is ErrNone if no whole checkpoint is there and none is unreadable.
// Any other error (a failing disk, permissions, a checkpoint larger than MaxBytes
// or of a newer format) leaves that checkpoint where it is.
func (d *Dir) Latest() (*Snapshot, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, fmt.Errorf("ckpt: %s is closed: open it again, or use Load", d.path)
	}
	return newest(d.disk, d.path, d.maxBytes, func(number int64, damage error) {
		path := filepath.Join(d.path, fileName(number, whole))
		if isDamage(damage) {
			aside := filepath.Join(d.path, fileName(number, setAside))
			if err := d.disk.rename(path, aside); err != nil {
				damage = errors.Join(damage, err)
			} else {
				path = aside
			}
		}
		slog.Warn("ckpt: damaged checkpoint", "path", path, "error", damage)
		d.damaged = append(d.damaged, Damaged{Path: path, Err: damage})
	})
}

// Load returns the newest whole checkpoint of a folder without opening it for
// writing, so it may be called while another process saves there. It changes
// nothing: damaged checkpoints are passed over with a warning. The error is
// ErrNone if there is no whole checkpoint or no folder. Checkpoints larger than
// DefaultMaxBytes are refused; Open reads them.
func Load(path string) (*Snapshot, error) { return loadFrom(osDisk{}, path) }

func loadFrom(on disk, path string) (s *Snapshot, err error) {
	for range 100 { // each round lost means that a whole Save ended between a listing and an opening
		s, err = newest(on, path, DefaultMaxBytes, func(number int64, damage error) {
			slog.Warn("ckpt: damaged checkpoint", "path", filepath.Join(path, fileName(number, whole)), "error", damage)
		})
		if !errors.Is(err, errGone) {
			break
		}
	}
	return s, err
}

// errGone says that a checkpoint was removed between listing and opening. Its
// writer removes one only after saving a newer one, so listing again helps.
var errGone = errors.New("ckpt: removed while loading")

// newest returns the newest whole checkpoint, and hands the number of each newer
// one that is damaged or unreadable to aside.
func newest(on disk, path string, maxBytes int64, aside func(number int64, err error)) (*Snapshot, error) {
	numbers, err := newestFirst(on, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: no folder %s", ErrNone, path)
	}
	if err != nil {
		return nil, err
	}
	var unreadable error
	for _, number := range numbers {
		name := filepath.Join(path, fileName(number, whole))
		s, err := read(on, name, maxBytes)
		switch {
		case err == nil:
			return s, nil
		case isDamage(err):
			aside(number, err)
		case errors.Is(err, syscall.EIO):
			aside(number, err)
			unreadable = fmt.Errorf("ckpt: %s: %w", name, err)
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("%w: %s", errGone, name)
		default:
			return nil, fmt.Errorf("ckpt: %s: %w", name, err)
		}
	}
	if unreadable != nil {
		return nil, unreadable
	}
	return nil, fmt.Errorf("%w in %s (%d damaged)", ErrNone, path, len(numbers))
}

// read returns the checkpoint in a file. The whole file is checked against its
// digest, in constant memory, before a byte of it is interpreted.
func read(on disk, path string, maxBytes int64) (*Snapshot, error) {
	f, err := on.open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, damagef("not a regular file")
	}
	size := info.Size()
	if size > maxBytes {
		return nil, fmt.Errorf("%d bytes are over the limit of %d: raise Options.MaxBytes", size, maxBytes)
	}
	if _, err := checkSum(io.NewSectionReader(f, 0, size), size); err != nil {
		return nil, err
	}
	return decode(io.NewSectionReader(f, 0, size), size)
}

// damage is what is wrong with the bytes of a checkpoint.
type damage struct{ what string }

func (e *damage) Error() string { return e.what }

func damagef(format string, args ...any) error {
	return &damage{what: fmt.Sprintf(format, args...)}
}

// isDamage tells wrong bytes from a failure to read them.
func isDamage(err error) bool {
	var d *damage
	return errors.As(err, &d) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
