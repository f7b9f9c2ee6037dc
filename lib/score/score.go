// Package score learns and uses scores, ∇ₓ log p(x): denoising score matching,
// the denoiser that a score implies, and the divergence between two scores.
//
// A score model is a function of a node, x [batch, event…] → shaped like x: a
// bound network, or the Score of a density in package prob.
package score

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/rng"

	"github.com/gomlx/gomlx/support/exceptions"
)

// Model is a score as a function of a node: x [batch, event…] → ∇ log p(x),
// shaped like x.
type Model = func(x *Node) *Node

// DSM is denoising score matching at one noise level: the regression of −ε/σ on
// x̃ = x + σε, with ε ~ N(0, I).
//
//	L(θ) = E ‖s_θ(x̃) + ε/σ‖²
//
// Its minimiser is ∇ log q_σ, the score of the noisy law, not of the data's law:
// for every θ and σ,
//
//	L(θ) = 2·D_F(q_σ‖s_θ) + d/σ² − I(σ)
//
// with d the size of an event and I(σ) = E‖∇ log q_σ‖². The last two terms are a
// floor that no model goes below.
//
// Source: Vincent, "A connection between score matching and denoising
// autoencoders", 2011, eq. 11. Differs: no factor ½, so the loss is twice his.
type DSM struct {
	Sigma      float64 // σ, in the data's units; must be positive
	Weighted   bool    // multiply the loss by σ², which makes it of order d at every σ
	Antithetic bool    // use every example with +ε and with −ε: twice the work, less variance
}

// Each returns the loss of every example, [batch], or [2·batch] if Antithetic:
// first those with +ε. x [batch, event…] is clean data; s is the stream of ε.
// It panics if Sigma is not positive, or if the model changes the shape.
func (o DSM) Each(model Model, s rng.State, x *Node) *Node {
	o.check()
	_, eps := rng.Normal(s, x.DType(), x.Shape().Dimensions...)
	if o.Antithetic {
		x, eps = Concatenate([]*Node{x, x}, 0), Concatenate([]*Node{eps, Neg(eps)}, 0)
	}
	noisy := Add(x, MulScalar(eps, o.Sigma))
	residual := Add(apply(model, noisy), DivScalar(eps, o.Sigma)) // s_θ(x̃) + ε/σ
	loss := sumEvent(Square(residual))
	if o.Weighted {
		loss = MulScalar(loss, o.Sigma*o.Sigma)
	}
	return loss
}

// Loss returns the mean of Each, a scalar: what fit minimises.
func (o DSM) Loss(model Model, s rng.State, x *Node) *Node {
	return ReduceAllMean(o.Each(model, s, x))
}

func (o DSM) check() {
	if !(o.Sigma > 0) || math.IsInf(o.Sigma, 0) {
		exceptions.Panicf("score: DSM.Sigma is %v: it must be positive", o.Sigma)
	}
}

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

// Fisher returns half the squared distance of two scores at every example,
// [batch]. Its mean over x from p is the Fisher divergence of model from p.
//
//	D_F(p‖s) = ½ E_p ‖∇ log p(x) − s(x)‖²
//
// It is not symmetric: x is drawn from the law whose score is exact. Zero means
// that the scores agree where p lives.
//
// Source: Hyvärinen, "Estimation of non-normalized statistical models by score
// matching", 2005, eq. 2.
func Fisher(exact, model Model, x *Node) *Node {
	return MulScalar(sumEvent(Square(Sub(apply(exact, x), apply(model, x)))), 0.5)
}

// apply checks that a model keeps the shape of its input.
func apply(model Model, x *Node) *Node {
	y := model(x)
	if !y.Shape().Equal(x.Shape()) {
		exceptions.Panicf("score: the model maps %s to %s: a score has the shape of its input", x.Shape(), y.Shape())
	}
	return y
}

// sumEvent sums over all axes but the first.
func sumEvent(x *Node) *Node {
	axes := make([]int, x.Rank()-1)
	for i := range axes {
		axes[i] = i + 1
	}
	return ReduceSum(x, axes...)
}
