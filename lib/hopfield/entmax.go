package hopfield

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

// Entmax returns the probabilities over the last axis of z that maximise p·z plus a
// Tsallis entropy: softmax's sparse relatives, with exact zeros. α = 2 is sparsemax,
// the projection onto the simplex; α → 1 is softmax. −Inf in z gets 0.
//
//	p = argmax (p·z − Ω_α(p)),   Ω_α(p) = (Σ pᵢ^α − 1)/(α(α−1))
//	pᵢ = max(0, (α−1)zᵢ − τ)^{1/(α−1)},   Σ pᵢ = 1
//
// τ is found by 16 steps of Newton's method on Σ pᵢ − 1, which is convex and falls in
// τ, from below: they never pass the root, and reach it to rounding for thousands of
// scores. There is no sort in it, so that it also runs in a compiled loop, and
// gradients go through it.
// It panics unless 1 < α ≤ 2.
//
// Source: Peters, Niculae, Martins, "Sparse sequence-to-sequence models", 2019,
// equations (8) and (10). Differs: Newton's method for their bisection.
func Entmax(z *Node, alpha float64) *Node {
	if !(alpha > 1 && alpha <= 2) {
		exceptions.Panicf("hopfield: Entmax of the index %g; want 1 < α ≤ 2", alpha)
	}
	z = MulScalar(Sub(z, ReduceAndKeep(z, ReduceMax, -1)), alpha-1) // now max z = 0, and −1 ≤ τ ≤ 0
	power := 1 / (alpha - 1)
	at := func(tau *Node) (p, slope *Node) { // pᵢ, and −∂pᵢ/∂τ
		u := Sub(z, tau)
		inside := GreaterThan(u, ZerosLike(u))
		u = Where(inside, u, OnesLike(u)) // no power of 0, whose gradient is none
		slope = Where(inside, PowScalar(u, power-1), ZerosLike(u))
		return Mul(slope, u), MulScalar(slope, power)
	}
	total := func(x *Node) *Node { return ReduceAndKeep(x, ReduceSum, -1) }
	count := float64(z.Shape().Dim(-1))
	tau := AddScalar(ReduceAndKeep(z, ReduceMean, -1), -math.Pow(count, 1-alpha)) // below the root, by Jensen's inequality
	tau = MaxScalar(tau, -1)
	for range 16 {
		p, slope := at(tau)
		tau = Add(tau, Div(AddScalar(total(p), -1), total(slope)))
	}
	p, _ := at(tau)
	return Div(p, total(p))
}

// entmaxConjugate returns max_p (p·z − Ω_α(p)), [.., 1].
func entmaxConjugate(z *Node, alpha float64) *Node {
	p := StopGradient(Entmax(z, alpha)) // the maximiser: its own change has no first-order effect
	pz := Where(GreaterThan(p, ZerosLike(p)), Mul(p, z), ZerosLike(p))
	omega := DivScalar(AddScalar(ReduceAndKeep(PowScalar(p, alpha), ReduceSum, -1), -1), alpha*(alpha-1))
	return Sub(ReduceAndKeep(pz, ReduceSum, -1), omega)
}

// logSumExp returns log Σ e^z over the last axis, [.., 1].
func logSumExp(z *Node) *Node {
	top := StopGradient(ReduceAndKeep(z, ReduceMax, -1))
	return Add(top, Log(ReduceAndKeep(Exp(Sub(z, top)), ReduceSum, -1)))
}
