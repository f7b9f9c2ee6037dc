package rbm_test

import (
	"context"
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/rbm"
)

// TestBracket: annealing from both sides holds the exact log Z of 100 random machines
// between its ends, give or take 4.89 of their standard errors, and is tight.
func TestBracket(t *testing.T) {
	machines := 100
	if testing.Short() {
		machines = 10
	}
	var annealer *rbm.Annealer
	inside, widest := 0, 0.0
	for seed := range machines {
		m := random(6, 5, rbm.Bernoulli, rbm.Bernoulli, 1.5, int64(seed))
		if annealer == nil {
			var err error
			if annealer, err = rbm.NewAnnealer(backend.MustOpen(), m, rbm.Annealing{Temperatures: 50, Chains: 100}); err != nil {
				t.Fatal(err)
			}
			defer annealer.Finalize()
		}
		bracket, err := annealer.Bracket(context.Background(), m, nil, int64(seed))
		if err != nil {
			t.Fatal(err)
		}
		if bracket.Contains(must(m.LogZ()), alpha) {
			inside++
		} else {
			t.Logf("machine %d: %v, exactly %g", seed, bracket, must(m.LogZ()))
		}
		widest = max(widest, bracket.Gap())
	}
	t.Logf("%d of %d brackets hold log Z; the widest gap is %.3f", inside, machines, widest)
	if inside != machines || widest > 0.4 {
		t.Errorf("%d of %d brackets hold log Z, the widest gap is %.3f", inside, machines, widest)
	}
}

// TestBracketRBM43: annealing of 10,000 chains from the uniform law has the standard
// errors that it was found to have elsewhere, to a fifth.
func TestBracketRBM43(t *testing.T) {
	for _, row := range []struct {
		temperatures int
		se           float64
	}{{1, .0036}, {10, .0013}, {100, .0004}} {
		a, err := rbm.NewAnnealer(backend.MustOpen(), rbm43(), rbm.Annealing{Temperatures: row.temperatures, Chains: 10_000, Base: make([]float64, 4)})
		if err != nil {
			t.Fatal(err)
		}
		bracket, err := a.Bracket(context.Background(), rbm43(), nil, 1)
		a.Finalize()
		if err != nil {
			t.Fatal(err)
		}
		if !bracket.Contains(5.742540571400622, alpha) || math.Abs(bracket.Lower.SE/row.se-1) > 0.2 {
			t.Errorf("%d temperatures: %v, want log Z = 5.74254 and a standard error of %g", row.temperatures, bracket, row.se)
		}
	}
}
