package prob

import (
	"fmt"
	"math"
)

// ScoreZeros returns the points between two points where the slope of log p along
// their segment changes its sign, in order from one to the other: on the line the
// modes and the minima between them. Two zeros closer than a fiftieth of the
// smallest sigma may be missed. The points are exact to rounding.
//
// The error says that a point has another dimension than m, or that the two are
// equal.
func (m *Mixture) ScoreZeros(from, to []float64) ([][]float64, error) {
	if len(from) != m.Dim() || len(to) != m.Dim() {
		return nil, fmt.Errorf("prob: ScoreZeros: want points of %d numbers, got %v and %v", m.Dim(), from, to)
	}
	length := 0.0
	for d := range from {
		length = math.Hypot(length, to[d]-from[d])
	}
	if !(length > 0) || math.IsInf(length, 0) {
		return nil, fmt.Errorf("prob: ScoreZeros: no segment from %v to %v", from, to)
	}
	score, s, x := m.hostScore(), make([]float64, len(from)), make([]float64, len(from))
	rises := func(t float64) bool { // uphill at from + t(to − from)?
		slope := 0.0
		for d := range x {
			x[d] = from[d] + t*(to[d]-from[d])
		}
		score(x, s)
		for d := range x {
			slope += s[d] * (to[d] - from[d])
		}
		return slope > 0
	}
	_, _, finest := m.box()
	var zeros [][]float64
	steps := math.Ceil(50 * length / finest)
	for i := 0.0; i < steps; i++ {
		low, high := i/steps, (i+1)/steps
		if rises(low) == rises(high) {
			continue
		}
		for start, bits := rises(low), 0; bits < 60; bits++ {
			if middle := (low + high) / 2; rises(middle) == start {
				low = middle
			} else {
				high = middle
			}
		}
		rises(high) // sets x
		zeros = append(zeros, append([]float64(nil), x...))
	}
	return zeros, nil
}

// CDF returns the probability that coordinate axis of a draw is at most x. It
// panics if there is no such axis.
func (m *Mixture) CDF(axis int, x float64) float64 {
	means, weights, sigmas := m.parameters()
	sum := 0.0
	for k, w := range weights {
		sum += w * math.Erfc((means[k][axis]-x)/(sigmas[k][axis]*math.Sqrt2)) / 2
	}
	return sum
}
