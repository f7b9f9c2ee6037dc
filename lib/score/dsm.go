package score

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/rng"

	"github.com/gomlx/gomlx/support/exceptions"
)

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

	// ControlVariate subtracts what has the mean 0 for every model and every x,
	//
	//	(2/σ) εᵀs_θ(x) + (‖ε‖² − d)/σ²
	//
	// which leaves ‖s_θ(x̃)‖² + (2/σ) εᵀ(s_θ(x̃) − s_θ(x)) + d/σ²: the same mean and
	// the same mean gradient, with a variance that stays bounded as σ → 0, where
	// that of the loss grows as 1/σ⁴ and that of its gradient as 1/σ². It costs one
	// more evaluation of the model, at the clean x. With Antithetic the first term
	// cancels within each pair anyway.
	//
	// Source: Wang, Cheng, Li, Zhu, Zhang, "A Wasserstein minimum velocity approach
	// to learning unnormalized models", 2020.
	ControlVariate bool
}

// Each returns the loss of every example, [batch], or [2·batch] if Antithetic:
// first those with +ε. x [batch, event…] is clean data; s is the stream of ε.
// It panics if Sigma is not positive, or if the model changes the shape.
func (o DSM) Each(model Model, s rng.State, x *Node) *Node {
	_, eps := rng.Normal(s, x.DType(), x.Shape().Dimensions...)
	return o.each(model, x, eps)
}

// Loss returns the mean of Each, a scalar: what fit minimises.
func (o DSM) Loss(model Model, s rng.State, x *Node) *Node {
	return ReduceAllMean(o.Each(model, s, x))
}

// each is Each for a given noise, shaped like x.
func (o DSM) each(model Model, x, eps *Node) *Node {
	if !(o.Sigma > 0) || math.IsInf(o.Sigma, 0) {
		exceptions.Panicf("score: DSM.Sigma is %v: it must be positive", o.Sigma)
	}
	if o.Antithetic {
		x, eps = Concatenate([]*Node{x, x}, 0), Concatenate([]*Node{eps, Neg(eps)}, 0)
	}
	score := apply(model, Add(x, MulScalar(eps, o.Sigma))) // s_θ(x̃)
	target := DivScalar(eps, -o.Sigma)                     // −ε/σ
	var loss *Node
	if o.ControlVariate {
		change := Sub(score, apply(model, x))
		loss = sumEvent(Sub(Square(score), MulScalar(Mul(change, target), 2)))
		loss = AddScalar(loss, float64(eventSize(x))/(o.Sigma*o.Sigma))
	} else {
		loss = sumEvent(Square(Sub(score, target)))
	}
	if o.Weighted {
		loss = MulScalar(loss, o.Sigma*o.Sigma)
	}
	return loss
}
