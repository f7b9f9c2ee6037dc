package hopfield

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Entmax returns the probabilities over the last axis of z that maximise p·z plus a
// Tsallis entropy: softmax's sparse relatives, with exact zeros. α = 2 is sparsemax,
// the projection onto the simplex; α → 1 is softmax. −Inf in z gets 0.
//
//	p = argmax (p·z − Ω_α(p)),   Ω_α(p) = (Σ pᵢ^α − 1)/(α(α−1))
//	pᵢ = max(0, (α−1)zᵢ − τ)^{1/(α−1)},   Σ pᵢ = 1
//
// τ is found by bisection to the dtype's last bit, in the graph, so that it also runs
// in a loop; the gradient does not see the search and is wrong. It panics unless
// 1 < α ≤ 2.
//
// Source: Peters, Niculae, Martins, "Sparse sequence-to-sequence models", 2019,
// equations (8), (10) and Algorithm 1.
func Entmax(z *Node, alpha float64) *Node {
	if !(alpha > 1 && alpha <= 2) {
		exceptions.Panicf("hopfield: Entmax of the index %g; want 1 < α ≤ 2", alpha)
	}
	z = MulScalar(Sub(z, ReduceAndKeep(z, ReduceMax, -1)), alpha-1) // now max z = 0, and −1 ≤ τ ≤ 0
	at := func(tau *Node) *Node {
		return PowScalar(MaxScalar(Sub(z, tau), 0), 1/(alpha-1))
	}
	low := AddScalar(ZerosLike(ReduceAndKeep(z, ReduceMax, -1)), -1) // Σ p ≥ 1 here
	bits := 24
	if z.DType() == dtypes.Float64 {
		bits = 53
	}
	for k := range bits {
		middle := AddScalar(low, 1/float64(uint64(2)<<k))
		enough := GreaterOrEqual(ReduceAndKeep(at(middle), ReduceSum, -1), OnesLike(low))
		low = Where(enough, middle, low)
	}
	p := at(low)
	return Div(p, ReduceAndKeep(p, ReduceSum, -1))
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
