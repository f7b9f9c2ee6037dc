package data

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"gibbs/lib/env"
)

// The file of handwritten digits, as scikit-learn 1.7.2 carries it in
// sklearn/datasets/data. Set-up puts it into the folder data under env.Home.
const (
	DigitsFile   = "digits.csv.gz"
	DigitsBytes  = 57523
	DigitsSHA256 = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"

	digitsRows = 1797
	digitsSide = 8
	digitsInk  = 16 // the largest pixel value
)

// Digits returns the 1,797 handwritten digits of 8×8 pixels that set-up installed,
// in the file's order, with their labels 0 to 9. Pixels are ink from 0 (paper) to
// 1, the file's 0 to 16 divided by 16; over all pixels their mean is 0.3053 and
// their standard deviation 0.3760. The error says what to do if the file is
// missing or damaged; a missing one is told by errors.Is(err, fs.ErrNotExist).
//
// Source: Alpaydin, Kaynak, "Optical recognition of handwritten digits", UCI
// Machine Learning Repository, 1998, its test part.
func Digits() (*Set, error) {
	home, err := env.Home()
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	path := filepath.Join(home, "data", DigitsFile)
	packed, err := readVerified(path, DigitsBytes, DigitsSHA256)
	if err != nil {
		return nil, fmt.Errorf("data: handwritten digits: %w: run `go run ./kernels setup`", err)
	}
	set, err := parseDigits(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", path, err)
	}
	return set, nil
}

// readVerified reads a file that must have exactly the given size and SHA-256.
func readVerified(path string, size int64, sum string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("not found: %w", err)
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, size+1))
	if err != nil {
		return nil, err
	}
	if int64(len(content)) != size {
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s has %d bytes, want %d: it is damaged or another file", path, info.Size(), size)
	}
	if got := sha256.Sum256(content); hex.EncodeToString(got[:]) != sum {
		return nil, fmt.Errorf("%s has SHA-256 %x, want %s: it is damaged or was changed", path, got, sum)
	}
	return content, nil
}

// parseDigits reads rows of 64 pixels and a label from gzipped CSV.
func parseDigits(r io.Reader) (*Set, error) {
	unpacked, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	rows := csv.NewReader(unpacked)
	rows.FieldsPerRecord = digitsSide*digitsSide + 1
	rows.ReuseRecord = true
	set := &Set{Shape: []int{digitsSide, digitsSide}}
	for {
		row, err := rows.Read()
		if err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		for i, field := range row {
			limit := uint64(digitsInk)
			if i == digitsSide*digitsSide {
				limit = 9
			}
			value, err := strconv.ParseUint(field, 10, 8)
			if err != nil || value > limit {
				return nil, fmt.Errorf("row %d, column %d: %q is no whole number from 0 to %d", len(set.Labels)+1, i+1, field, limit)
			}
			if i < digitsSide*digitsSide {
				set.X = append(set.X, float32(value)/digitsInk)
			} else {
				set.Labels = append(set.Labels, int32(value))
			}
		}
	}
	if len(set.Labels) != digitsRows {
		return nil, fmt.Errorf("%d rows, want %d", len(set.Labels), digitsRows)
	}
	return set, nil
}
