package main

import (
	"math"
	"slices"
)

// median is the middle of the values, or the mean of the two in the middle; NaN of none.
func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	if len(v) == 0 {
		return math.NaN()
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// Spread is the middle and the ends of some numbers.
type Spread struct {
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
}

// spreadOf panics on no values.
func spreadOf(values []float64) Spread {
	return Spread{median(values), slices.Min(values), slices.Max(values)}
}

// ratios divides run by run: both runs of a pair were made within moments of each
// other, so what the machine does besides burdens them alike. Lengths are equal.
func ratios(peer, ours []float64) []float64 {
	r := make([]float64, len(ours))
	for i := range r {
		r[i] = peer[i] / ours[i]
	}
	return r
}
