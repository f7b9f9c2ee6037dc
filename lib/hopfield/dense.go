package hopfield

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Dense is a dense associative memory: units ±1 with an energy that rises more
// steeply than the square of the overlap, so that patterns disturb each other less.
//
//	E(x) = −Σ_μ F(ξ^μ·x),   F(z) = zⁿ or e^z
//
// States x are [batch, dim] and patterns [patterns, dim], ±1 in float32 or float64.
// n = 2 is Hebb's rule, 2N times its energy less MN.
//
// Source: Krotov, Hopfield, "Dense associative memory for pattern recognition", 2016,
// equations (1) and (3); Demircigil et al., "On a model of associative memory with huge
// storage capacity", 2017, for the exponential.
type Dense struct {
	Patterns *Node // ξ, [patterns, dim]
	// Degree is n ≥ 2 of F(z) = zⁿ; 0 means F(z) = e^z.
	Degree int
}

// Energy returns E/Nⁿ for a power and −log(−E) for the exponential, [batch]: numbers
// that a float can hold, and that fall where E falls.
func (d Dense) Energy(x *Node) *Node {
	z := d.overlaps(x)
	if d.Degree == 0 {
		return Neg(Squeeze(logSumExp(z), -1))
	}
	return Neg(ReduceSum(PowScalar(DivScalar(z, float64(x.Shape().Dim(-1))), float64(d.Degree)), -1))
}

// Update returns x with unit i of every state set to the value of lower energy, and
// left as it is where rounding cannot tell which that is. i is an int32 scalar, so
// that a loop can go through the units.
//
//	xᵢ ← sign Σ_μ [F(ξᵢ^μ + r_μ) − F(−ξᵢ^μ + r_μ)],   r_μ = Σ_{j≠i} ξⱼ^μ xⱼ
func (d Dense) Update(x, i *Node) *Node {
	unit := func(a *Node) *Node { return Equal(indices(a, 1), ExpandLeftToRank(i, 2)) }
	column := func(a *Node) *Node { return ReduceAndKeep(Where(unit(a), a, ZerosLike(a)), ReduceSum, 1) } // [rows, 1]
	old, xi := column(x), Transpose(column(d.Patterns), 0, 1)                                             // [batch, 1], [1, patterns]
	rest := Sub(d.overlaps(x), Mul(old, xi))                                                              // [batch, patterns]
	return Where(unit(x), Add(d.choose(rest, xi, old), ZerosLike(x)), x)
}

// Step returns x with all units updated at once, each as by Update of x itself. It
// may cycle. Memory: batch·patterns·dim numbers.
func (d Dense) Step(x *Node) *Node {
	xi := Transpose(d.Patterns, 0, 1)                                                    // [dim, patterns]
	rest := Sub(ExpandAxes(d.overlaps(x), 1), Mul(ExpandAxes(x, -1), ExpandAxes(xi, 0))) // [batch, dim, patterns]
	return Squeeze(d.choose(rest, xi, ExpandAxes(x, -1)), -1)
}

// choose returns the sign of Σ F(ξ + r) − F(r − ξ) over the last axis, and old, [.., 1],
// where the sum is 0 up to rounding. Each row has a factor that keeps F in range.
//
//	e^{r+ξ} − e^{r−ξ} = 2 sinh(1) ξ e^r for ξ = ±1
func (d Dense) choose(rest, xi, old *Node) *Node {
	xi = ExpandLeftToRank(xi, rest.Rank())
	var up, down *Node // F(ξ + r) and F(r − ξ), or what differs in them
	if d.Degree == 0 {
		e := Exp(Sub(rest, ReduceAndKeep(rest, ReduceMax, -1)))
		up, down = Mul(xi, e), ZerosLike(e)
	} else {
		scale := AddScalar(ReduceAndKeep(Abs(rest), ReduceMax, -1), 1)
		up = PowScalar(Div(Add(rest, xi), scale), float64(d.Degree))
		down = PowScalar(Div(Sub(rest, xi), scale), float64(d.Degree))
	}
	pull := ReduceAndKeep(Sub(up, down), ReduceSum, -1)
	size := ReduceAndKeep(Add(Abs(up), Abs(down)), ReduceSum, -1)
	epsilon := 0x1p-23
	if rest.DType() == dtypes.Float64 {
		epsilon = 0x1p-52
	}
	noise := MulScalar(size, float64(8*max(d.Degree, 1))*epsilon)
	return Where(GreaterThan(Abs(pull), noise), Sign(pull), old)
}

// overlaps returns ξ^μ·x, [batch, patterns].
func (d Dense) overlaps(x *Node) *Node {
	if d.Degree < 0 || d.Degree == 1 {
		exceptions.Panicf("hopfield: Dense.Degree is 2 or more, or 0 for the exponential, got %d", d.Degree)
	}
	return Modern{Patterns: d.Patterns}.Scores(x)
}

// DenseBitError returns the probability that one update turns a unit of one of m
// random patterns of n units in a dense associative memory of the given degree, in
// the Gaussian estimate for large n; degree 2 is [BitError] with N/M for (N−1)/(M−1).
//
//	P = Φ(−√(N^{k−1}/((2k−3)!! M))),   so that M = N^{k−1}/(2(2k−3)!! ln N) patterns have none wrong
//
// It panics unless n > 1, m > 0 and degree > 1.
//
// Source: Krotov, Hopfield, 2016, equations (5) and (6).
func DenseBitError(n, m, degree int) float64 {
	checkSizes("DenseBitError", n, m)
	if degree < 2 {
		panic(fmt.Sprintf("hopfield: DenseBitError of degree %d; want 2 or more", degree))
	}
	logRatio := float64(degree-1)*math.Log(float64(n)) - math.Log(float64(m))
	for k := 3; k <= 2*degree-3; k += 2 {
		logRatio -= math.Log(float64(k))
	}
	return math.Erfc(math.Exp(logRatio/2)/math.Sqrt2) / 2
}
