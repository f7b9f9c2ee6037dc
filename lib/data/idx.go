package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxIDXAxes is enough for MNIST's images and for colour ones.
const maxIDXAxes = 4

// ReadIDX reads an array of unsigned bytes in the IDX format, plain or gzipped,
// and returns its dimensions and its values in row-major order. It refuses other
// element types, more than 4 axes, sizes of 0, content of more than limit bytes,
// and content that is shorter or longer than its header says. Memory grows with
// what is read, not with what the header says.
//
// Source: the format as described with MNIST: two zero bytes, the element type
// (8: unsigned byte), the number of axes, each size as a big-endian uint32, the
// values.
func ReadIDX(r io.Reader, limit int64) (dims []int, values []byte, err error) {
	buffered := bufio.NewReader(r)
	if start, _ := buffered.Peek(2); bytes.Equal(start, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, nil, fmt.Errorf("data: IDX: %w", err)
		}
		dims, values, err = readPlainIDX(unpacked, limit)
		return dims, values, err
	}
	return readPlainIDX(buffered, limit)
}

func readPlainIDX(r io.Reader, limit int64) (dims []int, values []byte, err error) {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return nil, nil, fmt.Errorf("data: IDX: header: %w", err)
	}
	axes := int(magic[3])
	if magic[0] != 0 || magic[1] != 0 || magic[2] != 8 || axes < 1 || axes > maxIDXAxes {
		return nil, nil, fmt.Errorf("data: IDX: starts with %x: want 000008 (unsigned bytes) and 1 to %d axes", magic, maxIDXAxes)
	}
	sizes := make([]uint32, axes)
	if err := binary.Read(r, binary.BigEndian, sizes); err != nil {
		return nil, nil, fmt.Errorf("data: IDX: sizes of %d axes: %w", axes, err)
	}
	total := int64(1)
	for _, size := range sizes {
		if size == 0 || int64(size) > limit/total {
			return nil, nil, fmt.Errorf("data: IDX: sizes %d: each must be positive and their product at most %d", sizes, limit)
		}
		total *= int64(size)
		dims = append(dims, int(size))
	}
	values, err = io.ReadAll(io.LimitReader(r, total+1))
	if err != nil {
		return nil, nil, fmt.Errorf("data: IDX: values: %w", err)
	}
	if int64(len(values)) < total {
		return nil, nil, fmt.Errorf("data: IDX: %d values, sizes %d need %d: the file is cut: %w", len(values), dims, total, io.ErrUnexpectedEOF)
	}
	if int64(len(values)) > total {
		return nil, nil, errors.New("data: IDX: bytes after the last value")
	}
	return dims, values, nil
}
