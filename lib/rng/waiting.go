package rng

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
)

// Exponential draws waiting times of rate 1, −ln u, from 0 to 33 ln 2 = 22.9 in
// float32 (exceeded with probability 1.2e-10; one word each) and to 65 ln 2 = 45.1
// in float64 (two words each). Small ones lie on a grid of 2⁻²⁴ and 2⁻⁵³. Numbers may
// differ between backends in their last bits. It panics on any other dtype.
func Exponential(s State, dtype dtypes.DType, dims ...int) (State, *Node) {
	s, u := unit(s, dtype, dims)
	if dtype == dtypes.Float32 {
		return s, fixed(times(minus2Log32(u), 0.5))
	}
	return s, Neg(Log(u))
}

// Gumbel draws numbers of the standard Gumbel law P(g ≤ x) = exp(−exp(−x)), that of
// the largest of many exponential numbers, less their logarithm of count.
//
//	g = −ln(−ln(1−u))
//
// The upper tail is right to 33 ln 2 = 22.9 in float32 (one word each) and to
// 65 ln 2 = 45.1 in float64 (two words each); the lower one, which falls doubly
// exponentially, ends at −ln(24 ln 2) = −2.81 and −ln(53 ln 2) = −3.60, below which
// lie 6e-8 and 1.1e-16 of the law. Numbers may differ between backends in their last
// bits. It panics on any other dtype.
func Gumbel(s State, dtype dtypes.DType, dims ...int) (State, *Node) {
	s, u := unit(s, dtype, dims)
	below1 := 1 - 0x1p-24
	if dtype == dtypes.Float64 {
		below1 = 1 - 0x1p-53
	}
	wait := Neg(Log1P(Neg(Min(u, constant(u, below1)))))
	if dtype == dtypes.Float32 {
		return s, fixed(times(minus2Log32(wait), 0.5))
	}
	return s, Neg(Log(wait))
}

// unit draws numbers in (0, 1] that are fine near 0.
func unit(s State, dtype dtypes.DType, dims []int) (State, *Node) {
	switch dtype {
	case dtypes.Float32:
		s, words := Bits(s, dims...)
		return s, unit32(words)
	case dtypes.Float64:
		s, words := s.rows(2, dims...)
		return s, unit64(words[0], words[1])
	}
	panicDType(dtype)
	return State{}, nil
}
