package diag_test

import (
	"fmt"

	"gibbs/lib/diag"
	"gibbs/lib/rng"
)

// Four chains that remember half of their last state; the last one is 1 off.
func Example() {
	h := rng.NewHost(1)
	chains := make([][]float64, 4)
	for c := range chains {
		chains[c] = h.Normal(1000)
		for i := 1; i < 1000; i++ {
			chains[c][i] += 0.5 * chains[c][i-1]
		}
	}
	s := diag.Summarize(chains)
	fmt.Printf("mean %.2f ± %.2f, R̂ %.2f, bulk ESS %.0f, τ %.1f\n", s.Mean, s.MCSEMean, s.RHat, s.ESSBulk, s.AutocorrelationTime)
	for i := range chains[3] {
		chains[3][i]++
	}
	fmt.Printf("one chain off: R̂ %.2f, bulk ESS %.0f\n", diag.RHat(chains), diag.ESSBulk(chains))
	chains[3] = make([]float64, 1000)
	fmt.Printf("one chain stuck: R̂ %v\n", diag.RHat(chains))
	// Output:
	// mean 0.03 ± 0.03, R̂ 1.00, bulk ESS 1320, τ 3.0
	// one chain off: R̂ 1.09, bulk ESS 37
	// one chain stuck: R̂ NaN
}

// A test, and what it could have seen: its power against a shift of the mean.
func ExamplePermutationTest() {
	h := rng.NewHost(2)
	points := func(h *rng.Host, n int, shift float64) [][]float64 {
		z := h.Normal(2 * n)
		for i := range z {
			z[i] += shift
		}
		return diag.Rows(z, 2)
	}
	test := func(h *rng.Host, shift float64) diag.Test {
		return diag.PermutationTest(h, points(h, 50, 0), points(h, 50, shift), diag.Distance, 199)
	}
	fmt.Printf("equal laws: P = %.3f\n", test(h, 0).P)
	power := diag.Power(h, 200, 0.05, func(h *rng.Host) float64 { return test(h, 0.4).P })
	fmt.Printf("power against a shift of (0.4, 0.4): %.2f ± %.2f\n", power.Value, power.Error)
	// Output:
	// equal laws: P = 0.880
	// power against a shift of (0.4, 0.4): 0.69 ± 0.03
}

// Two chains of ten draws each that visit both basins.
func ExampleModeWeights() {
	chains := [][]float64{
		{-2.1, -1.8, -2.2, 1.9, 2.1, 2.0, -1.9, -2.0, -2.3, -1.7},
		{2.2, 1.8, -2.1, -1.9, -2.0, -2.4, -1.6, -2.0, 2.1, -1.8},
	}
	weights := diag.ModeWeights(chains, 2, func(x float64) int {
		if x < 0 {
			return 0
		}
		return 1
	})
	fmt.Printf("left %.2f ± %.2f, right %.2f ± %.2f\n", weights[0].Value, weights[0].Error, weights[1].Value, weights[1].Error)
	// Output: left 0.70 ± 0.10, right 0.30 ± 0.10
}

// The training example nearest to a generated one.
func ExampleNearest() {
	training := diag.Rows([]float32{0, 0, 3, 4, 6, 8}, 2)
	generated := diag.Rows([]float32{3, 3, 0, 1}, 2)
	fmt.Println(diag.Nearest(generated, training))
	// Output: [{1 1} {0 1}]
}
