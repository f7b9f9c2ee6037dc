package ising_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"gibbs/lib/ising"
	"gibbs/lib/rng"

	"gonum.org/v1/gonum/stat"
)

// moves are the host's transitions.
var moves = map[string]func(s *ising.Spins, h *rng.Host, tau float64){
	"heat bath":     func(s *ising.Spins, h *rng.Host, tau float64) { s.Sweep(h, ising.HeatBath, tau) },
	"Metropolis":    func(s *ising.Spins, h *rng.Host, tau float64) { s.Sweep(h, ising.Metropolis, tau) },
	"Wolff":         func(s *ising.Spins, h *rng.Host, tau float64) { s.Wolff(h, tau) },
	"Swendsen–Wang": func(s *ising.Spins, h *rng.Host, tau float64) { s.SwendsenWang(h, tau) },
}

// chain returns E and M after each of n moves, [1][n].
func chain(l ising.Lattice, tau float64, n int, move func(s *ising.Spins, h *rng.Host, tau float64)) (e, m [][]float64) {
	s, h := ising.NewSpins(l), rng.NewHost(2)
	e, m = [][]float64{make([]float64, n)}, [][]float64{make([]float64, n)}
	for i := range n {
		move(s, h, tau)
		e[0][i], m[0][i] = s.Energy(), float64(s.Total())
	}
	return e, m
}

// TestHostMoves holds every move on 3×3 and 4×4 lattices to enumeration. 20,000 moves
// catch 3 % of U.
func TestHostMoves(t *testing.T) {
	n := 20_000
	if testing.Short() {
		n = 5_000
	}
	for name, move := range moves {
		for _, l := range []int{3, 4} {
			lattice := ising.Lattice{L: l}
			e, m := chain(lattice, 2.4, n, move)
			observed(t, name, e, m, enumerated(t, lattice), 2.4)
		}
	}
	field := ising.Lattice{L: 3, Field: 0.3}
	e, m := chain(field, 2.4, n, moves["heat bath"])
	observed(t, "heat bath, h = 0.3", e, m, enumerated(t, field), 2.4)
}

// TestPlantedMoves holds wrong moves to the check of TestHostMoves on U, with 10,000 of
// them: each must fail.
func TestPlantedMoves(t *testing.T) {
	planted := map[string]func(s *ising.Spins, h *rng.Host, tau float64){
		"cluster at 1 − e^{−1/τ}":       func(s *ising.Spins, h *rng.Host, tau float64) { s.Wolff(h, 2*tau) },
		"heat bath with β(Σs), no 2":    func(s *ising.Spins, h *rng.Host, tau float64) { s.Sweep(h, ising.HeatBath, 2*tau) },
		"sign of the energy":            func(s *ising.Spins, h *rng.Host, tau float64) { s.Sweep(h, ising.HeatBath, -tau) },
		"Metropolis with ΔE short of 2": func(s *ising.Spins, h *rng.Host, tau float64) { s.Sweep(h, ising.Metropolis, 2*tau) },
		"all sites at once": func(s *ising.Spins, h *rng.Host, tau float64) {
			old := &ising.Spins{Lattice: s.Lattice, S: slices.Clone(s.S)}
			for i, u := range h.Uniform(len(s.S)) {
				sum := 0
				r, c := i/s.L, i%s.L
				for _, d := range [][2]int{{0, 1}, {0, s.L - 1}, {1, 0}, {s.L - 1, 0}} {
					sum += int(old.S[(r+d[0])%s.L*s.L+(c+d[1])%s.L])
				}
				if s.S[i] = -1; u < 1/(1+math.Exp(-2*float64(sum)/tau)) {
					s.S[i] = 1
				}
			}
		},
		"sweeps between clusters, at 1.1τ": func(s *ising.Spins, h *rng.Host, tau float64) {
			s.SwendsenWang(h, tau)
			s.Sweep(h, ising.HeatBath, 1.1*tau)
		},
	}
	lattice := ising.Lattice{L: 4}
	exact := enumerated(t, lattice).Levels().At(2.4).U / 16
	for name, move := range planted {
		e, m := chain(lattice, 2.4, 10_000, move)
		u := ising.Measure(e, m, 16, 2.4).U
		z := math.Abs(u.Value-exact) / u.Error
		t.Logf("%-30s U/N = %.4f ± %.4f, exact %.4f: off by %.0f standard errors", name, u.Value, u.Error, exact, z)
		if z < alpha {
			t.Errorf("%s: not caught, %.1f standard errors", name, z)
		}
	}
}

// TestWolffIsFast: at τ_c on 16×16, |m| of Wolff moves, counted in sweeps' worth of
// work, decorrelates at least ten times faster than that of heat-bath sweeps.
func TestWolffIsFast(t *testing.T) {
	lattice := ising.Lattice{L: 16}
	_, local := chain(lattice, ising.TauC, 8000, moves["heat bath"])
	size := 0.0
	var n int
	_, clusters := chain(lattice, ising.TauC, 8000, func(s *ising.Spins, h *rng.Host, tau float64) {
		size += float64(s.Wolff(h, tau))
		n++
	})
	slow := ising.Measure(local, local, 256, ising.TauC).TauAbsM
	fast := ising.Measure(clusters, clusters, 256, ising.TauC).TauAbsM * size / float64(n) / 256
	t.Logf("autocorrelation times in sweeps: heat bath %.0f, Wolff %.1f", slow, fast)
	if fast > slow/10 {
		t.Errorf("autocorrelation times in sweeps: heat bath %.0f, Wolff %.1f", slow, fast)
	}
}

// TestWangLandau holds the mean log g of eight walks on 4×4 to the exact one, each energy
// within five of its standard errors, pooled over the energies. It catches an error of
// 7 % of a g.
func TestWangLandau(t *testing.T) {
	lattice := ising.Lattice{L: 4}
	bonds, count := enumerated(t, lattice).DensityOfStates()
	const walks = 8
	logG := make([][]float64, len(bonds))
	for seed := range int64(walks) {
		levels, err := (ising.WangLandau{Lattice: lattice, Sweeps: 40_000, Seed: seed}).Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if len(levels.Energy) != len(bonds) {
			t.Fatalf("%d energies, want %d", len(levels.Energy), len(bonds))
		}
		within(t, "Σg", levels.At(math.Inf(1)).LogZ, 16*math.Ln2, 1e-9)
		for i, e := range levels.Energy {
			within(t, "energy", e, float64(bonds[i]), 0)
			logG[i] = append(logG[i], levels.LogCount[i])
		}
	}
	pooled := 0.0
	for i := range logG {
		pooled += stat.Variance(logG[i], nil) / float64(len(logG))
	}
	t.Logf("log g scatters by %.3f", math.Sqrt(pooled))
	if !(pooled < 0.05*0.05) {
		t.Errorf("log g scatters by %.3f", math.Sqrt(pooled))
	}
	for i, n := range count {
		within(t, "log g", stat.Mean(logG[i], nil), math.Log(float64(n)), 5*math.Sqrt(pooled/walks))
	}
}
