package ising

import (
	"fmt"
	"math"
)

// Bethe is the Bethe–Peierls approximation of a lattice with z neighbours for each
// spin: exact on a tree, and on a ring (z = 2) in the limit of many spins.
type Bethe struct {
	Z     int     // z, at least 2
	Field float64 // h
}

// TauC returns the critical temperature 2/ln(z/(z−2)); 0 for z = 2, where there is none.
func (b Bethe) TauC() float64 {
	if b.Z == 2 {
		return 0
	}
	return 2 / math.Log(float64(b.Z)/float64(b.Z-2))
}

// Solve returns the magnetisation and log Z/N at temperature tau, from the cavity
// field H, which a spin feels from all neighbours but one, of the ordered solution:
//
//	H = βh + (z−1) atanh(tanh β · tanh H)
//	log Z/N = log Σₛ e^{βhs} ψ(s)^z − (z/2) log(½(e^β cosh 2H + e^{−β})/cosh² H),   ψ(s) = cosh(βs + H)/cosh H
//
// It panics unless z ≥ 2 and tau > 0. Source: Bethe, 1935; Peierls, 1936.
func (b Bethe) Solve(tau float64) (m, logZ float64) {
	if b.Z < 2 || !(tau > 0) {
		panic(fmt.Sprintf("ising: Bethe: want z ≥ 2 and τ > 0, got %d and %g", b.Z, tau))
	}
	beta, z := 1/tau, float64(b.Z)
	h := beta * b.Field
	excess := func(x float64) float64 { return h + (z-1)*math.Atanh(math.Tanh(beta)*math.Tanh(x)) - x }
	// excess is concave for x > 0 and negative at the end: from there, or from its
	// mirror image where the field is negative, the first zero is the ordered solution.
	sign := math.Copysign(1, b.Field)
	end := (z-1)*beta + math.Abs(h) + 1
	cavity := 0.0
	if b.Field != 0 || (z-1)*math.Tanh(beta) > 1 {
		cavity = bisect(func(x float64) float64 { return sign * excess(sign*x) }, 1e-9, end) * sign
	}
	psi := func(s float64) float64 { return math.Cosh(beta*s+cavity) / math.Cosh(cavity) }
	up, down := math.Exp(h)*math.Pow(psi(1), z), math.Exp(-h)*math.Pow(psi(-1), z)
	pair := (math.Exp(beta)*math.Cosh(2*cavity) + math.Exp(-beta)) / (2 * math.Pow(math.Cosh(cavity), 2))
	return (up - down) / (up + down), math.Log(up+down) - z/2*math.Log(pair)
}
