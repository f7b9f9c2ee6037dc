package hopfield

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
	"gonum.org/v1/gonum/floats"
)

// Modern is a modern Hopfield network: continuous states x against patterns ξᵢ, the
// rows of a matrix. All shapes may have one more axis in front, of heads that do not
// know of each other: x [heads, batch, dim], patterns [heads, patterns, dim].
//
//	E(x) = −(1/β) log Σᵢ wᵢe^{βξᵢ·x} + ½‖x‖² + (1/β) log Σᵢwᵢ + ½maxᵢ‖ξᵢ‖²
//	∇E(x) = x − Σᵢ pᵢξᵢ,   p = softmax(βξᵢ·x + log wᵢ)
//	x⁺ = Σᵢ pᵢξᵢ,   E(x) − E(x⁺) ≥ ½‖x − x⁺‖²
//
// 0 ≤ E, and E ≤ 2m² where ‖x‖ ≤ m = max‖ξᵢ‖. The step x⁺ is one read of attention
// with the query x, the keys ξᵢ, and the values ξᵢ.
//
// Functions that build graphs share it only within one graph: make it where its nodes
// are, also inside the step of a loop. Methods panic on shapes that do not fit.
//
// Source: Ramsauer et al., "Hopfield networks is all you need", 2021, equations (3)
// and (5). Differs: weights wᵢ, which make masks and integrals of it (1 gives theirs).
type Modern struct {
	// Patterns are ξ, [patterns, dim], float32 or float64: the dtype of all else.
	Patterns *Node
	// Beta is the inverse temperature β > 0, a scalar, or [heads]; nil means 1.
	Beta *Node
	// LogWeights are log wᵢ, of a shape that broadcasts against the scores
	// [batch, patterns]: [patterns], or one row for each query. −Inf leaves a pattern
	// out (see [Mask]); each query needs one that is left in. nil means w = 1.
	LogWeights *Node
	// Alpha is the index of the entropy that replaces softmax by α-entmax: from 1,
	// softmax, to 2, sparsemax; 0 means 1. See [Entmax].
	Alpha float64
	// Values are what Step averages instead of the patterns, [patterns, out], as the
	// values of attention; nil means Patterns. With others Step descends nothing.
	Values *Node
}

// Scores returns β ξᵢ·x + log wᵢ, [batch, patterns].
func (m Modern) Scores(x *Node) *Node {
	m.check(x)
	z := m.contract(Mul(x, m.beta(x.Rank())), m.Patterns, -1, -1) // β into x: batch·dim products, not batch·patterns
	if m.LogWeights == nil {
		return z
	}
	return Add(z, ExpandLeftToRank(m.LogWeights, z.Rank()))
}

// Weights returns p, [batch, patterns], whose rows are probabilities.
func (m Modern) Weights(x *Node) *Node {
	z := m.Scores(x)
	if m.alpha() == 1 {
		return Softmax(z, -1)
	}
	return Entmax(z, m.alpha())
}

// Step returns x⁺, [batch, dim] or [batch, out].
func (m Modern) Step(x *Node) *Node {
	if m.alpha() != 1 {
		return m.contract(m.Weights(x), m.values(), -1, -2)
	}
	// Softmax with its division after the product: one pass less over the scores.
	z := m.Scores(x)
	e := Exp(Sub(z, StopGradient(ReduceAndKeep(z, ReduceMax, -1))))
	return Div(m.contract(e, m.values(), -1, -2), ReduceAndKeep(e, ReduceSum, -1))
}

// Grad returns ∇E(x), [batch, dim]; Values have no part in it.
func (m Modern) Grad(x *Node) *Node {
	m.Values = nil
	return Sub(x, m.Step(x))
}

// Energy returns E(x), [batch]. With Alpha above 1 the logarithm of the sum becomes
// the conjugate of the entropy, and log Σw, for which w must then be 0 or 1, the
// entropy of equal weights; bounds and descent are the same.
//
//	E(x) = −(1/β) max_p (p·z − Ω_α(p)) + ½‖x‖² + (1/β)(1 − n^{1−α})/(α(α−1)) + ½m²
//
// with z the scores, n the patterns that are not left out, and Ω_α as for [Entmax].
func (m Modern) Energy(x *Node) *Node {
	z := m.Scores(x)
	norms := ExpandAxes(ReduceSum(Square(m.Patterns), -1), -2) // [1, patterns]
	var level, spread *Node                                    // [batch, 1]
	if logW := m.logWeights(z); m.alpha() == 1 {
		level, spread = logSumExp(z), logSumExp(logW)
	} else {
		n := ReduceAndKeep(Exp(logW), ReduceSum, -1)
		level = entmaxConjugate(z, m.alpha())
		a := m.alpha()
		spread = DivScalar(OneMinus(PowScalar(n, 1-a)), a*(a-1))
	}
	if m.LogWeights != nil { // the largest pattern that is not left out
		left := ExpandLeftToRank(m.LogWeights, z.Rank())
		norms = Where(IsFinite(Add(left, ZerosLike(z))), Add(norms, ZerosLike(z)), ZerosLike(z))
	}
	constant := Add(Div(spread, m.beta(z.Rank())), MulScalar(ReduceAndKeep(norms, ReduceMax, -1), 0.5))
	e := Add(Sub(constant, Div(level, m.beta(z.Rank()))), MulScalar(ReduceAndKeep(Square(x), ReduceSum, -1), 0.5))
	return Squeeze(e, -1)
}

// Mask returns weights for [Modern.LogWeights] that leave out the patterns where keep,
// bool of any shape, is false: log 1 or log 0, in the dtype of like.
func Mask(keep, like *Node) *Node {
	zero := ScalarZero(like.Graph(), like.DType())
	return Where(keep, zero, Infinity(like.Graph(), like.DType(), -1))
}

// Support returns how many of a query's weights, the heaviest first, hold the given
// share of their sum: 1 is recall of a pattern, nearly all is an average. It panics on
// a share outside (0, 1).
func Support(weights []float64, share float64) int {
	if !(share > 0 && share < 1) {
		panic(fmt.Sprintf("hopfield: Support for a share of %g; want one between 0 and 1", share))
	}
	sorted := slices.Sorted(slices.Values(weights))
	rest := share * floats.Sum(sorted)
	for k := range sorted {
		if rest -= sorted[len(sorted)-1-k]; rest <= 0 {
			return k + 1
		}
	}
	return len(sorted)
}

func (m Modern) alpha() float64 {
	if m.Alpha == 0 {
		return 1
	}
	if !(m.Alpha >= 1 && m.Alpha <= 2) {
		exceptions.Panicf("hopfield: Modern.Alpha is an index from 1 to 2, or 0 for 1, got %g", m.Alpha)
	}
	return m.Alpha
}

// beta returns β in a shape that broadcasts against nodes of a rank.
func (m Modern) beta(rank int) *Node {
	switch {
	case m.Beta == nil:
		return ExpandLeftToRank(ScalarOne(m.Patterns.Graph(), m.Patterns.DType()), rank)
	case m.Beta.IsScalar():
		return ExpandLeftToRank(m.Beta, rank)
	}
	return ExpandAxes(m.Beta, 1, 2) // [heads, 1, 1]
}

func (m Modern) values() *Node {
	if m.Values == nil {
		return m.Patterns
	}
	return m.Values
}

// logWeights returns log w for every score, shaped like z.
func (m Modern) logWeights(z *Node) *Node {
	if m.LogWeights == nil {
		return ZerosLike(z)
	}
	return Add(ExpandLeftToRank(m.LogWeights, z.Rank()), ZerosLike(z))
}

// contract sums over axis i of a and axis j of b, for each head.
func (m Modern) contract(a, b *Node, i, j int) *Node {
	var heads []int
	if a.Rank() == 3 {
		heads = []int{0}
	}
	return DotGeneral(a, []int{a.Rank() + i}, heads, b, []int{b.Rank() + j}, heads)
}

func (m Modern) check(x *Node) {
	p, v := m.Patterns.Shape(), m.values().Shape()
	switch {
	case x.Rank() != p.Rank() || x.Rank() < 2 || x.Rank() > 3 || x.Shape().Dim(-1) != p.Dim(-1) || x.DType() != p.DType:
		exceptions.Panicf("hopfield: states %s against patterns %s; want [batch, dim] and [patterns, dim] of one dtype, or both with heads in front", x.Shape(), p)
	case x.Rank() == 3 && x.Shape().Dim(0) != p.Dim(0):
		exceptions.Panicf("hopfield: states %s have %d heads, patterns %s have %d", x.Shape(), x.Shape().Dim(0), p, p.Dim(0))
	case v.Rank() != p.Rank() || v.Dim(-2) != p.Dim(-2):
		exceptions.Panicf("hopfield: values %s for patterns %s; want one for each", v, p)
	case m.Beta != nil && !m.Beta.IsScalar() && (x.Rank() != 3 || m.Beta.Rank() != 1):
		exceptions.Panicf("hopfield: Beta %s; want a scalar, or [heads] where there are heads", m.Beta.Shape())
	}
}
