package main

import (
	"context"

	"gibbs/lib/backend"
	"gibbs/lib/ising"
)

type isingSettings struct {
	L      int     `json:"l"`
	Sweeps int     `json:"sweeps"`
	Tau    float64 `json:"tau"`
}

// isingHeatbath makes heat-bath sweeps of one lattice whose spins are all up.
func isingHeatbath(o isingSettings) (task[*ising.Spins], error) {
	c := ising.Config{Tau: []float64{o.Tau}, Sweeps: o.Sweeps, FinalOnly: true}
	sampler, err := ising.Compile(backend.MustOpen(), ising.Lattice{L: o.L}, c)
	run := func(seed int) (*ising.Spins, error) {
		c := c
		c.Seed = int64(seed)
		result, err := sampler.Run(context.Background(), c)
		if err != nil {
			return nil, err
		}
		return result.Final[0][0], nil
	}
	answer := func(s *ising.Spins) Answer {
		n := float64(s.Sites())
		return Answer{
			"energy of a spin": {s.Energy() / n, betweenLattices.energy},
			"magnetisation":    {float64(s.Total()) / n, betweenLattices.magnetisation},
		}
	}
	return task[*ising.Spins]{run: run, answer: answer}, err
}

// betweenLattices are the standard deviations of one 256×256 lattice's answers at τ = 2:
// the energy's is τ√(C/N), with Onsager's C of a spin; the magnetisation's is from 40
// runs of the JAX side.
var betweenLattices = struct{ energy, magnetisation float64 }{0.0067, 0.0033}
