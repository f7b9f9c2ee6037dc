package energy_test

import (
	"fmt"

	"gibbs/lib/energy"
)

// Four levels at a low and at a high temperature.
func ExampleLevels() {
	l := energy.Levels{Energy: []float64{0, 1, 2, 3}}
	for _, tau := range []float64{0.25, 10} {
		at := l.At(tau)
		fmt.Printf("τ = %-4g U = %.4f S = %.4f C = %.4f p = %.3f\n", at.Tau, at.U, at.S, at.C, l.Probs(tau))
	}
	// Output:
	// τ = 0.25 U = 0.0187 S = 0.0931 C = 0.3041 p = [0.982 0.018 0.000 0.000]
	// τ = 10   U = 1.3754 S = 1.3801 C = 0.0124 p = [0.289 0.261 0.236 0.214]
}

// The uniform law is not the best one: its free energy lies τ·KL above the least.
func ExampleLevels_VariationalFreeEnergy() {
	l := energy.Levels{Energy: []float64{0, 1, 2, 3}}
	q := []float64{0.25, 0.25, 0.25, 0.25}
	fmt.Printf("F[q] = %.6f, F = %.6f\n", l.VariationalFreeEnergy(q, 1), l.At(1).F)
	// Output: F[q] = 0.113706, F = -0.440190
}
