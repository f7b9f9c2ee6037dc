package diag

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gibbs/lib/rng"
	"gonum.org/v1/gonum/stat/combin"
	"gonum.org/v1/gonum/stat/distuv"
)

// againstEnumeration compares p-values of small samples with those of all deals. The
// standard error of 4,000 permutations is 0.008 at most: an error of 0.04 shows.
func againstEnumeration(pValue func(h *rng.Host, x, y [][]float64, k Kernel, permutations int) float64) error {
	for name, samples := range map[string][2][][]float64{
		"distinct":  {{{0}, {1.1}, {2.3}}, {{1.7}, {3.1}, {4.6}, {5.2}}},
		"with ties": {{{0}, {0}, {1}, {0}}, {{1}, {1}, {0}, {1}}},
		"unequal":   {{{0, 1}, {1, 0}, {0, 0}}, {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {0, 2}}},
	} {
		x, y := samples[0], samples[1]
		observed := bruteMMD(x, y, Distance)
		as, deals := 0.0, 0.0
		for _, chosen := range combin.Combinations(len(x)+len(y), len(x)) {
			var a, b [][]float64
			for i, point := range slices.Concat(x, y) {
				if slices.Contains(chosen, i) {
					a = append(a, point)
				} else {
					b = append(b, point)
				}
			}
			deals++
			if bruteMMD(a, b, Distance) >= observed-1e-9 {
				as++
			}
		}
		want := as / deals
		got := pValue(rng.NewHost(37), x, y, Distance, 4000)
		if math.Abs(got-want) > sigmas*math.Sqrt(want*(1-want)/4000)+1.0/4001 {
			return fmt.Errorf("%s: P = %.4f, all deals give %.4f", name, got, want)
		}
	}
	return nil
}

func permutationP(h *rng.Host, x, y [][]float64, k Kernel, permutations int) float64 {
	return PermutationTest(h, x, y, k, permutations).P
}

func TestPermutationTestByEnumeration(t *testing.T) {
	if err := againstEnumeration(permutationP); err != nil {
		t.Error(err)
	}
}

func TestEnumerationTellsBugs(t *testing.T) {
	for name, wrong := range map[string]func(h *rng.Host, x, y [][]float64, k Kernel, permutations int) float64{
		"> for ≥": func(h *rng.Host, x, y [][]float64, k Kernel, permutations int) float64 {
			test := PermutationTest(h, x, y, k, permutations)
			more := 0
			for _, v := range test.Permuted {
				if v > test.MMD+1e-9 {
					more++
				}
			}
			return float64(1+more) / float64(1+permutations)
		},
		"lower tail": func(h *rng.Host, x, y [][]float64, k Kernel, permutations int) float64 {
			return 1 - permutationP(h, x, y, k, permutations)
		},
		"drawn with replacement": func(h *rng.Host, x, y [][]float64, k Kernel, permutations int) float64 {
			g, more := newGram(slices.Concat(x, y), k), 0
			observed := g.mmd(identity(len(g.k))[:len(x)])
			for range permutations {
				chosen := make([]int, len(x))
				for i := range chosen {
					chosen[i] = h.Intn(len(g.k))
				}
				if g.mmd(chosen) >= observed-1e-9 {
					more++
				}
			}
			return float64(1+more) / float64(1+permutations)
		},
	} {
		if againstEnumeration(wrong) == nil {
			t.Errorf("not caught: %s", name)
		}
	}
}

// TestFalseAlarms: with 19 permutations and equal laws P ≤ 0.05 exactly once in 20
// times. Of 4,000 trials the rate has the standard error 0.0034, so 0.067 or 0.033
// would show; a p-value of #/permutations gives twice the rate.
func TestFalseAlarms(t *testing.T) {
	rate := func(offset float64) Estimate {
		return Power(rng.NewHost(41), 4000, 0.05, func(h *rng.Host) float64 {
			x, y := gaussians(h, 6, 2, 0), gaussians(h, 8, 2, 0)
			return PermutationTest(h, x, y, Gaussian(MedianDistance(x, y)), 19).P - offset
		})
	}
	if e := rate(0); math.Abs(e.Value-0.05) > sigmas*e.Error {
		t.Errorf("false-alarm rate %.4f ± %.4f", e.Value, e.Error)
	}
	if e := rate(1.0 / 20); math.Abs(e.Value-0.05) < sigmas*e.Error {
		t.Errorf("not caught: (#)/(permutations) has the rate %.4f", e.Value)
	}
}

// TestPower: no test of N(0, 1) against N(δ, 1) has more power than the best one that
// knows both, Φ(δ√(n/2) − 1.645); the energy test comes within 0.15 of the two-sided
// z-test (δ√(n/2) = 2.68: best 0.85, two-sided 0.76). And a test whose power is known
// is measured right.
func TestPower(t *testing.T) {
	const n, delta = 40, 0.6
	shift := delta * math.Sqrt(n/2.0)
	power := Power(rng.NewHost(43), 300, 0.05, func(h *rng.Host) float64 {
		return PermutationTest(h, gaussians(h, n, 1, 0), gaussians(h, n, 1, delta), Distance, 99).P
	})
	best, twoSided := distuv.UnitNormal.CDF(shift-1.6449), distuv.UnitNormal.CDF(shift-1.96)
	if power.Value > best+sigmas*power.Error || power.Value < twoSided-0.15 {
		t.Errorf("power %.3f ± %.3f, best %.3f, two-sided %.3f", power.Value, power.Error, best, twoSided)
	}
	z := Power(rng.NewHost(47), 20000, 0.05, func(h *rng.Host) float64 {
		return distuv.UnitNormal.Survival(h.Normal(1)[0] + shift)
	})
	if math.Abs(z.Value-best) > sigmas*z.Error || z.Error > 0.003 {
		t.Errorf("power of the z-test %.4f ± %.4f, exact %.4f", z.Value, z.Error, best)
	}
	if never := Power(rng.NewHost(47), 10, 0.05, func(*rng.Host) float64 { return 1 }); never.Value != 0 || never.Error < 0.05 {
		t.Errorf("a test that never rejects: %+v", never)
	}
}

// TestCallsAdvanceTheStream: a second call permutes differently.
func TestCallsAdvanceTheStream(t *testing.T) {
	h := rng.NewHost(53)
	x, y := gaussians(h, 10, 1, 0), gaussians(h, 10, 1, 0)
	a, b := PermutationTest(h, x, y, Distance, 20), PermutationTest(h, x, y, Distance, 20)
	if slices.Equal(a.Permuted, b.Permuted) {
		t.Error("two tests drew the same permutations")
	}
	if c, d := SlicedWasserstein(h, Rows([]float64{0, 0, 1, 2}, 2), Rows([]float64{3, 1}, 2), 5), SlicedWasserstein(h, Rows([]float64{0, 0, 1, 2}, 2), Rows([]float64{3, 1}, 2), 5); c == d {
		t.Error("two distances drew the same directions")
	}
}
