//go:build !linux && !darwin

package ckpt

import "math"

// free knows no limit here: a full disk is found while writing.
func (osDisk) free(string) (int64, error) { return math.MaxInt64, nil }
