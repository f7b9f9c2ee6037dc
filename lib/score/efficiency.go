package score

import (
	"fmt"
	"math"

	"gibbs/lib/prob"
)

// WeightVariances returns what two estimators of the weight w of a mixture with
// known parts,
//
//	p(x) = w N(x; m, 1) + (1−w) N(x; −m, 1)
//
// cost: the limits of n·variance of ŵ from n draws, for implicit score matching
// and for maximum likelihood, by quadrature. With ρ(x, w) = s′ + ½s² the objective
// of ISM and s = ∂ₓ log p,
//
//	ISM: E[(∂_w ρ)²] / (E[(∂_w s)²])²        MLE: 1 / E[(∂_w log p)²]
//
// for E[∂²_w ρ] = E[(∂_w s)²] at the truth. Their ratio grows without bound as the
// modes part: the score barely depends on the weights of far modes.
//
// The error says that w is not between 0 and 1, that m is not positive, or that
// the quadrature did not settle.
//
// Source: Koehler, Heckett, Risteski, "Statistical efficiency of score matching:
// the view from isoperimetry", 2023, for the inefficiency; van der Vaart,
// "Asymptotic statistics", 1998, theorem 5.21, for the variance of an estimator
// that minimises a sum.
func WeightVariances(w, m float64) (ism, mle float64, err error) {
	if !(w > 0 && w < 1 && m > 0) {
		return 0, 0, fmt.Errorf("score: WeightVariances: want 0 < w < 1 and m > 0, got w = %g, m = %g", w, m)
	}
	p := &prob.Mixture{Means: [][]float64{{m}, {-m}}, Weights: []float64{w, 1 - w}}
	meanSquare := func(f func(x, r float64) float64) (mean float64) {
		if err == nil {
			mean, err = p.Expectation(func(x []float64) float64 {
				r := 1 / (1 + (1-w)/w*math.Exp(-2*m*x[0])) // share of N(m, 1) in p(x)
				return math.Pow(f(x[0], r), 2)
			})
		}
		return mean
	}
	byWeight := func(r float64) float64 { return r * (1 - r) / (w * (1 - w)) } // ∂_w r
	// With r the score is s = m(2r−1) − x, and s′ = 4m²r(1−r) − 1.
	logProb := meanSquare(func(_, r float64) float64 { return (r - w) / (w * (1 - w)) })
	slope := meanSquare(func(_, r float64) float64 { return 2 * m * byWeight(r) })
	objective := meanSquare(func(x, r float64) float64 {
		s := m*(2*r-1) - x
		return (4*m*m*(1-2*r) + s*2*m) * byWeight(r) // ∂_w ρ = ∂_w s′ + s·∂_w s
	})
	return objective / (slope * slope), 1 / logProb, err
}
