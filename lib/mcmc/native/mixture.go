package native

import (
	"fmt"
	"math"
)

// Mixture returns the score of a mixture of isotropic Gaussians in dim dimensions.
//
//	∇ log p(x) = Σₖ rₖ(x) (μₖ − x)/σₖ²,   rₖ ∝ wₖ σₖ^(−dim) exp(−‖x − μₖ‖²/2σₖ²)
//
// means holds component after component, K·dim numbers; weights K numbers that are
// not negative and need not sum to one, nil for equal ones; sigmas K standard
// deviations, nil for ones. The slices are copied. The score allocates nothing.
func Mixture[T Float](dim int, means, weights, sigmas []float64) (Score[T], error) {
	if dim < 1 || len(means) == 0 || len(means)%dim != 0 {
		return nil, fmt.Errorf("native: Mixture: %d means are no positive multiple of dimension %d", len(means), dim)
	}
	k := len(means) / dim
	if weights != nil && len(weights) != k || sigmas != nil && len(sigmas) != k {
		return nil, fmt.Errorf("native: Mixture: %d components, but %d weights and %d sigmas", k, len(weights), len(sigmas))
	}
	components := make([]component, 0, k)
	for i := range k {
		c := component{mean: append([]float64(nil), means[i*dim:][:dim]...), precision: 1}
		for _, m := range c.mean {
			if math.IsNaN(m) || math.IsInf(m, 0) {
				return nil, fmt.Errorf("native: Mixture: component %d has the mean %v", i, c.mean)
			}
		}
		if sigmas != nil {
			if !(sigmas[i] > 0) || math.IsInf(sigmas[i], 1) {
				return nil, fmt.Errorf("native: Mixture: component %d has the sigma %g, want a positive number", i, sigmas[i])
			}
			c.precision = 1 / (sigmas[i] * sigmas[i])
			c.offset = -float64(dim) * math.Log(sigmas[i])
		}
		if weights != nil {
			if !(weights[i] >= 0) || math.IsInf(weights[i], 1) {
				return nil, fmt.Errorf("native: Mixture: component %d has the weight %g", i, weights[i])
			}
			c.offset += math.Log(weights[i])
		}
		if !math.IsInf(c.offset, -1) {
			components = append(components, c)
		}
	}
	if len(components) == 0 {
		return nil, fmt.Errorf("native: Mixture: all weights are zero")
	}
	return func(x, score []T) { mixtureScore(components, x, score) }, nil
}

// component is wₖ N(μₖ, σₖ² I) up to a factor that all share.
type component struct {
	mean      []float64
	precision float64 // 1/σ²
	offset    float64 // log w − dim·log σ
}

// mixtureScore sums the pulls of the components in one pass: the sum is kept
// relative to the largest term so far, so that no exponential overflows.
func mixtureScore[T Float](components []component, x, score []T) {
	clear(score)
	top, total := math.Inf(-1), 0.0
	for _, c := range components {
		distance := 0.0
		for d, m := range c.mean {
			gap := m - float64(x[d])
			distance += gap * gap
		}
		logJoint := c.offset - distance*c.precision/2
		share := 1.0
		if logJoint > top {
			rescale := math.Exp(top - logJoint) // 0 at the first
			top, total = logJoint, total*rescale
			for d := range score {
				score[d] *= T(rescale)
			}
		} else {
			share = math.Exp(logJoint - top)
		}
		total += share
		for d, m := range c.mean {
			score[d] += T(share * c.precision * (m - float64(x[d])))
		}
	}
	for d := range score {
		score[d] /= T(total)
	}
}
