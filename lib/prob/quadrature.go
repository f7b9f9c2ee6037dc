package prob

import (
	"errors"
	"fmt"
	"math"
)

// Expectation returns E[f(x)] under m, in one or two dimensions, for a smooth f
// of at most polynomial growth: a trapezoidal sum over ten standard deviations
// around every mean, halving its step until two results agree to 1e-12 of
// E|f|. For smooth integrands that vanish at both ends the error of
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
// same for p·|f|. The ends hold nothing, so their half weight does not matter.
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
			size += p * math.Abs(value)
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
