package ising_test

import (
	"context"
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/diag"
	"gibbs/lib/ising"
)

// against fails if an estimate is off its exact value by more than alpha standard errors.
func against(t *testing.T, name string, got diag.Estimate, want float64) {
	t.Helper()
	z := (got.Value - want) / got.Error
	t.Logf("%-28s %9.5f ± %.5f, exact %9.5f, z = %+.1f", name, got.Value, got.Error, want, z)
	if !(math.Abs(z) < alpha) {
		t.Errorf("%s: %.5f ± %.5f, exact %.5f: off by %.1f standard errors", name, got.Value, got.Error, want, z)
	}
}

// observed holds draws on a 4×4 lattice to enumeration.
func observed(t *testing.T, name string, e, m [][]float64, s *ising.States, tau float64) {
	t.Helper()
	o := ising.Measure(e, m, s.Model.Sites(), tau)
	n := float64(s.Model.Sites())
	exact, abs, square := s.Levels().At(tau), s.Mean(math.Abs, tau), s.Mean(func(m float64) float64 { return m * m }, tau)
	against(t, name+" U/N", o.U, exact.U/n)
	against(t, name+" C/N", o.C, exact.C/n)
	against(t, name+" |m|", o.AbsM, abs)
	against(t, name+" χ", o.Chi, n*(square-abs*abs)/tau)
	against(t, name+" Binder", o.Binder, s.Binder(tau))
}

// TestRun holds sweeps of a 4×4 lattice to enumeration: both rules, a field, exchange,
// at temperatures on both sides of the transition. 64 chains of 1,000 sweeps catch an
// error of 1 % in U.
func TestRun(t *testing.T) {
	taus := []float64{1.8, 2.3, 3, 5}
	for name, c := range map[string]struct {
		field    float64
		rule     ising.Rule
		exchange bool
	}{
		"heat bath, exchange":  {0, ising.HeatBath, true},
		"heat bath, h = 0.1":   {0.1, ising.HeatBath, false},
		"Metropolis, h = −0.2": {-0.2, ising.Metropolis, true},
	} {
		if testing.Short() && c.field == 0 {
			continue // the other has all of it but a field of 0
		}
		l := ising.Lattice{L: 4, Field: c.field}
		config := ising.Config{
			Tau: taus, Chains: 64, BurnIn: 100, Sweeps: 1000, Seed: 3, Rule: c.rule, Exchange: c.exchange, Hot: true,
		}
		r, err := ising.Run(context.Background(), backend.MustOpen(), l, config)
		if err != nil {
			t.Fatal(err)
		}
		s := enumerated(t, l)
		for i, tau := range taus {
			observed(t, name, r.Energy[i], r.Magnetization[i], s, tau)
			for j, final := range r.Final[i] {
				e, m := r.Energy[i][j], r.Magnetization[i][j]
				within(t, "E of the last lattice", e[len(e)-1], final.Energy(), 1e-9)
				within(t, "M of the last lattice", m[len(m)-1], float64(final.Total()), 0)
			}
		}
		if c.exchange {
			t.Logf("%s: exchanged %.2f", name, r.Exchanged)
			for _, rate := range r.Exchanged {
				if !(rate > 0.2 && rate < 1) {
					t.Errorf("%s: exchanged %v", name, r.Exchanged)
				}
			}
		}
	}
}
