package hopfield

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// Separation returns how far each pattern stands out against all others, [patterns].
// It may be negative: a long neighbour in the same direction hides a pattern. A
// single pattern has +Inf.
//
//	Δᵢ = min_{j≠i} ξᵢ·(ξᵢ − ξⱼ)
//
// LogWeights have no part in it.
func (m Modern) Separation() *Node {
	products := m.contract(m.Patterns, m.Patterns, -1, -1) // ξᵢ·ξⱼ
	self := Equal(indices(products, -1), indices(products, -2))
	others := Where(self, Infinity(products.Graph(), products.DType(), -1), products)
	return Sub(ReduceSum(Square(m.Patterns), -1), ReduceMax(others, -1))
}

// ErrorBound returns what the distance of Step(x) from the pattern of each query
// cannot exceed, [batch]; target is that pattern's index, int32 [batch]. There are no
// heads, LogWeights or Alpha in this bound.
//
//	‖x⁺ − ξᵢ‖ ≤ 2m(M−1) e^{−βδ},   δ = min_{j≠i} x·(ξᵢ − ξⱼ)
//
// since x⁺ − ξᵢ = Σ_{j≠i} pⱼ(ξⱼ − ξᵢ), pⱼ ≤ e^{−βδ} and ‖ξⱼ − ξᵢ‖ ≤ 2m = 2max‖ξ‖.
func (m Modern) ErrorBound(x, target *Node) *Node {
	bare := Modern{Patterns: m.Patterns, Beta: m.Beta}
	x.AssertRank(2)
	z := bare.Scores(x) // β ξⱼ·x
	self := Equal(indices(z, 1), ExpandAxes(target, 1))
	own := ReduceSum(Where(self, z, ZerosLike(z)), 1)
	rival := ReduceMax(Where(self, Infinity(z.Graph(), z.DType(), -1), z), 1)
	longest := Sqrt(ReduceAllMax(ReduceSum(Square(m.Patterns), 1)))
	return Mul(MulScalar(longest, 2*float64(z.Shape().Dim(1)-1)), Exp(Sub(rival, own)))
}

// indices returns the index along an axis, int32, in the shape of x.
func indices(x *Node, axis int) *Node {
	return Iota(x.Graph(), shapes.Make(dtypes.Int32, x.Shape().Dimensions...), axis)
}

// Basin returns two radii around a pattern of the given separation among count
// patterns of norms at most longest: every query nearer than outer ends, step by
// step, nearer than inner. ok is false where no such radii exist, that is, where the
// pattern is not guaranteed to be held.
//
//	f(r) = 2m(M−1) e^{−β(Δ − 2mr)} < r  for  inner < r < outer,   f(inner) = inner, f(outer) = outer
//
// f bounds one step from the distance r, as δ ≥ Δ − 2mr in [Modern.ErrorBound]. It
// panics unless beta, longest and count are positive.
func Basin(beta, separation, longest float64, count int) (inner, outer float64, ok bool) {
	if !(beta > 0) || !(longest > 0) || count < 1 {
		panic(fmt.Sprintf("hopfield: Basin of β = %g, norm %g, %d patterns; want positive numbers", beta, longest, count))
	}
	if count == 1 {
		return 0, math.Inf(1), true
	}
	// With u = 2mβr the equation is u − log u = βΔ − log(4m²β(M−1)), and u − log u ≥ 1.
	level := beta*separation - math.Log(4*longest*longest*beta*float64(count-1))
	if !(level > 1) {
		return 0, 0, false
	}
	gap := func(u float64) float64 { return u - math.Log(u) - level }
	small := bisect(gap, math.Exp(-level)/2, 1)
	large := bisect(func(u float64) float64 { return -gap(u) }, 1, 2*level+2)
	scale := 2 * longest * beta
	return small / scale, large / scale, true
}

// MergeWeight returns the share w ≥ ½ of its own pattern in what two patterns of
// equal norm at the given distance are recalled as, after any number of steps from
// one of them. Below β = 4/distance² it is ½: they have merged.
//
//	2w − 1 = tanh(β‖a‖²(2w−1)/4),   a = ξ¹ − ξ²
func MergeWeight(beta, distance float64) float64 {
	return (1 + MeanField(beta*distance*distance/4)) / 2
}

// Capacity returns the base c and the count N of the capacity theorem of modern
// Hopfield networks: with a probability of at least 1 − p, N random patterns on the
// sphere of radius K√(d−1) in ℝᵈ are all stored.
//
//	N ≥ √p c^{(d−1)/4},   c = b/W₀(e^{a + log b}),   a = 2(1 + log(2βK²p(d−1)))/(d−1),   b = 2K²β/5
//
// with W₀ Lambert's function. The theorem asks for c ≥ (2/√p)^{4/(d−1)}. It panics
// unless all arguments are positive and d > 1.
//
// Source: Ramsauer et al., 2021, theorem 3.
func Capacity(d int, k, beta, p float64) (base, count float64) {
	if d < 2 || !(k > 0 && beta > 0 && p > 0) {
		panic(fmt.Sprintf("hopfield: Capacity of d = %d, K = %g, β = %g, p = %g; want d > 1 and positive numbers", d, k, beta, p))
	}
	n := float64(d - 1)
	a := 2 * (1 + math.Log(2*beta*k*k*p*n)) / n
	b := 2 * k * k * beta / 5
	base = b / lambertW(a+math.Log(b))
	return base, math.Sqrt(p) * math.Pow(base, n/4)
}

// lambertW returns W₀(e^s): the w with w + log w = s.
func lambertW(s float64) float64 {
	high := max(1, s) + 1
	return bisect(func(w float64) float64 { return s - w - math.Log(w) }, math.Exp(min(s, 0)-1)/2, high)
}
