package ising

import (
	"fmt"

	"gibbs/lib/rng"
)

// Spins are the spins of one lattice on the host, with moves that leave its law
// unchanged.
type Spins struct {
	Lattice
	S []int8 // ±1, row by row, N of them
}

// NewSpins returns a lattice whose spins are all up. It panics if the lattice is no
// lattice: L < 3 or a field that is not finite.
func NewSpins(l Lattice) *Spins {
	if err := l.check(); err != nil {
		panic(err)
	}
	s := &Spins{l, make([]int8, l.Sites())}
	for i := range s.S {
		s.S[i] = 1
	}
	return s
}

// Total returns M = Σ sᵢ.
func (s *Spins) Total() int {
	total := 0
	for _, spin := range s.S {
		total += int(spin)
	}
	return total
}

// Energy returns E.
func (s *Spins) Energy() float64 {
	bonds := 0
	for i := range s.S {
		bonds -= int(s.S[i]) * s.around(i)
	}
	return float64(bonds/2) - s.Field*float64(s.Total())
}

// around returns the sum of the four neighbours of site i.
func (s *Spins) around(i int) int {
	sum := 0
	for _, j := range s.neighbours(i) {
		sum += int(s.S[j])
	}
	return sum
}

// Sweep updates every spin once, row by row, by the rule at temperature tau > 0.
func (s *Spins) Sweep(h *rng.Host, rule Rule, tau float64) {
	u := h.Uniform(len(s.S))
	for i := range s.S {
		up := rule.up(int(s.S[i]), s.around(i), s.Field, tau)
		if s.S[i] = -1; u[i] < up {
			s.S[i] = 1
		}
	}
}

// assertNoField panics in a field, which cluster moves leave out.
func (s *Spins) assertNoField(move string) {
	if s.Field != 0 {
		panic(fmt.Sprintf("ising: %s moves are for a lattice without field, this one has h = %g: use Sweep", move, s.Field))
	}
}
