package main

import (
	"math"
	"strings"
	"testing"

	"gibbs/lib/rng"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b Quantity
		want float64
	}{
		{Quantity{1, 0.3}, Quantity{2, 0.4}, 2},
		{Quantity{1, 0}, Quantity{1, 0}, 0},
		{Quantity{1, 0}, Quantity{2, 0}, math.Inf(1)},
	} {
		if got := distance(c.a, c.b); math.Abs(got-c.want) > 1e-12 && got != c.want {
			t.Errorf("distance of %v and %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

// sample is a cloud like the Langevin job's at its end, of n points from a seed, with
// what a bug may do to it.
func sample(seed int64, n int, bug func(x1, x2 float64) (float64, float64)) []float32 {
	h := rng.NewHost(seed)
	z, u := h.Normal(2*n), h.Uniform(n)
	flat := make([]float32, 2*n)
	for i := range n {
		x1, x2 := z[2*i]+2, z[2*i+1]
		if u[i] < 0.3 {
			x1 -= 4
		}
		if bug != nil {
			x1, x2 = bug(x1, x2)
		}
		flat[2*i], flat[2*i+1] = float32(x1), float32(x2)
	}
	return flat
}

// TestAgreement plants wrong answers of the size that the check of 10,000 chains
// must catch: a mean off by 0.15, a variance by a tenth, a fifth of the chains stuck.
func TestAgreement(t *testing.T) {
	const n = 10_000
	ours := plane(sample(1, n, nil))
	for seed := range int64(20) {
		if err := agree(ours, plane(sample(100+seed, n, nil))); err != nil {
			t.Errorf("two samples of one law, seed %d: %v", seed, err)
		}
	}
	flip := rng.NewHost(9).Uniform(n)
	at := -1
	for name, bug := range map[string]func(x1, x2 float64) (float64, float64){
		"mirrored":           func(x1, x2 float64) (float64, float64) { return -x1, x2 },
		"axes exchanged":     func(x1, x2 float64) (float64, float64) { return x2, x1 },
		"mean off by 0.15":   func(x1, x2 float64) (float64, float64) { return x1 + 0.15, x2 },
		"noise 5 % too wide": func(x1, x2 float64) (float64, float64) { return x1, 1.05 * x2 },
		"a fifth stuck at 0": func(x1, x2 float64) (float64, float64) {
			if at++; flip[at%n] < 0.2 {
				return x1, 0
			}
			return x1, x2
		},
		"not a number": func(x1, x2 float64) (float64, float64) { return math.NaN(), x2 },
	} {
		if agree(ours, plane(sample(200, n, bug))) == nil {
			t.Errorf("planted wrong answer not caught: %s", name)
		}
	}
}

func TestAgreementNeedsTheSameQuantities(t *testing.T) {
	a := Answer{"mean": {1, 0.1}}
	for name, b := range map[string]Answer{
		"another": {"variance": {1, 0.1}}, "more": {"mean": {1, 0.1}, "variance": {1, 0.1}}, "none": nil, "NaN": {"mean": {math.NaN(), 0.1}},
		"NaN error": {"mean": {2, math.NaN()}},
	} {
		if agree(a, b) == nil || agree(b, a) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if agree(nil, nil) == nil {
		t.Error("no answers: accepted")
	}
}

func TestAgreementWithTruth(t *testing.T) {
	a := Answer{"mean": {1.03, 0.01}, "free": {7, 0.1}}
	for exact, want := range map[float64]bool{1: true, 0.97: false} {
		if got := agreeWithTruth(a, Answer{"mean": {Value: exact}}) == nil; got != want {
			t.Errorf("1.03 ± 0.01 for %g: %v, want %v", exact, got, want)
		}
	}
	if agreeWithTruth(a, nil) != nil || agreeWithTruth(a, Answer{"lost": {Value: 1}}) == nil {
		t.Error("no truth must pass, a quantity that is missing must not")
	}
}

// TestCheckAnswersNamesTheSide plants a wrong side among right ones.
func TestCheckAnswersNamesTheSide(t *testing.T) {
	right, wrong := Answer{"mean": {1, 0.01}}, Answer{"mean": {2, 0.01}}
	series := []Series{{Side: "ours", Answer: right}, {Side: "JAX", Answer: right}, {Side: "PyTorch", Answer: wrong}}
	if err := checkAnswers(series[:2], Answer{"mean": {Value: 1}}); err != nil {
		t.Error(err)
	}
	if err := checkAnswers(series, nil); err == nil || !strings.Contains(err.Error(), "PyTorch") {
		t.Errorf("the wrong side is not named: %v", err)
	}
	if err := checkAnswers([]Series{{Side: "ours", Answer: wrong}, {Side: "JAX", Answer: wrong}}, Answer{"mean": {Value: 1}}); err == nil {
		t.Error("two sides that agree on the wrong answer were accepted")
	}
}

func TestMoments(t *testing.T) {
	x := []float64{1, 2, 3, 4}
	if m := mean(x); m.Value != 2.5 || math.Abs(m.Error-math.Sqrt(5./3)/2) > 1e-15 {
		t.Errorf("mean %v", m)
	}
	// Squares about the mean: 2.25, 0.25, 0.25, 2.25, of standard deviation 2/√3.
	if v := variance(x); v.Value != 1.25 || math.Abs(v.Error-1/math.Sqrt(3)) > 1e-15 {
		t.Errorf("variance %v", v)
	}
}
