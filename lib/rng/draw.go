package rng

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Bits draws uint32 words of the given dimensions; no dimensions mean a scalar.
// Block i yields words i and blocks+i of the flat result, blocks = ⌈size/2⌉.
// A stream repeats itself after 2³² draws; one draw holds at most 2³² words. It
// panics on dimensions below 1 or too many words.
func Bits(s State, dims ...int) (State, *Node) {
	size := 1
	for _, d := range dims {
		if d < 1 || size > math.MaxUint32/d {
			exceptions.Panicf("rng: cannot draw dimensions %v: each must be positive, their product below 2³²", dims)
		}
		size *= d
	}
	if s.isLanes() {
		s, words := s.laneBits(size)
		return s, Reshape(words, dims...)
	}
	y0, y1 := s.blocks((size + 1) / 2)
	words := Concatenate([]*Node{y0, y1}, 0)
	if size%2 == 1 {
		words = Slice(words, AxisRange(0, size))
	}
	return s.next(), Reshape(words, dims...)
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
		s, words := Bits(s, append([]int{2}, dims...)...)
		return s, uniform64(row(words, 0), row(words, 1))
	}
	panicDType(dtype)
	return State{}, nil
}

// Normal draws standard normal numbers by the Box–Muller transform, which makes
// two of each pair of uniforms:
//
//	z₁ = √(−2 ln u) cos 2πv,  z₂ = √(−2 ln u) sin 2πv
//
// u has more bits than Uniform's numbers, so that the tails are right as far as
// they go: |z| ≤ √(66 ln 2) = 6.76 in float32 (a normal number exceeds it with
// probability 1.4e-11; one word each) and √(130 ln 2) = 9.49 in float64 (two
// words each). Words are equal on every backend; the numbers may differ in their
// last bits. It panics on any other dtype.
//
// Source: Box, Muller, "A note on the generation of random normal deviates", 1958.
func Normal(s State, dtype dtypes.DType, dims ...int) (State, *Node) {
	perPair := 2
	if dtype == dtypes.Float64 {
		perPair = 4
	}
	size := shapes.Make(dtype, dims...).Size()
	s, words := Bits(s, perPair, (size+1)/2)
	z := boxMuller(words, dtype)
	if size%2 == 1 {
		z = Slice(z, AxisRange(0, size))
	}
	return s, Reshape(z, dims...)
}

// boxMuller turns words [2, pairs] (float32) or [4, pairs] (float64) into normals [2·pairs].
func boxMuller(words *Node, dtype dtypes.DType) *Node {
	var u, v *Node // [pairs]
	switch dtype {
	case dtypes.Float32:
		u = scaled(row(words, 0), dtype, 0x1p-32, 0x1p-33)
		v = uniform32(row(words, 1))
	case dtypes.Float64:
		u = Add(scaled(row(words, 0), dtype, 0x1p-32, 0), scaled(row(words, 1), dtype, 0x1p-64, 0x1p-65))
		v = uniform64(row(words, 2), row(words, 3))
	default:
		panicDType(dtype)
	}
	r, angle := Sqrt(MulScalar(Log(u), -2)), MulScalar(v, 2*math.Pi)
	return Concatenate([]*Node{Mul(r, Cos(angle)), Mul(r, Sin(angle))}, 0)
}

// Rademacher draws −1 and +1 with equal probability, as numbers of dtype.
func Rademacher(s State, dtype dtypes.DType, dims ...int) (State, *Node) {
	s, words := Bits(s, dims...)
	bit := number(BitwiseShiftRightLogicalScalar(words, 31), dtype)
	return s, AddScalar(MulScalar(bit, -2), 1)
}

// Bernoulli draws true with probability p, a float32 or float64 node, one draw
// for each of its elements. 0 is never and 1 always true; in between, float32
// probabilities are kept to within 2⁻²⁴.
func Bernoulli(s State, p *Node) (State, *Node) {
	s, u := Uniform(s, p.DType(), p.Shape().Dimensions...)
	return s, LessThan(u, p)
}

// Integers draws int32 numbers from 0 to n−1. Each has probability 1/n to within
// 2⁻³², a relative bias below n·2⁻³². They are equal on every backend. It panics
// unless 0 < n < 2³¹.
//
//	⌊word · n / 2³²⌋
func Integers(s State, n int, dims ...int) (State, *Node) {
	if n < 1 || n > math.MaxInt32 {
		exceptions.Panicf("rng: Integers draws from 0 to n−1 with 0 < n < 2³¹, got n=%d", n)
	}
	s, words := Bits(s, dims...)
	wide := MulScalar(ConvertDType(words, dtypes.Uint64), uint64(n))
	return s, ConvertDType(BitwiseShiftRightLogicalScalar(wide, 32), dtypes.Int32)
}

// Categorical draws category indices, int32, by inverting the cumulative
// distribution. logits [batch…, categories], float32 or float64, are
// log-probabilities up to a constant for each row; −∞ is never drawn. The result
// is [dims…, batch…]: dims independent draws for each row. Float32
// probabilities are kept to within 2⁻²⁴ and the rounding of their sums.
func Categorical(s State, logits *Node, dims ...int) (State, *Node) {
	logits.AssertRank(max(logits.Rank(), 1))
	batch, k := logits.Shape().Dimensions[:logits.Rank()-1], logits.Shape().Dimensions[logits.Rank()-1]
	dims = append(append([]int(nil), dims...), batch...)
	s, u := Uniform(s, logits.DType(), dims...)
	if k == 1 {
		return s, Zeros(u.Graph(), shapes.Make(dtypes.Int32, dims...))
	}
	weights := Exp(Sub(logits, StopGradient(ReduceAndKeep(logits, ReduceMax, -1))))
	cumulative := CumSum(weights, -1)                               // [batch…, k]
	last := Squeeze(SliceAxis(cumulative, -1, AxisElem(-1)), -1)    // [batch…]
	bounds := SliceAxis(cumulative, -1, AxisRangeFromStart(-1))     // [batch…, k−1]
	u = ExpandAxes(Mul(u, ExpandLeftToRank(last, u.Rank())), -1)    // [dims…, batch…, 1]
	passed := GreaterOrEqual(u, ExpandLeftToRank(bounds, u.Rank())) // [dims…, batch…, k−1]
	return s, ReduceSum(ConvertDType(passed, dtypes.Int32), -1)
}

// uniform32 maps words to (2k+1)·2⁻²⁴ with k the upper 23 bits: exact in float32.
func uniform32(words *Node) *Node {
	return scaled(BitwiseShiftRightLogicalScalar(words, 9), dtypes.Float32, 0x1p-23, 0x1p-24)
}

// uniform64 maps two words to (2k+1)·2⁻⁵³ with k the 32 bits of one and the upper
// 20 of the other: exact in float64.
func uniform64(high, low *Node) *Node {
	fine := scaled(BitwiseShiftRightLogicalScalar(low, 12), dtypes.Float64, 0x1p-52, 0x1p-53)
	return Add(scaled(high, dtypes.Float64, 0x1p-32, 0), fine)
}

// scaled returns words·scale + offset in dtype.
func scaled(words *Node, dtype dtypes.DType, scale, offset float64) *Node {
	return AddScalar(MulScalar(number(words, dtype), scale), offset)
}

// number converts words to dtype. Gradients end here: the integer operations of a
// generator have none, and GoMLX looks for them behind its fused layers.
func number(words *Node, dtype dtypes.DType) *Node {
	return StopGradient(ConvertDType(words, dtype))
}

// row returns words[i], without its leading axis.
func row(words *Node, i int) *Node {
	return Squeeze(Slice(words, AxisElem(i)), 0)
}

func panicDType(dtype dtypes.DType) {
	exceptions.Panicf("rng: numbers are drawn in float32 or float64, not %s", dtype)
}
