package prob

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// SmoothScore returns the score of Smooth(σ) with a σ of its own for every
// example: the exact noise-conditional score. x [batch, dim], sigma [batch] or a
// scalar, not negative → shaped like x.
//
//	∇ log q_σ(x) = Σₖ rₖ(x, σ) (μₖ − x)/(σₖ² + σ²),   rₖ ∝ wₖ N(x; μₖ, σₖ² + σ²)
//
// It panics on other shapes.
func (m *Mixture) SmoothScore(x, sigma *Node) *Node {
	means, weights, sigmas := m.parameters()
	x.AssertDims(-1, len(means[0]))
	if !sigma.IsScalar() {
		sigma.AssertDims(x.Shape().Dimensions[0])
		sigma = Reshape(sigma, -1, 1, 1)
	}
	g := x.Graph()
	variance := Add(Square(ConstAsDType(g, x.DType(), [][][]float64{sigmas})), Square(sigma)) // [batch or 1, components, dim]
	gap := Sub(ConstAsDType(g, x.DType(), [][][]float64{means}), ExpandAxes(x, 1))            // [batch, components, dim]
	pulls := Div(gap, variance)                                                               // [batch, components, dim]
	logJoint := MulScalar(ReduceSum(Add(Mul(gap, pulls), Log(variance)), -1), -0.5)           // [batch, components]
	logJoint = Add(logJoint, Log(ConstAsDType(g, x.DType(), [][]float64{weights})))           // up to a constant
	top := StopGradient(ReduceAndKeep(logJoint, ReduceMax, -1))
	joint := Exp(Sub(logJoint, top))
	share := Div(joint, ReduceAndKeep(joint, ReduceSum, -1))
	return ReduceSum(Mul(ExpandAxes(share, -1), pulls), 1)
}
