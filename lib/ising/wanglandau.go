package ising

import (
	"context"
	"fmt"
	"math"

	"gibbs/lib/energy"
	"gibbs/lib/rng"
)

// WangLandau estimates the density of states of a lattice without temperature: a random
// walk over single spins whose moves favour energies seen less,
//
//	accept with min(1, g(E)/g(E′)),   then log g(E) ← log g(E) + f
//
// from f = 1. f is halved when every energy met so far has at least 80 % of the mean
// number of visits, as long as f > 1/t, and is 1/t from then on, t counting sweeps: so
// the error falls like 1/√t instead of stopping at a constant.
type WangLandau struct {
	Lattice Lattice
	Sweeps  int   // t at the end, at least 1
	Seed    int64 // of the walk
}

// Run makes the walk. The result has Σg = 2^N; its error comes from runs of several seeds.
// Energies that were never met are not in it. If ctx ends first, Run returns its error.
//
// Source: Wang, Landau, 2001; Belardinelli, Pereyra, "Fast algorithm to calculate density
// of states", 2007 (1/t).
func (w WangLandau) Run(ctx context.Context) (energy.Levels, error) {
	if err := w.Lattice.check(); err != nil {
		return energy.Levels{}, err
	}
	if w.Lattice.Field != 0 || w.Sweeps < 1 {
		return energy.Levels{}, fmt.Errorf("ising: WangLandau: want no field and Sweeps ≥ 1, got %g and %d", w.Lattice.Field, w.Sweeps)
	}
	walk := newWalk(w.Lattice)
	h := rng.NewHost(w.Seed)
	for t := range w.Sweeps {
		if t%256 == 0 && ctx.Err() != nil {
			return energy.Levels{}, fmt.Errorf("ising: %w", ctx.Err())
		}
		walk.sweep(h)
		walk.refine(t + 1)
	}
	return walk.levels(), nil
}

// walk is the state of a Wang–Landau walk. Index e is the energy 4e − 2N.
type walk struct {
	spins  *Spins
	e      int
	logG   []float64
	seen   []bool
	visits []int // since f was last halved
	f      float64
	late   bool // f = 1/t
}

func newWalk(l Lattice) *walk {
	n := l.Sites()
	return &walk{spins: NewSpins(l), logG: make([]float64, n+1), seen: make([]bool, n+1), visits: make([]int, n+1), f: 1}
}

// sweep makes N moves.
func (w *walk) sweep(h *rng.Host) {
	n := len(w.spins.S)
	words, u := h.Bits(n), h.Uniform(n)
	for i := range n {
		site := int(uint64(words[i]) * uint64(n) >> 32)
		to := w.e + int(w.spins.S[site])*w.spins.around(site)/2 // ΔE = 2sᵢΣⱼsⱼ
		if d := w.logG[w.e] - w.logG[to]; d >= 0 || u[i] < math.Exp(d) {
			w.spins.S[site] = -w.spins.S[site]
			w.e = to
		}
		w.logG[w.e] += w.f
		w.seen[w.e] = true
		w.visits[w.e]++
	}
}

// refine lowers f after t sweeps.
func (w *walk) refine(t int) {
	if w.late {
		w.f = 1 / float64(t)
		return
	}
	if !w.flat() {
		return
	}
	clear(w.visits)
	if w.f /= 2; w.f <= 1/float64(t) {
		w.late, w.f = true, 1/float64(t)
	}
}

// flat says whether the visits to the energies met so far are even.
func (w *walk) flat() bool {
	total, energies := 0, 0
	for e, seen := range w.seen {
		if seen {
			total += w.visits[e]
			energies++
		}
	}
	for e, seen := range w.seen {
		if seen && float64(w.visits[e]*energies) < 0.8*float64(total) {
			return false
		}
	}
	return energies > 1
}

// levels returns the estimate, normalised.
func (w *walk) levels() energy.Levels {
	var levels energy.Levels
	n := len(w.spins.S)
	for e, seen := range w.seen {
		if seen {
			levels.Energy = append(levels.Energy, float64(4*e-2*n))
			levels.LogCount = append(levels.LogCount, w.logG[e])
		}
	}
	shift := float64(n)*math.Ln2 - levels.At(math.Inf(1)).LogZ
	for i := range levels.LogCount {
		levels.LogCount[i] += shift
	}
	return levels
}
