package ncsn

import (
	"gibbs/lib/prob"
)

// Floors returns the least possible loss of each level for data from m, that of
// the exact scores, by quadrature in one or two dimensions. Their mean is the floor
// of [DSM.Loss].
//
//	d − σᵢ²·I(σᵢ),  I(σ) = E‖∇ log q_σ‖²
func Floors(m *prob.Mixture, l Ladder) ([]float64, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	floors := make([]float64, len(l))
	for i, sigma := range l {
		information, err := m.Smooth(sigma).FisherInformation()
		if err != nil {
			return nil, err
		}
		floors[i] = float64(m.Dim()) - sigma*sigma*information
	}
	return floors, nil
}

// Pooled returns the mixture of all noisy laws with weights σᵢ². Its score is the
// best that a model can do that is not told its noise level:
//
//	s*(x) = Σᵢ σᵢ² qᵢ(x) ∇ log qᵢ(x) / Σᵢ σᵢ² qᵢ(x) = ∇ log Σᵢ σᵢ² qᵢ(x)
//
// the minimiser of [DSM] over the functions of x alone. So such a model samples
// a law that the largest levels dominate, at every step of the ladder. It panics
// on a malformed ladder.
func Pooled(m *prob.Mixture, l Ladder) *prob.Mixture {
	if err := l.Check(); err != nil {
		panic(err)
	}
	pooled := &prob.Mixture{}
	for _, sigma := range l {
		q := m.Smooth(sigma)
		for k, w := range q.Weights {
			pooled.Means = append(pooled.Means, q.Means[k])
			pooled.Sigmas = append(pooled.Sigmas, q.Sigmas[k])
			pooled.Weights = append(pooled.Weights, w*sigma*sigma)
		}
	}
	return pooled
}

// BlindFloor returns the loss of the score of [Pooled], the least one of a model
// that is not told its noise level, by quadrature in one or two dimensions.
//
//	d − I·1/L Σᵢ σᵢ²,  I = E‖s*‖² under Pooled
func BlindFloor(m *prob.Mixture, l Ladder) (float64, error) {
	if err := l.Check(); err != nil {
		return 0, err
	}
	information, err := Pooled(m, l).FisherInformation()
	mean := 0.0
	for _, sigma := range l {
		mean += sigma * sigma / float64(len(l))
	}
	return float64(m.Dim()) - information*mean, err
}

// Variances returns the variance of one coordinate after each level of a run of a
// [Sampler], and after its last step (without Raw), for data whose coordinate is
// N(0, variance), the exact scores, and chains that start with the given variance.
// Each step contracts by 1 − α/v, v = variance + σ²:
//
//	V ← (1 − α/v)²·V + 2α
func (c Config) Variances(variance, start float64) ([]float64, error) {
	p, err := c.plan()
	if err != nil {
		return nil, err
	}
	var after []float64
	for i := range p.steps {
		level := i / p.perLevel
		keep := 1 - p.drift[level]/(variance+p.sigma[level]*p.sigma[level])
		start = keep*keep*start + p.noise[level]*p.noise[level]
		if (i+1)%p.perLevel == 0 || i+1 == p.steps {
			after = append(after, start)
		}
	}
	return after, nil
}
