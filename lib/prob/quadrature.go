package prob

import (
	"errors"
	"fmt"
	"math"
)

// Expectation returns E[f(x)] under m, in one or two dimensions, for a smooth f
// of at most polynomial growth: a trapezoidal sum over ten standard deviations
// around every mean, halving its step until two results agree to 1e-12 of the
// size of the terms. For smooth integrands that vanish at both ends the error of
// such a sum falls exponentially in 1/step. The error says that the dimension is
// too high or that f did not settle (it has a kink, or m has details too fine
// for its width).
//
// f must not keep x. A malformed mixture panics.
func (m *Mixture) Expectation(f func(x []float64) float64) (float64, error) {
	dim := m.Dim()
	if dim > 2 {
		return 0, fmt.Errorf("prob: Expectation: quadrature is for 1 or 2 dimensions, not %d: estimate it from samples", dim)
	}
	low, high, finest := m.box()
	steps := make([]float64, dim)
	previous := math.NaN()
	const maxPoints = 1 << 24 // two dimensions, seconds
	for h := finest / 2; ; h /= 2 {
		points := 1.0
		for d := range steps {
			steps[d] = (high[d] - low[d]) / math.Ceil((high[d]-low[d])/h)
			points *= (high[d]-low[d])/steps[d] + 1
		}
		if points > maxPoints {
			return 0, errors.New("prob: Expectation: the sum does not settle: is f smooth?")
		}
		sum, size := m.trapezoid(f, low, high, steps)
		if math.Abs(sum-previous) <= 1e-12*size {
			return sum, nil
		}
		if math.IsNaN(sum) {
			return 0, errors.New("prob: Expectation: f is not a number somewhere in the mixture's range")
		}
		previous = sum
	}
}

// FisherInformation returns I = E‖∇ log p‖² under m, by quadrature. The least
// possible denoising score matching loss at noise σ in d dimensions, the mean of
// ‖s(x + σε) + ε/σ‖², is d/σ² − I of m.Smooth(σ).
func (m *Mixture) FisherInformation() (float64, error) {
	s := make([]float64, m.Dim())
	score := m.hostScore()
	return m.Expectation(func(x []float64) float64 {
		score(x, s)
		return squaredNorm(s)
	})
}

// FisherDivergence returns ½ E‖∇ log p − ∇ log q‖² with x from p, by quadrature.
// It is not symmetric in p and q.
func FisherDivergence(p, q *Mixture) (float64, error) {
	if p.Dim() != q.Dim() {
		return 0, fmt.Errorf("prob: FisherDivergence: p has %d dimensions, q has %d", p.Dim(), q.Dim())
	}
	a, b := make([]float64, p.Dim()), make([]float64, p.Dim())
	scoreP, scoreQ := p.hostScore(), q.hostScore()
	return p.Expectation(func(x []float64) float64 {
		scoreP(x, a)
		scoreQ(x, b)
		for d := range a {
			a[d] -= b[d]
		}
		return squaredNorm(a) / 2
	})
}

// box returns a box that holds all but 1e-22 of m, and the smallest sigma.
func (m *Mixture) box() (low, high []float64, finest float64) {
	means, _, sigmas := m.parameters()
	finest = math.Inf(1)
	for d := range means[0] {
		low, high = append(low, math.Inf(1)), append(high, math.Inf(-1))
		for k := range means {
			low[d] = min(low[d], means[k][d]-10*sigmas[k][d])
			high[d] = max(high[d], means[k][d]+10*sigmas[k][d])
			finest = min(finest, sigmas[k][d])
		}
	}
	return low, high, finest
}

// trapezoid returns the sum of p·f over a grid times the cell's volume, and the
// same for p·(1 + |f|). The ends hold nothing, so their half weight does not matter.
func (m *Mixture) trapezoid(f func(x []float64) float64, low, high, steps []float64) (sum, size float64) {
	logProb := m.hostLogProb()
	x, volume := make([]float64, len(low)), 1.0
	for _, h := range steps {
		volume *= h
	}
	var over func(d int)
	over = func(d int) {
		if d == len(x) {
			p := math.Exp(logProb(x)) * volume
			value := f(x)
			sum += p * value
			size += p * (1 + math.Abs(value))
			return
		}
		for i := range int(math.Round((high[d]-low[d])/steps[d])) + 1 {
			x[d] = low[d] + float64(i)*steps[d]
			over(d + 1)
		}
	}
	over(0)
	return sum, size
}

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
