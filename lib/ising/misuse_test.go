package ising_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/ising"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

// TestErrors: what is wrong is said, by the package's name.
func TestErrors(t *testing.T) {
	run := func(l ising.Lattice, c ising.Config) error {
		_, err := ising.Run(context.Background(), backend.MustOpen(), l, c)
		return err
	}
	good := ising.Config{Tau: []float64{1}, Sweeps: 1}
	alone, none, cold := good, good, good
	alone.Exchange, none.Sweeps, cold.Tau = true, 0, []float64{0}
	_, large := ising.Lattice{L: 6}.Enumerate()
	_, ring := ising.Ring(2, 1)
	_, walk := ising.WangLandau{Lattice: ising.Lattice{L: 4, Field: 1}, Sweeps: 1}.Run(context.Background())
	for name, err := range map[string]error{
		"odd L": run(ising.Lattice{L: 5}, good), "small L": run(ising.Lattice{L: 2}, good), "one replica": run(ising.Lattice{L: 4}, alone),
		"no sweeps": run(ising.Lattice{L: 4}, none), "τ = 0": run(ising.Lattice{L: 4}, cold), "field": run(ising.Lattice{L: 4, Field: math.NaN()}, good),
		"6×6": large, "ring of 2": ring, "walk in a field": walk,
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "ising: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := (ising.WangLandau{Lattice: ising.Lattice{L: 4}, Sweeps: 10}).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled walk: %v", err)
	}
}

// TestPanics: misuse of what returns no error.
func TestPanics(t *testing.T) {
	g := NewGraph(backend.MustOpen(), "misuse")
	defer g.Finalize()
	x := Const(g, [][][]float32{{{1, 1, 1}, {1, 1, 1}, {1, 1, 1}}})
	for name, f := range map[string]func(){
		"shape":           func() { ising.Lattice{L: 4}.Energy(x) },
		"odd sublattices": func() { ising.Lattice{L: 3}.HeatBath(rng.New(g, 1), x, Const(g, float32(1))) },
		"cluster, field":  func() { ising.NewSpins(ising.Lattice{L: 4, Field: 1}).Wolff(rng.NewHost(1), 2) },
		"cluster, τ = 0":  func() { ising.NewSpins(ising.Lattice{L: 4}).SwendsenWang(rng.NewHost(1), 0) },
		"Onsager, τ = 0":  func() { ising.Onsager(0) },
		"no draws":        func() { ising.Measure(nil, nil, 16, 1) },
		"mean field":      func() { ising.MeanField{}.Stationary(0) },
		"Bethe":           func() { ising.Bethe{Z: 1}.Solve(1) },
		"no spins":        func() { ising.CompleteGraph{N: 1}.Levels() },
	} {
		if exceptions.Try(f) == nil {
			t.Errorf("%s: want a panic", name)
		}
	}
}

// TestMeasure: independent draws of known moments, errors that cover in 4.89 of their
// size, and NaN where blocks are too few.
func TestMeasure(t *testing.T) {
	const n = 40_000
	z := rng.NewHost(8).Normal(2 * n)
	e, m := [][]float64{make([]float64, n)}, [][]float64{make([]float64, n)}
	for i := range n {
		e[0][i], m[0][i] = 4*(-1+0.5*z[i]), 4*z[n+i] // 4 sites: E/N ~ N(−1, ¼), m ~ N(0, 1)
	}
	o := ising.Measure(e, m, 4, 2)
	against(t, "U", o.U, -1)
	against(t, "C", o.C, 4*0.25/4)
	against(t, "|m|", o.AbsM, math.Sqrt(2/math.Pi))
	against(t, "χ", o.Chi, 4*(1-2/math.Pi)/2)
	against(t, "Binder", o.Binder, 0)
	within(t, "autocorrelation time", o.TauE, 1, 0.1)
	within(t, "error of U", o.U.Error, 0.5/math.Sqrt(n), 0.05*0.5/math.Sqrt(n)*5)
	if short := ising.Measure([][]float64{e[0][:100]}, [][]float64{m[0][:100]}, 4, 2); !math.IsNaN(short.U.Error) {
		t.Errorf("ten blocks: error %g", short.U.Error)
	}
}
