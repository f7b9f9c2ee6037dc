// Package score learns and uses scores, ∇ₓ log p(x): score matching in its
// implicit, explicit, sliced and denoising forms, the denoiser that a score
// implies, nets that are gradients and nets that are not, and the divergence
// between two scores.
//
// A score model is a function of a node, x [batch, event…] → shaped like x: a
// bound network, [Conservative] of an energy, or the Score of a density in
// package prob. Models act on every example by itself: derivatives with respect
// to x are taken of a sum over the batch, which would mix examples otherwise.
//
// An objective has two methods. Each returns the loss of every example, [batch],
// of which tests and plots are made; Loss returns its mean, which fit minimises:
//
//	objective := func(scope *model.Scope, s rng.State, batch []*Node) *Node {
//		return score.ISM{}.Loss(net.Bind(scope, mlp.Apply), s, batch[0])
//	}
//
//	       minimised by  least value        needs
//	ESM    ∇ log p       0                  the score itself
//	ISM    ∇ log p       −½I(p)             one reverse pass for each dimension
//	SSM    ∇ log p       −½I(p)             one reverse pass for each projection
//	DSM    ∇ log q_σ     d/σ² − I(q_σ)      noise, and no derivative
//
// I(p) = E_p‖∇ log p‖² is the Fisher information. DSM lacks the factor ½ of the
// others, as is usual. ISM and SSM are gradients of gradients when they train, on
// both backends and inside compiled loops.
package score

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

// Model is a score as a function of a node: x [batch, event…] → ∇ log p(x),
// shaped like x.
type Model = func(x *Node) *Node

// Denoise returns the mean of the clean data given the noisy, by Tweedie's formula.
//
//	E[x | x̃] = x̃ + σ²·∇ log q_σ(x̃)
//
// x [batch, event…] is noisy by σ, and model is the score of the noisy law.
//
// Source: Robbins, "An empirical Bayes approach to statistics", 1956; Efron,
// "Tweedie's formula and selection bias", 2011, eq. 1.4.
func Denoise(model Model, sigma float64, x *Node) *Node {
	return Add(x, MulScalar(apply(model, x), sigma*sigma))
}

// FromDenoiser returns the score that a denoiser of noise σ implies: Denoise read
// backwards, so that any autoencoder trained on noisy data is a score model.
//
//	s(x̃) = (D(x̃) − x̃) / σ²
func FromDenoiser(denoiser func(x *Node) *Node, sigma float64) Model {
	return func(x *Node) *Node { return DivScalar(Sub(apply(denoiser, x), x), sigma*sigma) }
}

// apply checks that a model keeps the shape of its input.
func apply(model Model, x *Node) *Node {
	if x.Rank() < 2 {
		exceptions.Panicf("score: x has the shape %s: want [batch, event…]", x.Shape())
	}
	y := model(x)
	if !y.Shape().Equal(x.Shape()) {
		exceptions.Panicf("score: the model maps %s to %s: a score has the shape of its input", x.Shape(), y.Shape())
	}
	return y
}

// sumEvent sums over all axes but the first, [batch].
func sumEvent(x *Node) *Node { return ReduceSum(x, eventAxes(x)...) }

// eventAxes returns all axes of x but the first.
func eventAxes(x *Node) []int {
	axes := make([]int, x.Rank()-1)
	for i := range axes {
		axes[i] = i + 1
	}
	return axes
}

// eventSize is the number of numbers in an example.
func eventSize(x *Node) int { return x.Shape().Size() / x.Shape().Dimensions[0] }
