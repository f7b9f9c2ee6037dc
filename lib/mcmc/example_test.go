package mcmc_test

import (
	"context"
	"fmt"
	"math"

	"gibbs/lib/backend"
	"gibbs/lib/diag"
	"gibbs/lib/mcmc"
	"gibbs/lib/prob"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/stat"
)

// Example samples N(0, 1) with a large step, without and with Metropolis's
// correction. ULA's variance is 1/(1 − η/2), and MALA's that of the target.
func Example() {
	const chains, eta = 20_000, 0.5
	target := prob.StandardNormal(1)
	config := mcmc.Config{
		Start:    tensors.FromFlatDataAndDimensions(make([]float64, chains), chains, 1),
		StepSize: eta, BurnIn: 15, Steps: 30, Keep: mcmc.KeepFinal,
	}
	for _, kernel := range []mcmc.Kernel{mcmc.ULA{Score: target.Score}, mcmc.MALA{Target: target}} {
		r, err := mcmc.Run(context.Background(), backend.MustOpen(), kernel, config)
		if err != nil {
			fmt.Println(err)
			return
		}
		x := tensors.MustCopyFlatData[float64](r.Final)
		fmt.Printf("%T: variance %.1f", kernel, stat.Variance(x, nil))
		if r.AcceptRate != nil {
			fmt.Printf(", accepted %.2f", stat.Mean(r.AcceptRate, nil))
		}
		fmt.Println()
	}
	fmt.Printf("exact: %.2f and 1\n", mcmc.ULAVariance(1, eta))
	// Output:
	// mcmc.ULA: variance 1.3
	// mcmc.MALA: variance 1.0, accepted 0.92
	// exact: 1.33 and 1
}

// ExampleSpectralGap tells how many steps of size 0.01 two modes of unit width need
// to relax, by their distance.
func ExampleSpectralGap() {
	for _, m := range []float64{2, 3, 4, 5} {
		logP := func(x float64) float64 { return -x*x/2 + m*math.Abs(x) + math.Log1p(math.Exp(-2*m*math.Abs(x))) }
		gap, err := mcmc.SpectralGap(logP, -m-8, m+8)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("±%g: %.3g\n", m, mcmc.RelaxationSteps(gap, 0.01))
	}
	// Output:
	// ±2: 840
	// ±3: 6.98e+03
	// ±4: 1.61e+05
	// ±5: 1.12e+07
}

// ExampleSample draws from a Gaussian whose coordinates have deviations of 1 and 100,
// which a warm-up finds out.
func ExampleSample() {
	target := &prob.Mixture{Means: [][]float64{{0, 0}}, Sigmas: [][]float64{{1, 100}}}
	draws, err := mcmc.Sample(context.Background(), backend.MustOpen(), mcmc.NUTS{Target: target}, mcmc.Sampling{Dim: 2, Warmup: 300, Draws: 300})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 2 {
		s := diag.Summarize(draws.Coordinate(i))
		fmt.Printf("deviation %.1g, R̂ below 1.02: %v, more than 400 effective draws: %v\n", s.SD, s.RHat < 1.02, s.ESSBulk > 400)
	}
	fmt.Println("divergent transitions:", draws.Divergences())
	// Output:
	// deviation 1, R̂ below 1.02: true, more than 400 effective draws: true
	// deviation 1e+02, R̂ below 1.02: true, more than 400 effective draws: true
	// divergent transitions: 0
}
