// Package native runs Langevin chains in plain Go: goroutines over chains, a score
// that is a Go function, no graph and no compiler. It is what a compiled sampler
// is measured against, and what the C library of package clangevin exports.
//
// A chain draws from its own stream, named by the seed and its index: its numbers
// do not depend on the other chains or on the number of workers. Two calls with
// one seed draw the same noise, so a call that goes on from another's end takes
// another seed.
package native

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"gibbs/lib/rng"
)

// Float is what positions are made of. Noise is drawn in float64 and rounded.
type Float interface{ float32 | float64 }

// Score writes ∇ log p(x) to score, of the same length. It must not keep either
// slice. It is called from several goroutines at once.
type Score[T Float] func(x, score []T)

// Langevin is the unadjusted Langevin algorithm.
//
//	x ← x + ηs(x) + √(2ηT) z,   z ~ N(0, I)
//
// Source: Roberts, Tweedie, "Exponential convergence of Langevin distributions and
// their discrete approximations", 1996.
type Langevin[T Float] struct {
	Score       Score[T]
	StepSize    float64 // η, positive
	Temperature float64 // T; 0 means 1
	Seed        int64
	Workers     int // goroutines; 0 means one for each CPU that Go uses
}

// Run advances the chains x, chains·dim numbers with chain c at x[c·dim:(c+1)·dim],
// by steps transitions, in place. observe, if not nil, sees each chain after each
// of its transitions (step counts from 0); it is called from several goroutines
// at once, each with its own chains, and must not keep x.
//
// The error says what is wrong with the arguments, or is the context's, after which
// x holds chains at different steps.
func (l Langevin[T]) Run(ctx context.Context, x []T, dim, steps int, observe func(chain, step int, x []T)) error {
	switch {
	case l.Score == nil:
		return fmt.Errorf("native: Langevin has no Score")
	case !(l.StepSize > 0) || math.IsInf(l.StepSize, 1):
		return fmt.Errorf("native: the step size must be positive and finite, got %g", l.StepSize)
	case l.Temperature < 0 || math.IsInf(l.Temperature, 1) || math.IsNaN(l.Temperature):
		return fmt.Errorf("native: the temperature must be positive and finite, or 0 for 1, got %g", l.Temperature)
	case dim < 1 || steps < 0 || len(x)%dim != 0:
		return fmt.Errorf("native: %d numbers are not chains of dimension %d, or steps %d is negative", len(x), dim, steps)
	}
	chains := len(x) / dim
	workers := l.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(workers, chains) {
		group.Go(func() {
			score := make([]T, dim)
			for chain := int(next.Add(1)) - 1; chain < chains && ctx.Err() == nil; chain = int(next.Add(1)) - 1 {
				l.chain(ctx, chain, x[chain*dim:][:dim], score, steps, observe)
			}
		})
	}
	group.Wait()
	return ctx.Err()
}

// chain makes the transitions of one chain, drawing noise for many steps at once.
func (l Langevin[T]) chain(ctx context.Context, index int, x, score []T, steps int, observe func(chain, step int, x []T)) {
	temperature := l.Temperature
	if temperature == 0 {
		temperature = 1
	}
	eta, scale := T(l.StepSize), math.Sqrt(2*l.StepSize*temperature)
	noise := newNoise(l.Seed, index, len(x))
	for step := range steps {
		if step%noise.steps == 0 && ctx.Err() != nil {
			return
		}
		l.Score(x, score)
		for i, z := range noise.next() {
			x[i] += eta*score[i] + T(scale*z)
		}
		if observe != nil {
			observe(index, step, x)
		}
	}
}

// noise hands out the normals of one chain, dim at a time.
type noise struct {
	stream     *rng.Host
	dim, steps int       // steps: how many a draw serves
	drawn      []float64 // what is left of the current draw
}

func newNoise(seed int64, chain, dim int) *noise {
	const words = 256 // normals of a draw: enough to make its overhead small
	return &noise{stream: rng.NewHost(seed).Fold(int64(chain)).Lanes(1), dim: dim, steps: max(1, words/dim)}
}

func (n *noise) next() []float64 {
	if len(n.drawn) == 0 {
		n.drawn = n.stream.Normal(n.dim * n.steps)
	}
	z := n.drawn[:n.dim]
	n.drawn = n.drawn[n.dim:]
	return z
}
