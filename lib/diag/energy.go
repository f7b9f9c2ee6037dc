package diag

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// EBFMI returns the energy Bayesian fraction of missing information of one chain of a
// Hamiltonian sampler, from the energies H of its draws: how much of the energy's
// spread one drawing of momenta makes anew.
//
//	E-BFMI = Σ (Hᵢ − Hᵢ₋₁)² / Σ (Hᵢ − H̄)²
//
// Independent energies have about 2. Below 0.3 the chain moves through the energies by
// a slow random walk, and may not have seen the tails: a sign of a heavy tail or of a
// scale that depends on another coordinate. NaN as [ESSBulk].
//
// Source: Betancourt, "Diagnosing suboptimal cotangent disintegrations in Hamiltonian
// Monte Carlo", 2016, equation (1). Equal to ArviZ's bfmi.
func EBFMI(energy []float64) float64 {
	if !usable([][]float64{energy}, 1) {
		return math.NaN()
	}
	steps := 0.0
	for i, e := range energy[1:] {
		steps += (e - energy[i]) * (e - energy[i])
	}
	return steps / (stat.Variance(energy, nil) * float64(len(energy)-1))
}
