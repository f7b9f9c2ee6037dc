// Package path holds noise schedules, the paths that lead from data to noise,
// and the conversions between the four things that a network may predict on them:
// the score, the noise ε, the clean data x₀, and the velocity v.
//
// Time runs from data, t = 0, to noise, t = 1. Every example has its own time: t
// is [batch] where x is [batch, event…].
//
// One convention holds everywhere: a model is a [Denoiser], E[x₀ | x_t]. What
// predicts something else is converted where it comes in, by [FromScore],
// [FromEps], [FromV] or [FromSmooth], and read as something else where it goes
// out, by the methods Score, Eps and V.
package path

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

// Schedule is a Gaussian path from data to noise, said twice: by its marginals
// and by the linear diffusion that has them.
//
//	x_t = α(t)·x₀ + σ(t)·ε,  ε ~ N(0, I)
//	dx  = f(t)·x dt + g(t) dw
//
// The two agree when α′ = f·α and (σ²)′ = 2f·σ² + g².
type Schedule interface {
	// AlphaSigma returns α(t) and σ(t), shaped like t.
	AlphaSigma(t *Node) (alpha, sigma *Node)
	// DriftDiffusion returns f(t) and g²(t), shaped like t.
	DriftDiffusion(t *Node) (f, g2 *Node)
}

// Noise takes clean data x0 [batch, event…] to time t [batch], with the noise
// eps, shaped like x0.
//
//	x_t = α(t)·x₀ + σ(t)·ε
func Noise(p Schedule, x0, t, eps *Node) *Node {
	alpha, sigma := at(p, x0, t)
	return Add(Mul(alpha, x0), Mul(sigma, eps))
}

// Along shapes c [batch], one number for each example, so that it multiplies
// x [batch, event…]: [batch, 1, …]. A scalar stays as it is. It panics on any
// other shape.
func Along(c, x *Node) *Node {
	if c.IsScalar() {
		return c
	}
	if c.Rank() != 1 || x.Rank() == 0 || c.Shape().Dimensions[0] != x.Shape().Dimensions[0] {
		exceptions.Panicf("path: numbers for the examples of x %s are a vector of that many or a scalar, not %s", x.Shape(), c.Shape())
	}
	dims := []int{c.Shape().Dimensions[0]}
	for range x.Rank() - 1 {
		dims = append(dims, 1)
	}
	return Reshape(c, dims...)
}

// at returns α(t) and σ(t), ready to multiply x.
func at(p Schedule, x, t *Node) (alpha, sigma *Node) {
	alpha, sigma = p.AlphaSigma(t)
	return Along(alpha, x), Along(sigma, x)
}
