package ising

import (
	"fmt"
	"math"
	"math/bits"

	"gibbs/lib/energy"
)

// States is the density of states of a finite Ising model in its bond energy and
// its magnetisation, by enumeration.
type States struct {
	Model Lattice
	Bonds []int // −Σ_⟨ij⟩ sᵢsⱼ of each class of states
	M     []int // Σ sᵢ
	Count []int // how many states have both
}

// Enumerate counts all 2^N states of a lattice with L = 3, 4 or 5, in Gray-code
// order: from one state to the next a single spin turns over.
func (l Lattice) Enumerate() (*States, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	if l.L > 5 {
		return nil, fmt.Errorf("ising: a lattice of %d spins has 2^%d states: enumerate up to 5×5, and use Kaufman beyond", l.Sites(), l.Sites())
	}
	n := l.Sites()
	counts := l.count()
	s := &States{Model: l}
	for e := range n + 1 {
		for up := range n + 1 {
			if c := counts[e][up]; c > 0 {
				s.Bonds = append(s.Bonds, 4*e-2*n)
				s.M = append(s.M, 2*up-n)
				s.Count = append(s.Count, c)
			}
		}
	}
	return s, nil
}

// count returns how many states have the bond energy 4e − 2N and the number up of
// spins +1, [N+1][N+1]. The last spin stays down: a state and its mirror image have
// one energy.
func (l Lattice) count() [][]int {
	n := l.Sites()
	neighbours := make([]uint32, n)
	for i := range neighbours {
		for _, j := range l.neighbours(i) {
			neighbours[i] |= 1 << j
		}
	}
	counts := make([][]int, n+1)
	for e := range counts {
		counts[e] = make([]int, n+1)
	}
	state, e, up := uint32(0), 0, 0 // all down
	counts[e][up]++
	for step := uint32(1); step < 1<<(n-1); step++ {
		i := bits.TrailingZeros32(step)
		around := bits.OnesCount32(state & neighbours[i]) // of four
		if state ^= 1 << i; state>>i&1 == 1 {
			e, up = e+2-around, up+1 // ΔE = 2Σⱼsⱼ·sᵢ = 4(2 − around)
		} else {
			e, up = e-2+around, up-1
		}
		counts[e][up]++
	}
	for e := range counts {
		for up := range (n + 1) / 2 {
			both := counts[e][up] + counts[e][n-up]
			counts[e][up], counts[e][n-up] = both, both
		}
		if n%2 == 0 {
			counts[e][n/2] *= 2
		}
	}
	return counts
}

// neighbours returns the four neighbours of site i, row by row.
func (l Lattice) neighbours(i int) [4]int {
	row, col := i/l.L, i%l.L
	at := func(r, c int) int { return (r+l.L)%l.L*l.L + (c+l.L)%l.L }
	return [4]int{at(row-1, col), at(row+1, col), at(row, col-1), at(row, col+1)}
}

// Levels returns the states as levels of E, with the field of the model. Each class
// is one level, in the order of Bonds and M, so that several may have one energy.
func (s *States) Levels() energy.Levels {
	levels := energy.Levels{Energy: make([]float64, len(s.Count)), LogCount: make([]float64, len(s.Count))}
	for i, count := range s.Count {
		levels.Energy[i] = float64(s.Bonds[i]) - s.Model.Field*float64(s.M[i])
		levels.LogCount[i] = math.Log(float64(count))
	}
	return levels
}

// Mean returns the Gibbs mean of a function of m = M/N at temperature tau: |m|, m²,
// m⁴. It panics if tau is 0.
func (s *States) Mean(f func(m float64) float64, tau float64) float64 {
	values := make([]float64, len(s.M))
	for i, m := range s.M {
		values[i] = f(float64(m) / float64(s.Model.Sites()))
	}
	return s.Levels().Mean(values, tau)
}

// Binder returns Binder's cumulant 1 − ⟨m⁴⟩/(3⟨m²⟩²) at temperature tau.
func (s *States) Binder(tau float64) float64 {
	m2 := s.Mean(func(m float64) float64 { return m * m }, tau)
	return 1 - s.Mean(func(m float64) float64 { return m * m * m * m }, tau)/(3*m2*m2)
}

// DensityOfStates returns g(E) without the field: for each bond energy the number of
// states, both in increasing order of energy.
func (s *States) DensityOfStates() (bonds, count []int) {
	for i, e := range s.Bonds {
		if len(bonds) == 0 || bonds[len(bonds)-1] != e {
			bonds, count = append(bonds, e), append(count, 0)
		}
		count[len(count)-1] += s.Count[i]
	}
	return bonds, count
}
