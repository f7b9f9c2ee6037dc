package mcmc_test

import (
	"fmt"
	"math"
	"math/cmplx"
	"strings"
	"testing"

	"gibbs/lib/mcmc"

	"gonum.org/v1/gonum/floats"
)

// The chain of the lecture: three states, a law and proposals of different rates.
var (
	threeLaw  = []float64{0.5, 0.3, 0.2}
	threeFrom = [][]float64{{0, 0.7, 0.3}, {0.4, 0, 0.6}, {0.5, 0.5, 0}}
)

// accepting returns the chain of proposals q that are accepted with min(1, ratio).
func accepting(t *testing.T, q [][]float64, ratio func(i, j int) float64) mcmc.Finite {
	t.Helper()
	var rows [][]float64
	for i := range q {
		row := make([]float64, len(q))
		for j := range q {
			if j != i && q[i][j] > 0 {
				row[j] = q[i][j] * min(1, ratio(i, j))
			}
		}
		row[i] = 1 - floats.Sum(row)
		rows = append(rows, row)
	}
	f, err := mcmc.NewFinite(rows)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func stationary(t *testing.T, f mcmc.Finite) []float64 {
	t.Helper()
	law, err := f.Stationary()
	if err != nil {
		t.Fatal(err)
	}
	return law
}

// TestThreeStates compares with the lecture's chain: its matrix, its acceptance, its
// eigenvalues, and what forgetting q makes of its law.
func TestThreeStates(t *testing.T) {
	f, err := mcmc.MetropolisHastings(threeLaw, threeFrom)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range [][]float64{{0.56, 0.24, 0.2}, {0.4, 4. / 15, 1. / 3}, {0.5, 0.5, 0}} {
		within(t, fmt.Sprintf("row %d", i), floats.Distance(f[i], row, 1), 0, 1e-15)
	}
	within(t, "balance", f.Balance(threeLaw), 0, 1e-16)
	within(t, "stationarity", f.Stationarity(threeLaw), 0, 2e-16)
	within(t, "law", floats.Distance(stationary(t, f), threeLaw, 1), 0, 1e-14)
	within(t, "acceptance", f.MoveRate(threeLaw), 0.64, 1e-15)
	values, err := f.Eigenvalues()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{1, -0.304637, 0.131304} {
		within(t, "eigenvalue", cmplx.Abs(values[i]-complex(want, 0)), 0, 1e-6)
	}
	gap, err := f.Gap()
	if err != nil {
		t.Fatal(err)
	}
	within(t, "gap", gap, 1-0.304637, 1e-6)
	within(t, "law after 60 steps", floats.Distance(f.After([]float64{0, 0, 1}, 60), threeLaw, 1), 0, 1e-14)

	forgotten := accepting(t, threeFrom, func(i, j int) float64 { return threeLaw[j] / threeLaw[i] })
	law := stationary(t, forgotten)
	for i, want := range []float64{0.446429, 0.357143, 0.196429} {
		within(t, "law without q", law[i], want, 5e-7)
	}
	within(t, "what one step without q does to π", forgotten.Stationarity(threeLaw), 0.07, 1e-15)
}

// TestFiniteWithoutBalance has the cyclic chain, which is stationary without detailed
// balance, one that is periodic, and one that falls into two parts.
func TestFiniteWithoutBalance(t *testing.T) {
	uniform := []float64{1. / 3, 1. / 3, 1. / 3}
	cyclic := mcmc.Finite{{0, 0.9, 0.1}, {0.1, 0, 0.9}, {0.9, 0.1, 0}}
	within(t, "law of the cycle", floats.Distance(stationary(t, cyclic), uniform, 1), 0, 1e-14)
	within(t, "balance of the cycle", cyclic.Balance(uniform), 0.8/3, 1e-15)
	within(t, "the cycle converges", floats.Distance(cyclic.After([]float64{1, 0, 0}, 300), uniform, 1), 0, 1e-12)

	periodic := mcmc.Finite{{0, 1}, {1, 0}}
	within(t, "law of the periodic chain", floats.Distance(stationary(t, periodic), []float64{0.5, 0.5}, 1), 0, 1e-14)
	gap, err := periodic.Gap()
	if err != nil {
		t.Fatal(err)
	}
	within(t, "its gap", gap, 0, 1e-14)

	split := mcmc.Finite{{1, 0, 0}, {0, 0.5, 0.5}, {0, 0.5, 0.5}}
	if law, err := split.Stationary(); err == nil {
		t.Errorf("two parts: law %v and no error", law)
	}
	transient := mcmc.Finite{{0.5, 0.5}, {0, 1}}
	within(t, "a state that is left for good", floats.Distance(stationary(t, transient), []float64{0, 1}, 1), 0, 1e-14)
}

// TestFiniteRandom holds random chains to detailed balance and to their own powers.
func TestFiniteRandom(t *testing.T) {
	for seed := range 20 {
		n := 2 + seed%6
		weights, q := make([]float64, n), make([][]float64, n)
		state := uint64(seed)*2654435761 + 1
		next := func() float64 {
			state = state*6364136223846793005 + 1442695040888963407
			return 0.05 + float64(state>>11)/(1<<53)
		}
		for i := range n {
			weights[i] = next()
			for range n {
				q[i] = append(q[i], next())
			}
			floats.Scale(1/floats.Sum(q[i]), q[i])
		}
		f, err := mcmc.MetropolisHastings(weights, q)
		if err != nil {
			t.Fatal(err)
		}
		floats.Scale(1/floats.Sum(weights), weights)
		within(t, "balance", f.Balance(weights), 0, 1e-15)
		within(t, "law", floats.Distance(stationary(t, f), weights, 1), 0, 1e-12)
		gap, err := f.Gap()
		if err != nil {
			t.Fatal(err)
		}
		start := make([]float64, n)
		start[0] = 1
		ten, twenty := f.After(start, 10), f.After(start, 20)
		if a, b := floats.Distance(ten, weights, 2), floats.Distance(twenty, weights, 2); b > a*math.Pow(1-gap, 10)*20+1e-14 {
			t.Errorf("seed %d: from %g to %g in ten steps, with a gap of %g", seed, a, b, gap)
		}
	}
}

func TestFiniteErrors(t *testing.T) {
	for name, rows := range map[string][][]float64{
		"no states": {}, "ragged": {{1}, {0.5, 0.5}}, "negative": {{1.5, -0.5}, {0, 1}}, "sum": {{0.5, 0.4}, {0, 1}}, "NaN": {{math.NaN(), 1}, {0, 1}},
	} {
		if _, err := mcmc.NewFinite(rows); err == nil || !strings.HasPrefix(err.Error(), "mcmc: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for _, weights := range [][]float64{{1}, {1, -1, 1}, {0, 0, 0}} {
		if _, err := mcmc.MetropolisHastings(weights, threeFrom); err == nil {
			t.Errorf("weights %v: no error", weights)
		}
	}
	f, err := mcmc.MetropolisHastings([]float64{1, 1, 0}, threeFrom)
	if err != nil {
		t.Fatal(err)
	}
	if f[0][2] != 0 || f[1][2] != 0 || !(f[2][0] > 0) {
		t.Errorf("a state of weight 0 is entered: %v", f)
	}
}

// ExampleMetropolisHastings looks at a chain of three states whole.
func ExampleMetropolisHastings() {
	chain, err := mcmc.MetropolisHastings([]float64{5, 3, 2}, [][]float64{{0, 0.7, 0.3}, {0.4, 0, 0.6}, {0.5, 0.5, 0}})
	if err != nil {
		fmt.Println(err)
		return
	}
	law, err := chain.Stationary()
	if err != nil {
		fmt.Println(err)
		return
	}
	gap, err := chain.Gap()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("law %.1f, accepts %.2f, gap %.3f\n", law, chain.MoveRate(law), gap)
	fmt.Printf("after 2 steps from state 2: %.3f\n", chain.After([]float64{0, 0, 1}, 2))
	// Output:
	// law [0.5 0.3 0.2], accepts 0.64, gap 0.695
	// after 2 steps from state 2: [0.480 0.253 0.267]
}
