package ckpt

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/gomlx/core/tensors"
)

// lengthBytes is the size of the header's length at the beginning of a file.
const lengthBytes = 8

// describe returns the header of a snapshot's file and the bytes that go before
// the tensors: the header's length and its JSON. It refuses what decode would
// refuse, because it asks the same parser.
func describe(s *Snapshot) (*header, []byte, error) {
	text, err := formatHeader(s)
	if err != nil {
		return nil, nil, err
	}
	h, err := parseHeader(text)
	if err != nil {
		return nil, nil, fmt.Errorf("ckpt: %w", err)
	}
	for _, e := range h.entries {
		if err := checkFinite(e.name, s.Tensors[e.name]); err != nil {
			return nil, nil, err
		}
	}
	return h, append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), nil
}

// encode writes a file: the prefix, the tensors in the header's order, and the
// digest of it all, which it returns.
func encode(w io.Writer, s *Snapshot, h *header, prefix []byte) (sum [sha256.Size]byte, err error) {
	hash := sha256.New()
	body := io.MultiWriter(w, hash)
	if _, err := body.Write(prefix); err != nil {
		return sum, err
	}
	for _, e := range h.entries {
		var writeErr error
		if err := s.Tensors[e.name].ConstBytes(func(data []byte) { _, writeErr = body.Write(data) }); err != nil {
			return sum, fmt.Errorf("tensor %q: %w", e.name, err)
		}
		if writeErr != nil {
			return sum, writeErr
		}
	}
	hash.Sum(sum[:0])
	_, err = w.Write(sum[:])
	return sum, err
}

// checkSum reads a file of size bytes and returns the digest at its end, or the
// damage if it is not that of the bytes before.
func checkSum(r io.Reader, size int64) (sum [sha256.Size]byte, err error) {
	if size < lengthBytes+sha256.Size {
		return sum, damagef("%d bytes are too short for a checkpoint", size)
	}
	hash := sha256.New()
	if _, err := io.CopyN(hash, r, size-sha256.Size); err != nil {
		return sum, err
	}
	if _, err := io.ReadFull(r, sum[:]); err != nil {
		return sum, err
	}
	if [sha256.Size]byte(hash.Sum(nil)) != sum {
		return sum, damagef("checksum does not match: bytes were changed or cut off")
	}
	return sum, nil
}

// decode returns the snapshot in a file of size bytes, whose digest checkSum has
// found right. It allocates no more than the size and the limits of parseHeader.
func decode(r io.Reader, size int64) (*Snapshot, error) {
	var length [lengthBytes]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > size-lengthBytes {
		return nil, damagef("header of %d bytes in a file of %d; at most %d are allowed", n, size, maxHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, err
	}
	h, err := parseHeader(text)
	if err != nil {
		return nil, err
	}
	if want := size - lengthBytes - int64(n); h.dataBytes != want {
		return nil, damagef("header declares %d bytes of tensors, the file holds %d", h.dataBytes, want)
	}
	s := &Snapshot{Step: h.step, Meta: h.meta, Tensors: make(map[string]*tensors.Tensor, len(h.entries))}
	for _, e := range h.entries {
		t, err := readTensor(r, e)
		if err != nil {
			return nil, err
		}
		s.Tensors[e.name] = t
	}
	return s, nil
}

// readTensor reads the bytes of one tensor.
func readTensor(r io.Reader, e entry) (*tensors.Tensor, error) {
	t := tensors.FromShape(e.shape)
	var readErr error
	err := t.MutableBytes(func(data []byte) {
		if _, readErr = io.ReadFull(r, data); readErr != nil || e.shape.DType != dtypes.Bool {
			return
		}
		for _, b := range data {
			if b > 1 { // a Go bool with any other byte behaves as no bool does
				readErr = damagef("tensor %q: byte %d is no bool", e.name, b)
				return
			}
		}
	})
	if readErr != nil {
		return nil, readErr
	}
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", e.name, err)
	}
	return t, nil
}

// checkFinite returns an error that names the tensor if it holds a NaN or an
// infinity.
func checkFinite(name string, t *tensors.Tensor) error {
	at, err := -1, error(nil)
	err = t.ConstFlatData(func(flat any) {
		switch flat := flat.(type) {
		case []float32:
			at = firstNonFinite(flat, func(v float32) float64 { return float64(v) })
		case []float64:
			at = firstNonFinite(flat, func(v float64) float64 { return v })
		case []float16.Float16:
			at = firstNonFinite(flat, func(v float16.Float16) float64 { return float64(v.Float32()) })
		case []bfloat16.BFloat16:
			at = firstNonFinite(flat, func(v bfloat16.BFloat16) float64 { return float64(v.Float32()) })
		}
	})
	if err != nil {
		return fmt.Errorf("ckpt: tensor %q: %w", name, err)
	}
	if at >= 0 {
		return fmt.Errorf("ckpt: tensor %q is not finite (element %d of %s): not saved; the last checkpoint stays", name, at, t.Shape())
	}
	return nil
}

// firstNonFinite returns the index of the first NaN or infinity, or -1.
func firstNonFinite[T any](flat []T, value func(T) float64) int {
	for i, v := range flat {
		if x := value(v); x-x != 0 { // ±Inf − ±Inf and NaN − NaN are NaN
			return i
		}
	}
	return -1
}
