package mcmc

import (
	"fmt"
	"math"

	"gibbs/lib/loop"

	. "github.com/gomlx/gomlx/core/graph"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Dual averaging finds the step size at which the mean acceptance probability a is
// the target δ, one for each group of chains that adapt together:
//
//	h ← (1 − 1/(t + 10)) h + (δ − a)/(t + 10),   log ε = μ − (√t/0.05) h
//	log ε̄ ← t^−0.75 log ε + (1 − t^−0.75) log ε̄
//
// with μ = log 10ε₀; ε̄ is what sampling uses.
//
// Source: Hoffman, Gelman, "The No-U-Turn sampler", 2014, algorithm 6.
const (
	averagingGamma = 0.05
	averagingDelay = 10
	averagingDecay = 0.75
)

// average hears of the chains that ended a transition, if any did, and makes one update
// when it has heard of as many transitions as a group has chains. Sooner would be too
// soon: the first to end are those whose trajectories were short, and too large a step
// makes them short.
func average(constants, state loop.Nodes, ended, accept *Node) loop.Nodes {
	t, h, mean := state["updates"], state["h"], state["log step mean"] // [groups]
	weight := ConvertDType(ended, accept.DType())                      // [chains]
	count := Add(state["heard"], groupSum(weight, h))
	sum := Add(state["heard accept"], groupSum(Mul(weight, accept), h))
	full := GreaterOrEqual(count, AddScalar(ZerosLike(count), weight.Shape().Dim(0)/h.Shape().Dim(0)))
	a := Div(sum, MaxScalar(count, 1))

	t1 := AddScalar(t, 1)
	rate := Inverse(AddScalar(t1, averagingDelay))
	h1 := Add(Mul(OneMinus(rate), h), Mul(rate, Sub(constants["accept"], a)))
	log := Sub(constants["mu"], Mul(MulScalar(Sqrt(t1), 1/averagingGamma), h1))
	slow := Exp(MulScalar(Log(t1), -averagingDecay))
	mean1 := Add(Mul(slow, log), Mul(OneMinus(slow), mean))
	update := And(full, constants["adapting"])
	return loop.Nodes{
		"updates": Where(update, t1, t), "h": Where(update, h1, h),
		"log step": Where(update, log, state["log step"]), "log step mean": Where(update, mean1, mean),
		"heard": Where(full, ZerosLike(count), count), "heard accept": Where(full, ZerosLike(sum), sum),
	}
}

// groupSum sums v [chains] over each group of chains: all of them, or each alone.
func groupSum(v, like *Node) *Node {
	if like.Shape().Dim(0) == v.Shape().Dim(0) {
		return v
	}
	return ExpandAxes(ReduceAllSum(v), 0)
}

// windows returns the lengths of Stan's phases of a warm-up: transitions in which the
// step size alone adapts, windows at whose ends the metric is estimated anew, each
// twice as long as the one before it, and last transitions for the step size.
//
// Source: Stan Development Team, Stan Reference Manual, "HMC algorithm parameters",
// automatic parameter tuning.
func windows(warmup int) (first int, slow []int, last int) {
	const begin, end, window = 75, 50, 25
	first, last, size := begin, end, window
	switch {
	case warmup < 20:
		return warmup, nil, 0
	case warmup < begin+end+window:
		first, last = warmup*15/100, warmup/10
		size = warmup - first - last
	}
	for left := warmup - first - last; left > 0; size *= 2 {
		if left < 3*size { // the next one would not fit
			slow = append(slow, left)
			break
		}
		slow = append(slow, size)
		left -= size
	}
	return first, slow, last
}

// Shape says which inverse mass is estimated in warm-up.
type Shape int

// Shapes of the metric.
const (
	DiagonalMetric Shape = iota // the variance of each coordinate
	DenseMetric                 // the covariance
	UnitMetric                  // none: the identity
)

// mass is a metric on the host, one matrix for each group.
type mass struct {
	shape         Shape
	inverse, root [][]float64 // [groups][dim], or [groups][dim·dim] row by row
}

// unitMass returns identities.
func unitMass(shape Shape, groups, dim int) mass {
	m := mass{shape: shape}
	for range groups {
		one := make([]float64, dim)
		for i := range one {
			one[i] = 1
		}
		if shape == DenseMetric {
			one = mat.DenseCopyOf(mat.NewDiagDense(dim, one)).RawMatrix().Data
		}
		m.inverse, m.root = append(m.inverse, one), append(m.root, one)
	}
	return m
}

// estimate sets group i to the covariance of draws [n][dim], drawn a little to the
// identity's thousandth as long as draws are few:
//
//	M⁻¹ = n/(n+5) Σ̂ + 10⁻³ · 5/(n+5) I
func (m mass) estimate(i int, draws [][]float64) error {
	n, dim := float64(len(draws)), len(draws[0])
	x := mat.NewDense(len(draws), dim, nil)
	for k, d := range draws {
		x.SetRow(k, d)
	}
	var cov mat.SymDense
	stat.CovarianceMatrix(&cov, x, nil)
	for a := range dim {
		for b := a; b < dim; b++ {
			v := cov.At(a, b) * n / (n + 5)
			if a == b {
				v += 1e-3 * 5 / (n + 5)
			}
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("mcmc: the draws of a warm-up window are not finite")
			}
			cov.SetSym(a, b, v)
		}
	}
	inverse, root := make([]float64, dim), make([]float64, dim)
	if m.shape == DenseMetric {
		var cholesky mat.Cholesky
		var lower mat.TriDense
		var a mat.Dense
		if !cholesky.Factorize(&cov) {
			return fmt.Errorf("mcmc: the covariance of a warm-up window is not positive definite")
		}
		cholesky.LTo(&lower)
		if err := a.Inverse(lower.T()); err != nil { // Σ = LLᵀ, so M = L⁻ᵀL⁻¹
			return fmt.Errorf("mcmc: %w", err)
		}
		m.inverse[i], m.root[i] = mat.DenseCopyOf(&cov).RawMatrix().Data, a.RawMatrix().Data
		return nil
	}
	for k := range dim {
		inverse[k], root[k] = cov.At(k, k), 1/math.Sqrt(cov.At(k, k))
	}
	m.inverse[i], m.root[i] = inverse, root
	return nil
}
