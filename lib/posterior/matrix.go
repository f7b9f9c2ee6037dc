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
// column, so it is for small n. Where a is not positive definite, L has NaN.
//
// Only first derivatives are right; with Φ the lower triangle, its diagonal halved:
//
//	dL = L Φ(L⁻¹ da L⁻ᵀ)
//
// Source: Murray, "Differentiation of the Cholesky decomposition", 2016, equation (8).
func Cholesky(a *Node) *Node {
	n := squareSize(a)
	still, rest := StopGradient(a), StopGradient(a)
	columns := make([]*Node, n)
	for j := range n { // what is left of a after j columns
		root := Sqrt(Slice(rest, AxisRange(), AxisRange(j, j+1), AxisRange(j, j+1)))
		column := Div(Slice(rest, AxisRange(), AxisRange(), AxisRange(j, j+1)), root)
		columns[j] = Mul(column, ConstAs(a, table3(n, 1, func(i, _ int) bool { return i >= j })))
		rest = Sub(rest, Mul(columns[j], Transpose(columns[j], 1, 2)))
	}
	l := Concatenate(columns, 2)
	inverse := invertLower(l)
	change := Einsum("cik,clk->cil", Einsum("cij,cjk->cik", inverse, Sub(symmetric(a), symmetric(still))), inverse)
	half := table3(n, n, func(i, j int) bool { return i >= j })
	for i := range n {
		half[0][i][i] = 0.5
	}
	return Add(l, Einsum("cij,cjk->cik", l, Mul(change, ConstAs(a, half))))
}

// symmetric mirrors the lower triangles of matrices.
func symmetric(a *Node) *Node {
	n := a.Shape().Dim(1)
	lower := Mul(a, ConstAs(a, table3(n, n, func(i, j int) bool { return i >= j })))
	strict := Mul(a, ConstAs(a, table3(n, n, func(i, j int) bool { return i > j })))
	return Add(lower, Transpose(strict, 1, 2))
}

// table3 is a table for matrices of all chains.
func table3(rows, columns int, is func(i, j int) bool) [][][]float64 {
	return [][][]float64{table(rows, columns, is)}
}

// invertLower returns L⁻¹ of lower triangular matrices, row by row, without derivatives.
func invertLower(l *Node) *Node {
	n := squareSize(l)
	l = StopGradient(l)
	rest := ConstAs(l, table3(n, n, func(i, j int) bool { return i == j }))
	rows := make([]*Node, n)
	for j := range n { // what is left of the identity after j rows
		pivot := Slice(l, AxisRange(), AxisRange(j, j+1), AxisRange(j, j+1))
		rows[j] = Div(Slice(rest, AxisRange(), AxisRange(j, j+1), AxisRange()), pivot)
		rest = Sub(rest, Mul(Slice(l, AxisRange(), AxisRange(), AxisRange(j, j+1)), rows[j]))
	}
	return Concatenate(rows, 1)
}

// SolveLower returns z with Lz = b for lower triangular matrices l [chains, n, n] and
// vectors b [chains, n]. It is written out row by row, for small n, and only first
// derivatives are right:
//
//	dz = L⁻¹(db − dL z)
func SolveLower(l, b *Node) *Node {
	inverse := invertLower(l)
	z := StopGradient(Einsum("cij,cj->ci", inverse, b))
	residual := Sub(b, Einsum("cij,cj->ci", l, z)) // of rounding alone, and of derivatives
	return Add(z, Einsum("cij,cj->ci", inverse, residual))
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
	v := nodes("MultivariateNormal", real("x", x), real("mean", mean), real("l", l))
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
