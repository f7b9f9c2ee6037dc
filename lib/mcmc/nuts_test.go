package mcmc

import (
	"context"
	"fmt"
	"testing"
	"time"

	"gibbs/lib/backend"
	"gibbs/lib/diag"
	"gibbs/lib/prob"
)

func TestTry(t *testing.T) {
	target := &prob.Mixture{Means: [][]float64{{1, -2, 3}}, Sigmas: [][]float64{{1, 10, 0.1}}}
	for name, kernel := range map[string]Trajectory{"nuts": NUTS{Target: target}, "hmc": HMC{Target: target, LeapfrogSteps: 8, Jitter: .3}} {
		for _, pooled := range []bool{false, true} {
			for _, shape := range []Shape{DiagonalMetric, DenseMetric} {
				s := time.Now()
				d, err := Sample(context.Background(), backend.MustOpen(), kernel, Sampling{Dim: 3, Seed: 1, Pooled: pooled, Metric: shape})
				if err != nil {
					t.Fatal(err)
				}
				fmt.Println(name, pooled, shape, time.Since(s), d.StepSize, d.InverseMass[0], d.Gradients, d.Divergences())
				for i := range 3 {
					fmt.Println(diag.Summarize(d.Coordinate(i)))
				}
			}
		}
	}
}
