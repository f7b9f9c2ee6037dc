package path

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

// Denoiser estimates the clean data from noisy ones, x₀ from x_t: its ideal is
// E[x₀ | x_t]. x [batch, event…], t [batch] → shaped like x.
type Denoiser func(x, t *Node) *Node

// FromScore makes a denoiser of a score of the noisy law, s(x, t) = ∇ log p_t(x).
//
//	x̂₀ = (x + σ²·s)/α
//
// Source: Robbins, "An empirical Bayes approach to statistics", 1956; Efron,
// "Tweedie's formula and selection bias", 2011, eq. 1.4.
func FromScore(p Schedule, score func(x, t *Node) *Node) Denoiser {
	return func(x, t *Node) *Node {
		alpha, sigma := at(p, x, t)
		return Div(Add(x, Mul(Square(sigma), apply(score, x, t))), alpha)
	}
}

// FromEps makes a denoiser of a prediction of the noise, ε̂(x, t) = E[ε | x_t].
//
//	x̂₀ = (x − σ·ε̂)/α
//
// Source: Ho, Jain, Abbeel, "Denoising diffusion probabilistic models", 2020, eq. 15.
func FromEps(p Schedule, eps func(x, t *Node) *Node) Denoiser {
	return func(x, t *Node) *Node {
		alpha, sigma := at(p, x, t)
		return Div(Sub(x, Mul(sigma, apply(eps, x, t))), alpha)
	}
}

// FromV makes a denoiser of a prediction of the velocity v = α·ε − σ·x₀.
//
//	x̂₀ = (α·x − σ·v̂)/(α² + σ²)
//
// Source: Salimans, Ho, "Progressive distillation for fast sampling of diffusion
// models", 2022, section 4, where α² + σ² = 1.
func FromV(p Schedule, v func(x, t *Node) *Node) Denoiser {
	return func(x, t *Node) *Node {
		alpha, sigma := at(p, x, t)
		power := Add(Square(alpha), Square(sigma))
		return Div(Sub(Mul(alpha, x), Mul(sigma, apply(v, x, t))), power)
	}
}

// FromSmooth makes a denoiser, on any path, of a noise-conditional score s(x, σ) =
// ∇ log q_σ(x) of data plus noise: x_t/α is such data with noise σ/α.
//
//	x̂₀ = x/α + (σ/α)²·s(x/α, σ/α)
//
// So one exact or learned family of smoothed scores serves every schedule.
func FromSmooth(p Schedule, score func(x, sigma *Node) *Node) Denoiser {
	return func(x, t *Node) *Node {
		alpha, sigma := p.AlphaSigma(t)
		x, sigma = Div(x, Along(alpha, x)), Div(sigma, alpha)
		return Add(x, Mul(Square(Along(sigma, x)), apply(score, x, sigma)))
	}
}

// Score reads the denoiser as a score of the noisy law.
//
//	s = (α·x̂₀ − x)/σ²
//
// Rounding of x̂₀ and x is divided by σ²: in float32 and at σ = 0.01, numbers of
// size 1 leave an error of about 1e-3.
func (d Denoiser) Score(p Schedule) func(x, t *Node) *Node {
	return func(x, t *Node) *Node {
		alpha, sigma := at(p, x, t)
		return Div(Sub(Mul(alpha, apply(d, x, t)), x), Square(sigma))
	}
}

// Eps reads the denoiser as a prediction of the noise, −σ times the score.
//
//	ε̂ = (x − α·x̂₀)/σ
func (d Denoiser) Eps(p Schedule) func(x, t *Node) *Node {
	return func(x, t *Node) *Node {
		alpha, sigma := at(p, x, t)
		return Div(Sub(x, Mul(alpha, apply(d, x, t))), sigma)
	}
}

// V reads the denoiser as a prediction of the velocity v = α·ε − σ·x₀.
//
//	v̂ = (α·x − (α² + σ²)·x̂₀)/σ
func (d Denoiser) V(p Schedule) func(x, t *Node) *Node {
	return func(x, t *Node) *Node {
		alpha, sigma := at(p, x, t)
		power := Add(Square(alpha), Square(sigma))
		return Div(Sub(Mul(alpha, x), Mul(power, apply(d, x, t))), sigma)
	}
}

// apply checks that a model keeps the shape of x.
func apply(model func(x, t *Node) *Node, x, t *Node) *Node {
	y := model(x, t)
	if !y.Shape().Equal(x.Shape()) {
		exceptions.Panicf("path: the model maps %s to %s: its result has the shape of x", x.Shape(), y.Shape())
	}
	return y
}
