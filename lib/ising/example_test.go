package ising_test

import (
	"context"
	"fmt"
	"math"

	"gibbs/lib/backend"
	"gibbs/lib/ising"
	"gibbs/lib/rng"
)

// Example sweeps 32 lattices of 4×4 at each of three temperatures, and compares the mean
// energy of a spin with the exact one.
func Example() {
	lattice := ising.Lattice{L: 4}
	config := ising.Config{Tau: []float64{2, ising.TauC, 4}, Chains: 32, BurnIn: 100, Sweeps: 2000}
	r, err := ising.Run(context.Background(), backend.MustOpen(), lattice, config)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, tau := range r.Tau {
		exact, err := ising.Kaufman(4, 4, tau)
		if err != nil {
			fmt.Println(err)
			return
		}
		o := ising.Measure(r.Energy[i], r.Magnetization[i], lattice.Sites(), tau)
		fmt.Printf("τ = %.2f: U/N = %.3f, within five errors: %v\n", tau, exact.U/16, math.Abs(o.U.Value-exact.U/16) < 5*o.U.Error)
	}
	// Output:
	// τ = 2.00: U/N = -1.755, within five errors: true
	// τ = 2.27: U/N = -1.566, within five errors: true
	// τ = 4.00: U/N = -0.625, within five errors: true
}

// ExampleLattice_Enumerate counts the 65,536 states of a 4×4 lattice.
func ExampleLattice_Enumerate() {
	s, err := ising.Lattice{L: 4}.Enumerate()
	if err != nil {
		fmt.Println(err)
		return
	}
	bonds, count := s.DensityOfStates()
	fmt.Println(bonds[0], count[0], bonds[1], count[1])
	fmt.Printf("log Z = %.10f, ⟨|m|⟩ = %.8f\n", s.Levels().At(2).LogZ, s.Mean(math.Abs, 2))
	// Output:
	// -32 2 -24 32
	// log Z = 17.1053671187, ⟨|m|⟩ = 0.91894327
}

// ExampleMeanField_FirstOrder is the jump of the model of triples.
func ExampleMeanField_FirstOrder() {
	t, err := ising.MeanField{P: 3}.FirstOrder()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("at τ = %.6f from m = 0 to %.6f, latent heat %.6f\n", t.Tau, t.M, t.Latent)
	// Output:
	// at τ = 1.487908 from m = 0 to 0.948059, latent heat 0.852131
}

// ExampleSpins_Wolff turns over clusters of a 32×32 lattice at its critical temperature.
func ExampleSpins_Wolff() {
	s, h := ising.NewSpins(ising.Lattice{L: 32}), rng.NewHost(1)
	turned := 0
	for range 1000 {
		turned += s.Wolff(h, ising.TauC)
	}
	fmt.Println("a cluster holds more than a quarter of the spins:", turned > 1000*1024/4)
	// Output:
	// a cluster holds more than a quarter of the spins: true
}
