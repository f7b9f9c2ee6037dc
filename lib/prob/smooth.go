package prob

import (
	"math"
	"slices"

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
	logWeights := make([]float64, len(weights))
	for k, w := range weights {
		logWeights[k] = math.Log(w)
	}
	alike := !slices.ContainsFunc(sigmas, func(row []float64) bool { return !slices.Equal(row, sigmas[0]) })
	if alike {
		sigmas = sigmas[:1]
	}
	variance := Add(Square(ConstAs(x, [][][]float64{sigmas})), Square(sigma)) // [batch or 1, components or 1, dim]
	gap := Sub(ConstAs(x, [][][]float64{means}), ExpandAxes(x, 1))            // [batch, components, dim]
	pulls := Div(gap, variance)
	exponents := Mul(gap, pulls)
	if !alike { // else the normalisers cancel
		exponents = Add(exponents, Log(variance))
	}
	logJoint := Add(MulScalar(ReduceSum(exponents, -1), -0.5), ConstAs(x, [][]float64{logWeights})) // + const, [batch, components]
	share := Softmax(logJoint, -1)
	return ReduceSum(Mul(ExpandAxes(share, -1), pulls), 1)
}
