package mcmc_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/mcmc"
	"gibbs/lib/mcmc/native"
	"gibbs/lib/prob"
)

// BenchmarkThreeWays reports the time of one transition of one chain on the two
// modes, compilation apart: in the plain loop, which returns to Go after each step;
// in one compiled program; in native Go on all CPUs.
func BenchmarkThreeWays(b *testing.B) {
	const steps = 500
	ctx := context.Background()
	for _, chains := range []int{1, 100, 10_000} {
		perTransition := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*chains*steps), "ns/transition")
		}
		for _, block := range []int{1, 0} {
			name := map[int]string{1: "plain", 0: "compiled"}[block]
			b.Run(fmt.Sprintf("%s/chains=%d", name, chains), func(b *testing.B) {
				config := mcmc.Config{Start: start(chains), StepSize: 0.01, Steps: steps, Keep: mcmc.KeepFinal, Block: block}
				sampler, err := mcmc.Compile(backend.MustOpen(), mcmc.ULA{Score: prob.TwoModes().Score}, config)
				if err != nil {
					b.Fatal(err)
				}
				defer sampler.Finalize()
				if _, err := sampler.Run(ctx, config); err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if _, err := sampler.Run(ctx, config); err != nil {
						b.Fatal(err)
					}
				}
				perTransition(b)
			})
		}
		b.Run(fmt.Sprintf("native/chains=%d", chains), func(b *testing.B) {
			score, err := native.Mixture[float32](2, []float64{-2, 0, 2, 0}, nil, nil)
			if err != nil {
				b.Fatal(err)
			}
			x := slices.Repeat([]float32{10}, 2*chains)
			for b.Loop() {
				if err := (native.Langevin[float32]{Score: score, StepSize: 0.01}).Run(ctx, x, 2, steps, nil); err != nil {
					b.Fatal(err)
				}
			}
			perTransition(b)
		})
	}
}
