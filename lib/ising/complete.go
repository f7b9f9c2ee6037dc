package ising

import (
	"fmt"
	"math"

	"gibbs/lib/energy"
	"gibbs/lib/rng"
)

// CompleteGraph is a MeanField of N spins, not in a limit: E = N·Energy(m) for m =
// (2k − N)/N with k spins up. Exact by a sum over k, and a host sampler whose state is
// k alone.
type CompleteGraph struct {
	MeanField
	N int // at least 2
}

// M returns the magnetisations −1, −1 + 2/N, …, 1, one for each level of Levels.
func (c CompleteGraph) M() []float64 {
	m := make([]float64, c.N+1)
	for k := range m {
		m[k] = float64(2*k-c.N) / float64(c.N)
	}
	return m
}

// Levels returns the levels by the number k of spins up, with log g = log (N choose k).
// Probs of it is the law of m. It panics if N < 2.
func (c CompleteGraph) Levels() energy.Levels {
	c.check()
	levels := energy.Levels{Energy: make([]float64, c.N+1), LogCount: make([]float64, c.N+1)}
	all, _ := math.Lgamma(float64(c.N) + 1)
	for k, m := range c.M() {
		up, _ := math.Lgamma(float64(k) + 1)
		down, _ := math.Lgamma(float64(c.N-k) + 1)
		levels.Energy[k] = float64(c.N) * c.Energy(m)
		levels.LogCount[k] = all - up - down
	}
	return levels
}

func (c CompleteGraph) check() {
	if c.N < 2 {
		panic(fmt.Sprintf("ising: a complete graph of %d spins: want at least 2", c.N))
	}
}

// Sweep makes N heat-bath steps from k spins up at temperature tau: each takes a spin at
// random and draws it anew given all others, so that its energy difference is exact for
// N spins. It returns the k after them.
func (c CompleteGraph) Sweep(h *rng.Host, k int, tau float64) int {
	c.check()
	u := h.Uniform(2 * c.N)
	n := float64(c.N)
	for i := range c.N {
		if u[2*i]*n < float64(k) {
			k-- // the spin that was taken is up; now k counts the others
		}
		m := func(k int) float64 { return float64(2*k-c.N) / n }
		if up := 1 / (1 + math.Exp(n*(c.Energy(m(k+1))-c.Energy(m(k)))/tau)); u[2*i+1] < up {
			k++
		}
	}
	return k
}
