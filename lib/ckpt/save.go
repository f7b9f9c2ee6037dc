package ckpt

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"syscall"
)

// Save writes a snapshot as the newest checkpoint. When it returns nil the
// snapshot is on disk, has been read back against its checksum, and survives a
// power loss; checkpoints older than the newest Keep are gone.
//
// When it returns an error nothing that was there before is lost, and nothing
// unfinished stays behind; the error names the path. A full disk is told by
// errors.Is(err, syscall.ENOSPC).
//
// It refuses, with the tensor's name: non-finite floats, dtypes other than bool
// and the integers and floats of 8 to 64 bits, more than 65,536 tensors, ranks
// over 32, names that are not UTF-8 or are reserved (__metadata__, __sha256__).
func (d *Dir) Save(s *Snapshot) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return fmt.Errorf("ckpt: %s is closed: open it again before saving", d.path)
	}
	h, prefix, err := describe(s)
	if err != nil {
		return err
	}
	size := int64(len(prefix)) + h.dataBytes
	if size > d.maxBytes {
		return fmt.Errorf("ckpt: a checkpoint of %d bytes is over the limit of %d: raise Options.MaxBytes", size, d.maxBytes)
	}
	number := d.next
	d.next++
	temp := filepath.Join(d.path, fileName(number, unfinished))
	final := filepath.Join(d.path, fileName(number, whole))
	if err := d.place(temp, final, s, h, prefix, size); err != nil {
		return fmt.Errorf("ckpt: saving step %d in %s: %w", s.Step, d.path, err)
	}
	d.prune()
	return nil
}

// place writes the checkpoint at temp, verifies it, and moves it to final. On an
// error it removes temp.
func (d *Dir) place(temp, final string, s *Snapshot, h *header, prefix []byte, size int64) error {
	free, err := d.disk.free(d.path)
	if err != nil {
		return fmt.Errorf("free space: %w", err)
	}
	if free < size {
		return fmt.Errorf("%d bytes needed, %d free: %w", size, free, syscall.ENOSPC)
	}
	sum, err := d.write(temp, s, h, prefix)
	if err == nil {
		err = d.verify(temp, size, sum)
	}
	if err == nil {
		err = d.disk.rename(temp, final)
	}
	if err != nil {
		_ = d.disk.remove(temp) // if even that fails, Open removes it
		return err
	}
	return d.disk.syncDir(d.path)
}

// write makes the file at path durable and returns its digest.
func (d *Dir) write(path string, s *Snapshot, h *header, prefix []byte) (sum [sha256.Size]byte, err error) {
	f, err := d.disk.create(path)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buffered := bufio.NewWriterSize(f, 1<<16)
	if sum, err = encode(buffered, s, h, prefix); err != nil {
		return sum, err
	}
	if err := buffered.Flush(); err != nil {
		return sum, err
	}
	return sum, f.Sync()
}

// verify reads a written file back: its size, its digest, and that the digest is
// the one computed while writing.
func (d *Dir) verify(path string, size int64, want [sha256.Size]byte) error {
	f, err := d.disk.open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != size {
		return fmt.Errorf("%s: %d bytes on disk, %d written", path, info.Size(), size)
	}
	got, err := checkSum(io.NewSectionReader(f, 0, size), size)
	if err != nil {
		return fmt.Errorf("%s: reading back: %w", path, err)
	}
	if got != want {
		return fmt.Errorf("%s: reading back: not what was written", path)
	}
	return nil
}

// prune removes finished checkpoints older than the newest d.keep. A failure is
// only a warning: the snapshot is safe, and the next Save tries again.
func (d *Dir) prune() {
	numbers, err := newestFirst(d.disk, d.path)
	if err != nil {
		slog.Warn("ckpt: old checkpoints not removed", "error", err)
		return
	}
	for _, number := range numbers[min(d.keep, len(numbers)):] {
		path := filepath.Join(d.path, fileName(number, whole))
		if err := d.disk.remove(path); err != nil {
			slog.Warn("ckpt: old checkpoint not removed", "path", path, "error", err)
		}
	}
}
