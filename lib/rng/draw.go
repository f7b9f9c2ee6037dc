package rng

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Bits draws uint32 words of the given dimensions; no dimensions mean a scalar.
// From a keyed State, block i yields words i and blocks+i of the flat result,
// blocks = ⌈size/2⌉; the stream repeats itself after 2³² draws. From n lanes, lane i
// yields words i, n+i, 2n+i, … One draw holds at most 2³² words. It panics on
// dimensions below 1 or too many words.
func Bits(s State, dims ...int) (State, *Node) {
	n := size(dims)
	if s.isLanes() {
		s, words := s.laneBits(n)
		return s, Reshape(words, dims...)
	}
	y0, y1 := s.blocks((n + 1) / 2)
	words := Concatenate([]*Node{y0, y1}, 0)
	if n%2 == 1 {
		words = Slice(words, AxisRange(0, n))
	}
	return s.next(), Reshape(words, dims...)
}

// rows draws k rows of words, each of the given dimensions: those of Bits with a
// leading axis of k. Rows that need not be cut out of one array are not, so that
// XLA computes each where it is used.
func (s State) rows(k int, dims ...int) (State, []*Node) {
	rows := make([]*Node, k)
	if k == 2 && !s.isLanes() {
		y0, y1 := s.blocks(size(dims))
		return s.next(), []*Node{Reshape(y0, dims...), Reshape(y1, dims...)}
	}
	s, words := Bits(s, append([]int{k}, dims...)...)
	for i := range rows {
		rows[i] = row(words, i)
	}
	return s, rows
}

// size returns the product of dims, and panics unless each is positive and their
// product below 2³².
func size(dims []int) int {
	n := 1
	for _, d := range dims {
		if d < 1 || n > math.MaxUint32/d {
			exceptions.Panicf("rng: cannot draw dimensions %v: each must be positive, their product below 2³²", dims)
		}
		n *= d
	}
	return n
}

// blocks returns both words of blocks 0…n−1 of the current draw, each uint32[n].
func (s State) blocks(n int) (y0, y1 *Node) {
	index := Iota(s.words.Graph(), shapes.Make(dtypes.Uint32, n), 0)
	return threefry(s.word(0), s.word(1), index, s.word(2))
}

// Uniform draws numbers strictly between 0 and 1, equal on every backend. They
// lie on a grid that is symmetric about ½:
//
//	float32: (2k+1)·2⁻²⁴, k < 2²³, one word each; from 2⁻²⁴ to 1 − 2⁻²⁴
//	float64: (2k+1)·2⁻⁵³, k < 2⁵², two words each; from 2⁻⁵³ to 1 − 2⁻⁵³
//
// It panics on any other dtype.
func Uniform(s State, dtype dtypes.DType, dims ...int) (State, *Node) {
	switch dtype {
	case dtypes.Float32:
		s, words := Bits(s, dims...)
		return s, uniform32(words)
	case dtypes.Float64:
		s, words := s.rows(2, dims...)
		return s, uniform64(words[0], words[1])
	}
	panicDType(dtype)
	return State{}, nil
}

// uniform32 maps words to (2k+1)·2⁻²⁴ with k the upper 23 bits: exact in float32.
func uniform32(words *Node) *Node {
	return scaled(shiftRight(words, 9), dtypes.Float32, 0x1p-23, 0x1p-24)
}

// uniform64 maps two words to (2k+1)·2⁻⁵³ with k the 32 bits of one and the upper
// 20 of the other: exact in float64.
func uniform64(high, low *Node) *Node {
	fine := scaled(shiftRight(low, 12), dtypes.Float64, 0x1p-52, 0x1p-53)
	return Add(scaled(high, dtypes.Float64, 0x1p-32, 0), fine)
}

// scaled returns words·scale + offset in dtype.
func scaled(words *Node, dtype dtypes.DType, scale, offset float64) *Node {
	return plus(times(number(words, dtype), scale), offset)
}

// number converts words to dtype. Gradients end here: the integer operations of a
// generator have none, and GoMLX looks for them behind its fused layers.
func number(words *Node, dtype dtypes.DType) *Node {
	return StopGradient(ConvertDType(words, dtype))
}

// fixed ends gradients behind a draw. The draw itself can be what a derivative is
// taken by: GoMLX has 0 for that at a node of StopGradient, so one stands after it.
func fixed(draw *Node) *Node { return Identity(StopGradient(draw)) }

// row returns words[i], without its leading axis.
func row(words *Node, i int) *Node {
	return Squeeze(Slice(words, AxisElem(i)), 0)
}

func panicDType(dtype dtypes.DType) {
	exceptions.Panicf("rng: numbers are drawn in float32 or float64, not %s", dtype)
}

// times and plus take constants that GoMLX does not cache: its cached scalars may
// belong to another function of the graph than the body of a loop.
func times(x *Node, c float64) *Node { return Mul(x, constant(x, c)) }

func plus(x *Node, c float64) *Node { return Add(x, constant(x, c)) }

// constant is the number c in the dtype of x, float32 or float64.
func constant(x *Node, c float64) *Node {
	if x.DType() == dtypes.Float32 {
		return Const(x.Graph(), float32(c))
	}
	return Const(x.Graph(), c)
}
