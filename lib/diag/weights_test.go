package diag

import (
	"math"
	"testing"

	"gibbs/lib/rng"
)

// TestEBFMIOfNothing: what has no E-BFMI is NaN.
func TestEBFMIOfNothing(t *testing.T) {
	for name, energy := range map[string][]float64{
		"nothing": nil, "three": {1, 2, 3}, "a constant": {2, 2, 2, 2, 2}, "a NaN": {1, 2, math.NaN(), 3, 4}, "an infinity": {1, 2, 3, 4, math.Inf(1)},
	} {
		if got := EBFMI(energy); !math.IsNaN(got) {
			t.Errorf("%s: %g, want NaN", name, got)
		}
	}
	if got := EBFMI([]float64{1, -1, 1, -1}); math.Abs(got-3) > 1e-15 {
		t.Errorf("alternating energies: %g, want 12/4", got)
	}
}

// TestParetoKOfParetoLaws: weights u^−k have shape k. With 900 in the tail of 90,000
// k̂ has a standard error of (1 + k)/√900, so that 4.89 of them see .25 at k = ½.
func TestParetoKOfParetoLaws(t *testing.T) {
	const n = 90_000
	u := rng.NewHost(5).Uniform(n)
	logWeights := make([]float64, n)
	for _, k := range []float64{0.2, 0.5, 0.9, 1.5} {
		for i, v := range u {
			logWeights[i] = -k * math.Log(v)
		}
		if got := ParetoK(logWeights, 1); !(math.Abs(got-k) < 4.89*(1+k)/30) {
			t.Errorf("k = %g: %.3f", k, got)
		}
	}
	for name, weights := range map[string][]float64{
		"nothing": nil, "twenty": u[:20], "equal": make([]float64, 100), "a NaN": append([]float64{math.NaN()}, u[:99]...), "an infinite one": append([]float64{math.Inf(1)}, u[:99]...),
	} {
		if got := ParetoK(weights, 1); !math.IsNaN(got) {
			t.Errorf("%s: %g, want NaN", name, got)
		}
	}
	zero := append([]float64{math.Inf(-1)}, u[:99]...)
	if math.IsNaN(ParetoK(zero, 1)) {
		t.Error("a weight of 0 is a weight")
	}
	mustPanic(t, "efficiency 0", func() { ParetoK(u, 0) })
}
