package prob

import (
	"math"

	"github.com/gomlx/gomlx/support/exceptions"
	"gonum.org/v1/gonum/integrate/quad"
)

// SwissRoll returns the exact law of a point of a spiral in the plane plus noise:
// the law of data.SwissRoll smoothed by sigma.
//
//	q_σ(x) = ∫₀¹ N(x; c(t), σ²I) du,  c(t) = (t cos t, t sin t),  t = 1.5π(1 + 2u)
//
// The integral is a Gauss–Legendre sum over ⌈200/σ⌉ values of u, at least 64, so
// that the law is a mixture of as many Gaussians: its moments are exact to
// rounding, its score to 1e-5/σ within radius 20. Work and memory grow as
// 1/σ. At least σ = 0.01; it panics below.
//
// The curve has one and a half turns, radius 1.5π to 4.5π, arms 2π apart, mean
// (2, 2/(3π)) and E‖x‖² = 39π²/4.
func SwissRoll(sigma float64) *Mixture {
	if !(sigma >= 0.01) || math.IsInf(sigma, 0) {
		exceptions.Panicf("prob: SwissRoll: sigma must be at least 0.01, got %g: without noise there is no density", sigma)
	}
	return rollOf(sigma, max(64, int(math.Ceil(200/sigma))))
}

// rollOf sums over a number of nodes.
func rollOf(sigma float64, nodes int) *Mixture {
	u, weights := make([]float64, nodes), make([]float64, nodes)
	quad.Legendre{}.FixedLocations(u, weights, 0, 1)
	roll := &Mixture{Weights: weights}
	for _, u := range u {
		t := 1.5 * math.Pi * (1 + 2*u)
		sin, cos := math.Sincos(t)
		roll.Means = append(roll.Means, []float64{t * cos, t * sin})
		roll.Sigmas = append(roll.Sigmas, []float64{sigma})
	}
	return roll
}
