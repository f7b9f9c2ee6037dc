package prob

import "math"

// hostLogProb returns LogProb for one example on the host.
func (m *Mixture) hostLogProb() func(x []float64) float64 {
	terms, joint := m.hostTerms()
	return func(x []float64) float64 {
		top := terms(x)
		sum := 0.0
		for _, l := range joint {
			sum += math.Exp(l - top)
		}
		return top + math.Log(sum)
	}
}

// hostScore returns a function that sets s to the score at x.
func (m *Mixture) hostScore() func(x, s []float64) {
	means, _, sigmas := m.parameters()
	terms, joint := m.hostTerms()
	return func(x, s []float64) {
		top, sum := terms(x), 0.0
		clear(s)
		for k, l := range joint {
			share := math.Exp(l - top)
			sum += share
			for d := range s {
				s[d] += share * (means[k][d] - x[d]) / (sigmas[k][d] * sigmas[k][d])
			}
		}
		for d := range s {
			s[d] /= sum
		}
	}
}

// hostTrace returns the trace of the score's Jacobian, ∇² log p, on the host.
//
//	tr ∇s = Σₖ rₖ Σ_d [ ((μₖ − x)_d/σ_kd²)² − 1/σ_kd² ] − ‖s‖²
func (m *Mixture) hostTrace() func(x []float64) float64 {
	means, _, sigmas := m.parameters()
	terms, joint := m.hostTerms()
	score, s := m.hostScore(), make([]float64, m.Dim())
	return func(x []float64) float64 {
		top, sum, trace := terms(x), 0.0, 0.0
		for k, l := range joint {
			share := math.Exp(l - top)
			sum += share
			for d := range x {
				precision := 1 / (sigmas[k][d] * sigmas[k][d])
				pull := (means[k][d] - x[d]) * precision
				trace += share * (pull*pull - precision)
			}
		}
		score(x, s)
		return trace/sum - squaredNorm(s)
	}
}

// hostTerms returns a function that sets joint to log wₖ N(x; μₖ, σₖ²) and
// returns the largest.
func (m *Mixture) hostTerms() (terms func(x []float64) float64, joint []float64) {
	means, weights, sigmas := m.parameters()
	joint = make([]float64, len(means))
	offsets := make([]float64, len(means))
	for k, row := range sigmas {
		offsets[k] = math.Log(weights[k])
		for _, sigma := range row {
			offsets[k] -= math.Log(sigma) + 0.5*math.Log(2*math.Pi)
		}
	}
	return func(x []float64) float64 {
		top := math.Inf(-1)
		for k, mean := range means {
			l := offsets[k]
			for d := range x {
				z := (x[d] - mean[d]) / sigmas[k][d]
				l -= z * z / 2
			}
			joint[k] = l
			top = max(top, l)
		}
		return top
	}, joint
}

func squaredNorm(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return sum
}
