package rng

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Rademacher draws −1 and +1 with equal probability, as numbers of dtype.
func Rademacher(s State, dtype dtypes.DType, dims ...int) (State, *Node) {
	s, words := Bits(s, dims...)
	bit := number(shiftRight(words, 31), dtype)
	return s, plus(times(bit, -2), 1)
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
	wide := Mul(ConvertDType(words, dtypes.Uint64), Const(words.Graph(), uint64(n)))
	return s, ConvertDType(BitwiseShiftRightLogical(wide, Const(wide.Graph(), uint64(32))), dtypes.Int32)
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

// Permutation draws a permutation of 0…n−1, int32[n], equal on every backend: the
// order of 64-bit random keys, two words each. Two equal keys, which stay in their
// order, are all that keeps it from uniform: they come with a probability below
// n²·2⁻⁶⁵. On pure Go it costs n² comparisons and as many numbers in memory:
// [Host.Perm] is the way for more than some thousands. It panics unless 0 < n < 2³¹.
func Permutation(s State, n int) (State, *Node) {
	if n < 1 || n > math.MaxInt32 {
		exceptions.Panicf("rng: Permutation permutes 0 < n < 2³¹ numbers, got n=%d", n)
	}
	s, words := s.rows(2, n)
	g := s.words.Graph()
	index := Iota(g, shapes.Make(dtypes.Int32, n), 0)
	if g.Backend().Name() != "xla" {
		return s, countedOrder(words[0], words[1], index)
	}
	first := NewClosure(g, func(g *Graph) []*Node {
		pair := func(name string, dtype dtypes.DType) (a, b *Node) {
			return Parameter(g, name, shapes.Make(dtype)), Parameter(g, "other "+name, shapes.Make(dtype))
		}
		high, otherHigh := pair("high", dtypes.Uint32)
		low, otherLow := pair("low", dtypes.Uint32)
		pair("index", dtypes.Int32)
		return []*Node{before(high, low, otherHigh, otherLow)}
	})
	return s, SortFunc(first, 0, true, words[0], words[1], index)[2]
}

// before says whether the key (high, low) is below the other one.
func before(high, low, otherHigh, otherLow *Node) *Node {
	return Or(LessThan(high, otherHigh), And(Equal(high, otherHigh), LessThan(low, otherLow)))
}

// countedOrder returns index in the order of the keys, as a stable sort does, by
// counting the keys before each. GoMLX's pure-Go sort hangs where as many run side by
// side as it has workers: their comparisons wait for one.
func countedOrder(high, low, index *Node) *Node {
	n := index.Shape().Dimensions[0]
	column := func(x *Node) *Node { return BroadcastToDims(ExpandAxes(x, 1), n, n) }
	line := func(x *Node) *Node { return BroadcastToDims(ExpandAxes(x, 0), n, n) }
	earlier := And(And(Equal(line(high), column(high)), Equal(line(low), column(low))), LessThan(line(index), column(index)))
	earlier = Or(before(line(high), line(low), column(high), column(low)), earlier)
	rank := ReduceSum(ConvertDType(earlier, dtypes.Int32), 1)                                         // [n]
	return ReduceSum(Where(Equal(line(rank), column(index)), line(index), ZerosLike(line(index))), 1) // the inverse of rank
}
