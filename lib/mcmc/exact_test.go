package mcmc_test

import (
	"math"
	"strings"
	"testing"

	"gibbs/lib/mcmc"
)

// pair is ½N(−m, v) + ½N(m, v) on the line: a coordinate of the lessons' targets.
type pair struct{ m, v float64 }

func (p pair) logP(x float64) float64 {
	a, b := -(x-p.m)*(x-p.m)/(2*p.v), -(x+p.m)*(x+p.m)/(2*p.v)
	return max(a, b) + math.Log1p(math.Exp(-math.Abs(a-b)))
}

func (p pair) score(x float64) float64 {
	return (-x + p.m*math.Tanh(p.m*x/p.v)) / p.v
}

// within fails if got is farther than tolerance from want.
func within(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: %.7g, want %.7g ± %.2g", name, got, want, tolerance)
	}
}

// TestSpectralGap compares with the lecture's gaps (computed independently) and
// with the Ornstein–Uhlenbeck process, whose gap is 1/v.
func TestSpectralGap(t *testing.T) {
	gap := func(p pair) float64 {
		t.Helper()
		g, err := mcmc.SpectralGap(p.logP, -p.m-8*math.Sqrt(p.v), p.m+8*math.Sqrt(p.v))
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	for _, row := range []struct {
		p    pair
		want float64
	}{
		{pair{2, 1}, 0.119065}, {pair{2, 1.25}, 0.134378},
		{pair{3, 1}, 0.014317}, {pair{4, 1}, 6.2011e-4}, {pair{5, 1}, 8.953e-6},
	} {
		got := gap(row.p)
		t.Logf("±%g, v = %g: gap %.7g, %.4g steps of 0.01", row.p.m, row.p.v, got, mcmc.RelaxationSteps(got, 0.01))
		within(t, "gap", got/row.want, 1, 1e-4)
	}
	within(t, "gap of N(0, 2.5)", gap(pair{0, 2.5}), 0.4, 1e-8)
	within(t, "relaxation steps at ±2", mcmc.RelaxationSteps(0.119065, 0.01), 840, 0.5)
}

func TestSpectralGapErrors(t *testing.T) {
	if _, err := mcmc.SpectralGap(pair{2, 1}.logP, 3, -3); err == nil || !strings.HasPrefix(err.Error(), "mcmc: ") {
		t.Errorf("an interval the wrong way around: %v", err)
	}
	if _, err := mcmc.SpectralGap(math.Log, -1, 1); err == nil {
		t.Error("log p that is NaN: no error")
	}
}

// TestULALaw compares with the lecture's table (S.4: start (10, 10), η = 0.01) and,
// on a Gaussian, with the closed form at every step.
func TestULALaw(t *testing.T) {
	for _, row := range []struct {
		p          pair
		steps      int
		left, mean float64
	}{
		{pair{2, 1}, 100, 0.0000, 4.928}, {pair{2, 1.25}, 100, 0.0000, 5.583},
		{pair{2, 1}, 300, 0.0252, 2.349}, {pair{2, 1.25}, 300, 0.0176, 2.691},
		{pair{2, 1}, 500, 0.1133, 1.742}, {pair{2, 1.25}, 500, 0.1063, 1.883},
		{pair{2, 1}, 1000, 0.2862, 0.955}, {pair{2, 1.25}, 1000, 0.2972, 0.950},
		{pair{2, 1}, 2000, 0.4351, 0.290}, {pair{2, 1.25}, 2000, 0.4472, 0.247},
	} {
		law, err := mcmc.ULALaw(row.p.score, 10, 0.01, row.steps, -10, 14)
		if err != nil {
			t.Fatal(err)
		}
		within(t, "P(x < 0)", law.CDF(0), row.left, 6e-5)
		within(t, "mean", law.Mean(), row.mean, 6e-4)
	}

	const v, eta, start = 1.25, 0.3, 4.0
	normal := pair{0, v}
	for _, n := range []int{1, 2, 7, 40} {
		law, err := mcmc.ULALaw(normal.score, start, eta, n, -16, 16)
		if err != nil {
			t.Fatal(err)
		}
		shrink := math.Pow(1-eta/v, float64(n))
		mean, variance := start*shrink, mcmc.ULAVariance(v, eta)*(1-shrink*shrink)
		within(t, "mean on a Gaussian", law.Mean(), mean, 1e-9)
		within(t, "variance on a Gaussian", law.Variance(), variance, 1e-9)
		within(t, "P(x < 1)", law.CDF(1), math.Erfc((mean-1)/math.Sqrt(2*variance))/2, 1e-9)
		within(t, "density at 1", law.Prob(1), math.Exp(-(1-mean)*(1-mean)/(2*variance))/math.Sqrt(2*math.Pi*variance), 1e-9)
	}
}

func TestULALawErrors(t *testing.T) {
	score := pair{2, 1}.score
	if _, err := mcmc.ULALaw(score, 10, 0.01, 10, -3, 3); err == nil || !strings.Contains(err.Error(), "widen") {
		t.Errorf("an interval without the chain: %v", err)
	}
	for _, wild := range []float64{math.NaN(), math.Inf(1), -1e300} {
		if _, err := mcmc.ULALaw(func(float64) float64 { return wild }, 0, 0.01, 10, -3, 3); err == nil {
			t.Errorf("a score of %g: no error", wild)
		}
	}
	if _, err := mcmc.ULALaw(score, 0, -1, 10, -3, 3); err == nil {
		t.Error("a negative step size: no error")
	}
	if _, err := mcmc.ULALaw(score, 0, 1e-14, 10, -3, 3); err == nil {
		t.Error("a grid of a hundred million points: no error")
	}
}

// TestULAVariance checks the lecture's row S4h.
func TestULAVariance(t *testing.T) {
	for eta, want := range map[float64]float64{0.01: 1.005025, 0.1: 1.052632, 0.5: 1.333333, 1: 2, 1.9: 20, 2: math.Inf(1), 3: math.Inf(1)} {
		if got := mcmc.ULAVariance(1, eta); got != want && !(math.Abs(got-want) < 1e-6) {
			t.Errorf("η = %g: %g, want %g", eta, got, want)
		}
	}
	within(t, "q of the lessons", mcmc.ULAVariance(1.25, 0.01), 1.25502, 1e-5)
}

// TestOUWindowVariance checks the lecture's row S4a, and the two forms where they meet.
func TestOUWindowVariance(t *testing.T) {
	within(t, "p, 200 steps of 0.01", mcmc.OUWindowVariance(1, 2), 0.4323, 5e-5)
	within(t, "q", mcmc.OUWindowVariance(1.25, 1.6), 0.4669, 5e-5)
	within(t, "rms", math.Sqrt(mcmc.OUWindowVariance(1, 2)), 0.6575, 5e-5)
	within(t, "series", mcmc.OUWindowVariance(1, 0.999e-3)/0.999, mcmc.OUWindowVariance(1, 1.001e-3)/1.001, 1e-9)
	within(t, "long windows", mcmc.OUWindowVariance(3, 1e9), 3, 1e-8)
}
