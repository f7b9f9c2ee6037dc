package mcmc

import (
	"context"
	"errors"
	"slices"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/prob"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"
)

// chainsOfEach samples N(0, I) in two dimensions by NUTS, 3 chains, and joins the blocks
// that Each is given.
func chainsOfEach(t *testing.T, ctx context.Context, c Sampling, each func(*Draws) error) (all, rest *Draws, err error) {
	t.Helper()
	all = newDraws(3)
	c.Dim, c.Chains, c.Warmup, c.Seed = 2, 3, 20, 8
	c.Each = func(block *Draws) error {
		for i := range all.X {
			if len(block.X[i]) != len(block.X[0]) || len(block.X[0]) == 0 || len(block.Energy[i]) != len(block.X[0]) {
				t.Errorf("a block has %d draws of chain %d, and %d of chain 0", len(block.X[i]), i, len(block.X[0]))
			}
			all.X[i], all.LogP[i] = append(all.X[i], block.X[i]...), append(all.LogP[i], block.LogP[i]...)
			all.Leapfrogs[i], all.Energy[i] = append(all.Leapfrogs[i], block.Leapfrogs[i]...), append(all.Energy[i], block.Energy[i]...)
		}
		if len(block.StepSize) != 3 || block.StepSize[0] <= 0 {
			t.Errorf("a block's step sizes are %v", block.StepSize)
		}
		return each(all)
	}
	rest, err = Sample(ctx, backend.MustOpen(), NUTS{Target: prob.StandardNormal(2)}, c)
	return all, rest, err
}

// TestEach checks that the draws that come block by block are those that a run without
// Each keeps, in several blocks, none twice, that nothing else is kept, and that an error
// of Each ends a run.
func TestEach(t *testing.T) {
	const draws = 600
	blocks := 0
	all, rest, err := chainsOfEach(t, t.Context(), Sampling{Draws: draws}, func(*Draws) error { blocks++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("the disk is full")
	if _, _, err := chainsOfEach(t, t.Context(), Sampling{Draws: 100}, func(*Draws) error { return full }); !errors.Is(err, full) {
		t.Errorf("Each fails, and Sample says %v", err)
	}
	want, err := Sample(t.Context(), backend.MustOpen(), NUTS{Target: prob.StandardNormal(2)}, Sampling{Dim: 2, Chains: 3, Warmup: 20, Seed: 8, Draws: draws})
	if err != nil {
		t.Fatal(err)
	}
	if blocks < 2 || rest.shortest() != 0 || len(all.X[0]) != draws {
		t.Errorf("%d blocks with %d draws of a chain, and %d left", blocks, len(all.X[0]), rest.shortest())
	}
	for name, same := range map[string]bool{
		"X": cmp.Equal(all.X, want.X), "LogP": cmp.Equal(all.LogP, want.LogP), "Energy": cmp.Equal(all.Energy, want.Energy),
		"Leapfrogs": cmp.Equal(all.Leapfrogs, want.Leapfrogs), "StepSize": slices.Equal(rest.StepSize, want.StepSize),
	} {
		if !same {
			t.Errorf("%s differs from that of a run without Each", name)
		}
	}
}

// TestSampleStopped checks what is left of a run that its context ends: chains of one
// length, and an error that wraps the cause.
func TestSampleStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d, err := Sample(ctx, backend.MustOpen(), HMC{Target: prob.StandardNormal(2), LeapfrogSteps: 2}, Sampling{
		Dim: 2, Chains: 3, Warmup: 60, Draws: 10_000_000, Seed: 8,
		Progress: func(done, all int) {
			if done > 60 {
				cancel()
			}
		},
	})
	if !errors.Is(err, context.Canceled) || d == nil {
		t.Fatalf("a stopped run gives %v and the error %v", d, err)
	}
	for i := range d.X {
		if n := d.shortest(); n == 0 || len(d.X[i]) != n || len(d.Divergent[i]) != n {
			t.Errorf("chain %d has %d draws, the shortest %d", i, len(d.X[i]), n)
		}
	}
}

// TestStartFromARun begins chains where a run on the process's backend ended: few enough
// to be sampled on another backend.
func TestStartFromARun(t *testing.T) {
	target, b := prob.StandardNormal(1), backend.MustOpen()
	start := tensors.FromValue([][]float64{{1}, {2}})
	r, err := Run(t.Context(), b, Metropolis{Target: target}, Config{Start: start, StepSize: 1, Steps: 2, Keep: KeepFinal})
	if err != nil {
		t.Fatal(err)
	}
	for _, start := range []*tensors.Tensor{start, r.Final} {
		d, err := Sample(t.Context(), b, HMC{Target: target, LeapfrogSteps: 1}, Sampling{Start: start, Warmup: -1, Draws: 2, StepSize: 1})
		if err != nil || len(d.X) != 2 {
			t.Fatal(err)
		}
	}
}
