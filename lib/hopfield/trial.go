package hopfield

import (
	"fmt"
	"math"
	"runtime"
	"sync"

	"gibbs/lib/diag"
	"gibbs/lib/rng"

	"gonum.org/v1/gonum/stat"
)

// Trial asks how well Hebb's rule (diagonal 0) recalls random patterns. Everything is
// bits and integers: weights are never formed, and a field of 0 is exactly 0. Matrices
// run on all cores; results depend on the seed alone.
type Trial struct {
	Units    int   // N
	Patterns int   // M, stored in each matrix
	Matrices int   // independent sets of patterns, at least 2
	Starts   int   // patterns recalled from each matrix, the first ones; 0: 10, or M if that is less
	Flips    int   // units that are turned, at random, before recall; 0: recall starts at the pattern
	Seed     int64 // matrix k draws from the stream Fold(k)
}

// Outcome is what a trial found. Errors are standard errors over its matrices,
// because what is recalled from one matrix is not independent.
type Outcome struct {
	Overlap diag.Estimate // m = (1/N) ξ·x at the end, mean over starts
	Perfect diag.Estimate // share of starts that end at the pattern itself
}

// Recall starts at patterns with Flips units turned and changes unit by unit, in a
// new random order in each sweep, until no unit would change; see [Network.Recall].
func (t Trial) Recall() (Outcome, error) {
	if err := t.check(); err != nil {
		return Outcome{}, err
	}
	starts := t.Starts
	if starts == 0 {
		starts = min(10, t.Patterns)
	}
	overlap, perfect := make([]float64, t.Matrices), make([]float64, t.Matrices)
	t.each(func(k int, h *rng.Host, p *Patterns) {
		for mu := range starts {
			r := newHebbian(p, mu)
			for _, i := range h.Perm(p.n)[:t.Flips] {
				r.flip(i)
			}
			r.settle(h)
			m := product(p.states[mu], r.x, p.n)
			overlap[k] += float64(m) / float64(p.n*starts)
			if m == p.n {
				perfect[k] += 1 / float64(starts)
			}
		}
	})
	return Outcome{estimate(overlap), estimate(perfect)}, nil
}

// WrongBits returns the share of units of stored patterns that one update would turn,
// over all patterns of all matrices; see [BitError].
func (t Trial) WrongBits() (diag.Estimate, error) {
	if err := t.check(); err != nil {
		return diag.Estimate{}, err
	}
	wrong := make([]float64, t.Matrices)
	t.each(func(k int, _ *rng.Host, p *Patterns) {
		count := 0
		for mu := range p.m {
			r := newHebbian(p, mu)
			for i, h := range r.h {
				if h*int(spin(r.x, i)) < 0 {
					count++
				}
			}
		}
		wrong[k] = float64(count) / float64(p.m*p.n)
	})
	return estimate(wrong), nil
}

func (t Trial) check() error {
	switch {
	case t.Units < 1 || t.Patterns < 1:
		return fmt.Errorf("hopfield: a trial of %d patterns of %d units; both must be positive", t.Patterns, t.Units)
	case t.Matrices < 2:
		return fmt.Errorf("hopfield: a trial of %d matrices has no standard error; take at least 2", t.Matrices)
	case t.Starts < 0 || t.Starts > t.Patterns:
		return fmt.Errorf("hopfield: %d starts from %d patterns; take 0 to M", t.Starts, t.Patterns)
	case t.Flips < 0 || t.Flips > t.Units:
		return fmt.Errorf("hopfield: %d flips of %d units; take 0 to N", t.Flips, t.Units)
	}
	return nil
}

// each calls f for every matrix, with its stream and its patterns, on all cores.
func (t Trial) each(f func(k int, h *rng.Host, p *Patterns)) {
	var group sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), t.Matrices) {
		group.Go(func() {
			for k := range next {
				h := rng.NewHost(t.Seed).Fold(int64(k))
				f(k, h, RandomPatterns(h, t.Patterns, t.Units))
			}
		})
	}
	for k := range t.Matrices {
		next <- k
	}
	close(next)
	group.Wait()
}

// estimate is the mean of values with its standard error.
func estimate(values []float64) diag.Estimate {
	mean, sd := stat.MeanStdDev(values, nil)
	return diag.Estimate{Value: mean, Error: sd / math.Sqrt(float64(len(values)))}
}

// hebbian is a state under Hebb's rule, with its fields in units of 1/N.
//
//	N hᵢ = Σ_μ ξᵢ^μ (ξ^μ·x) − M xᵢ
type hebbian struct {
	p *Patterns
	x []uint64
	h []int
}

// newHebbian is at pattern mu.
func newHebbian(p *Patterns, mu int) *hebbian {
	r := &hebbian{p, append([]uint64(nil), p.states[mu]...), make([]int, p.n)}
	for _, xi := range p.states {
		q := product(xi, r.x, p.n)
		for i := range r.h {
			r.h[i] += int(spin(xi, i)) * q
		}
	}
	for i := range r.h {
		r.h[i] -= p.m * int(spin(r.x, i))
	}
	return r
}

// flip turns unit i: N hⱼ changes by 2xᵢ Σ_μ ξᵢ^μ ξⱼ^μ for j ≠ i.
func (r *hebbian) flip(i int) {
	r.x[i/64] ^= 1 << (i % 64)
	change, own := 2*int(spin(r.x, i)), r.h[i]
	for j := range r.h {
		r.h[j] += change * product(r.p.units[i], r.p.units[j], r.p.m)
	}
	r.h[i] = own
}

// settle sweeps in random order until no unit is against its field.
func (r *hebbian) settle(h *rng.Host) {
	for changed := true; changed; {
		changed = false
		for _, i := range h.Perm(r.p.n) {
			if r.h[i]*int(spin(r.x, i)) < 0 {
				r.flip(i)
				changed = true
			}
		}
	}
}
