package ising

import (
	"fmt"
	"math"

	"gibbs/lib/rng"
)

// Wolff makes one cluster move at temperature tau: from a random spin it grows a cluster
// over bonds to equal neighbours, each taken with probability p, and turns it over. It
// returns the size of the cluster: N/size moves are a sweep's worth of work. It panics in
// a field.
//
//	p = 1 − e^{−2/τ}
//
// Source: Wolff, "Collective Monte Carlo updating for spin systems", 1989.
func (s *Spins) Wolff(h *rng.Host, tau float64) int {
	s.assertNoField("Wolff")
	threshold := bondThreshold(tau)
	seed := h.Intn(len(s.S))
	old := s.S[seed]
	s.S[seed] = -old
	cluster := []int{seed}
	for next := 0; next < len(cluster); next++ {
		words := h.Bits(4)
		for k, j := range s.neighbours(cluster[next]) {
			if s.S[j] == old && words[k] < threshold {
				s.S[j] = -old
				cluster = append(cluster, j)
			}
		}
	}
	return len(cluster)
}

// SwendsenWang makes one move of all clusters at temperature tau: bonds between equal
// neighbours are taken with probability 1 − e^{−2/τ}, and each connected cluster turns
// over with probability ½. It returns the number of clusters. It panics in a field.
//
// Source: Swendsen, Wang, "Nonuniversal critical dynamics in Monte Carlo simulations",
// 1987.
func (s *Spins) SwendsenWang(h *rng.Host, tau float64) int {
	s.assertNoField("SwendsenWang")
	threshold := bondThreshold(tau)
	n := len(s.S)
	parent := make([]int, n)
	for i := range parent {
		parent[i] = i
	}
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	words := h.Bits(3 * n)
	for i := range n {
		around := s.neighbours(i)
		for k, j := range []int{around[1], around[3]} { // below and right: each bond once
			if s.S[i] == s.S[j] && words[2*i+k] < threshold {
				parent[root(i)] = root(j)
			}
		}
	}
	clusters := 0
	for i := range n {
		r := root(i)
		if r == i {
			clusters++
		}
		if words[2*n+r]>>31 == 1 {
			s.S[i] = -s.S[i]
		}
	}
	return clusters
}

// bondThreshold is the number of the 2³² words that take a bond.
func bondThreshold(tau float64) uint32 {
	if !(tau > 0) {
		panic(fmt.Sprintf("ising: a cluster move at τ = %g: want τ > 0", tau))
	}
	return uint32(math.Min(math.Round(-math.Expm1(-2/tau)*(1<<32)), math.MaxUint32))
}
