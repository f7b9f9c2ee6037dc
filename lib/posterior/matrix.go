package posterior

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Cholesky returns the lower triangular L with LLᵀ = a for positive definite matrices a
// [chains, n, n], of which the lower triangle is read. It is written out column by
// column, so it is for small n: a graph of some 10n operations, and twice that for its
// gradient. Where a is not positive definite, L has NaN.
func Cholesky(a *Node) *Node {
	n := squareSize(a)
	columns := make([]*Node, n)
	for j := range n {
		root := Sqrt(Slice(a, AxisRange(), AxisRange(0, 1), AxisRange(0, 1)))
		column := Div(Slice(a, AxisRange(), AxisRange(), AxisRange(0, 1)), root) // [chains, n−j, 1]
		columns[j] = column
		if j > 0 {
			above := Zeros(a.Graph(), shapes.Make(a.DType(), a.Shape().Dim(0), j, 1))
			columns[j] = Concatenate([]*Node{above, column}, 1)
		}
		if j < n-1 {
			below := Slice(column, AxisRange(), AxisRangeToEnd(1))
			rest := Slice(a, AxisRange(), AxisRangeToEnd(1), AxisRangeToEnd(1))
			a = Sub(rest, Mul(below, Transpose(below, 1, 2)))
		}
	}
	return Concatenate(columns, 2)
}

// SolveLower returns z with Lz = b for lower triangular matrices l [chains, n, n] and
// vectors b [chains, n]. It is written out row by row, as [Cholesky].
func SolveLower(l, b *Node) *Node {
	n := squareSize(l)
	z := make([]*Node, n)
	for j := range n {
		pivot := Reshape(Slice(l, AxisRange(), AxisElem(j), AxisElem(j)), -1, 1)
		z[j] = Div(Slice(b, AxisRange(), AxisRange(0, 1)), pivot)
		if j < n-1 {
			column := Squeeze(Slice(l, AxisRange(), AxisRangeToEnd(j+1), AxisElem(j)), 2)
			b = Sub(Slice(b, AxisRange(), AxisRangeToEnd(1)), Mul(z[j], column))
		}
	}
	return Concatenate(z, 1)
}

func squareSize(a *Node) int {
	if a.Rank() != 3 || a.Shape().Dim(1) != a.Shape().Dim(2) {
		exceptions.Panicf("posterior: %s where matrices [chains, n, n] are wanted", a.Shape())
	}
	return a.Shape().Dim(1)
}

// diagonal returns the diagonals of matrices [chains, n, n], [chains, n].
func diagonal(a *Node) *Node {
	n := squareSize(a)
	return ReduceSum(Where(BroadcastToShape(ExpandAxes(Diagonal(a.Graph(), n), 0), shapes.Make(dtypes.Bool, a.Shape().Dimensions...)), a, ZerosLike(a)), 2)
}

// MultivariateNormal returns the log-probability of N(mean, LLᵀ) at vectors x, [chains, 1].
// Mean is n numbers, or one for all; L is [chains, n, n], lower triangular.
//
//	−½‖L⁻¹(x − μ)‖² − Σ log Lᵢᵢ − n/2 · log 2π
func MultivariateNormal[X, M Value](x X, mean M, l *Node) *Node {
	v := nodes(x, mean, l)
	chains, n := l.Shape().Dim(0), squareSize(l)
	z := SolveLower(l, Add(Sub(v[0], v[1]), Zeros(l.Graph(), shapes.Make(l.DType(), chains, n))))
	terms := Add(MulScalar(Square(z), 0.5), Log(diagonal(l)))
	return AddScalar(Neg(ReduceAndKeep(terms, ReduceSum, -1)), -float64(n)*halfLog2Pi)
}

// LKJCholesky returns the log-probability of the Cholesky factor L [chains, n, n] of a
// correlation matrix R whose density is as det(R)^{η−1}, [chains, 1]: 1 is uniform over
// the matrices, more prefers the identity. It is the density of the numbers below the
// diagonal of L, those of [CholeskyCorrelation].
//
//	Σ_{i≥2} (n − i + 2η − 2) log Lᵢᵢ − log Z,   Z = Π_{k<n} π^{k/2} Γ(η + (n−1−k)/2) / Γ(η + (n−1)/2)
//
// Source: Lewandowski, Kurowicka, Joe, "Generating random correlation matrices based on
// vines and extended onion method", 2009, equation (16).
func LKJCholesky(l *Node, eta float64) *Node {
	n := squareSize(l)
	powers, logZ := make([]float64, n), 0.0
	top, _ := math.Lgamma(eta + float64(n-1)/2)
	for k := 1; k < n; k++ {
		powers[k] = float64(n-1-k) + 2*eta - 2
		gamma, _ := math.Lgamma(eta + float64(n-1-k)/2)
		logZ += float64(k)/2*math.Log(math.Pi) + gamma - top
	}
	terms := Mul(Log(diagonal(l)), ExpandAxes(ConstAs(l, powers), 0))
	return AddScalar(ReduceAndKeep(terms, ReduceSum, -1), -logZ)
}
