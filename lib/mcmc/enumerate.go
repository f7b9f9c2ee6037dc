package mcmc

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
)

// Transitions is what chains of a kernel did in one step on states that can be listed:
// Count[i][j] of the Starts that began in state i ended in state j. It tests kernels
// whose transition matrix nobody wrote down.
//
// Its methods return the largest deviation in standard errors. For a right kernel, with
// m numbers compared, it exceeds 4.89 with a probability of about m·1e-6. A transition
// of probability T that is made with T′ shows from Starts ≈ 24·T/(T′ − T)² on.
type Transitions struct {
	Starts int
	Count  [][]int
}

// CountTransitions makes one step of a kernel from each state, starts times, on
// independent chains. states [n][dim] are the positions that make up the space, and no
// two may be equal. Choose starts so that the rarest transition of interest is made 50
// times or more: standard errors are those of normal numbers.
//
// The error says that a chain went to a position that is no state (to within 1e-6), or
// what is wrong in the kernel.
func CountTransitions(ctx context.Context, b compute.Backend, kernel Kernel, states [][]float64, stepSize float64, starts int, seed int64) (*Transitions, error) {
	if len(states) == 0 || starts < 1 {
		return nil, fmt.Errorf("mcmc: CountTransitions: %d states and %d starts: want at least one of each", len(states), starts)
	}
	n, dim := len(states), len(states[0])
	var flat []float64
	for i, state := range states {
		if len(state) != dim {
			return nil, fmt.Errorf("mcmc: CountTransitions: states of %d and of %d coordinates", dim, len(state))
		}
		if slices.IndexFunc(states, func(other []float64) bool { return same(state, other) }) < i {
			return nil, fmt.Errorf("mcmc: CountTransitions: the state %v is there twice", state)
		}
		flat = append(flat, slices.Repeat(state, starts)...)
	}
	r, err := Run(ctx, b, kernel, Config{
		Start: tensors.FromFlatDataAndDimensions(flat, n*starts, dim), StepSize: stepSize,
		Steps: 1, Seed: seed, Keep: KeepFinal,
	})
	if err != nil {
		return nil, err
	}
	t := &Transitions{Starts: starts}
	for range n {
		t.Count = append(t.Count, make([]int, n))
	}
	for chain, x := range slices.Collect(slices.Chunk(numbers(r.Final), dim)) {
		j := slices.IndexFunc(states, func(state []float64) bool { return same(x, state) })
		if j < 0 {
			return nil, fmt.Errorf("mcmc: CountTransitions: from %v to %v, which is no state", states[chain/starts], x)
		}
		t.Count[chain/starts][j]++
	}
	return t, nil
}

// same says whether two positions are one state.
func same(a, b []float64) bool {
	for i, v := range a {
		if !(math.Abs(v-b[i]) <= 1e-6) {
			return false
		}
	}
	return true
}

// rate returns T̂_ij and its variance, which is that of one count more on both sides, so
// that it is never 0.
func (t *Transitions) rate(i, j int) (p, variance float64) {
	n, k := float64(t.Starts), float64(t.Count[i][j])
	smooth := (k + 1) / (n + 2)
	return k / n, smooth * (1 - smooth) / n
}

// Against compares with the transition matrix that the kernel should have.
func (t *Transitions) Against(want Finite) float64 {
	worst := 0.0
	for i, row := range want {
		for j, p := range row {
			got, _ := t.rate(i, j)
			worst = max(worst, deviation(got-p, p*(1-p)/float64(t.Starts)))
		}
	}
	return worst
}

// Stationary tests whether a step leaves a law as it is: Σ_i π_i T̂_ij = π_j.
func (t *Transitions) Stationary(law []float64) float64 {
	worst := 0.0
	for j := range law {
		gap, variance := -law[j], 0.0
		for i := range law {
			p, v := t.rate(i, j)
			gap += law[i] * p
			variance += law[i] * law[i] * v
		}
		worst = max(worst, deviation(gap, variance))
	}
	return worst
}

// Balance tests detailed balance: π_i T̂_ij = π_j T̂_ji. Sampling needs only a
// stationary law; a [Cycle] has no detailed balance.
func (t *Transitions) Balance(law []float64) float64 {
	worst := 0.0
	for i := range law {
		for j := range i {
			forth, v := t.rate(i, j)
			back, w := t.rate(j, i)
			worst = max(worst, deviation(law[i]*forth-law[j]*back, law[i]*law[i]*v+law[j]*law[j]*w))
		}
	}
	return worst
}

// deviation returns |gap| in standard errors; that of rounding alone is 0.
func deviation(gap, variance float64) float64 {
	if math.Abs(gap) < 1e-12 {
		return 0
	}
	return math.Abs(gap) / math.Sqrt(variance)
}
