package mcmc_test

import (
	"math"
	"testing"

	"gibbs/lib/mcmc"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/stat"
)

// TestSGLD samples the mean of a normal of variance 1 under the prior N(0, 4) from
// 200 data in batches of 10. With λ = 1/4 + N, a = 1 − ηλ and s² the variance of
// the data, the law after n steps from the posterior mean m is exactly
//
//	E x = m,   Var x = (2η + η²N²s²/10) (1 − a^2n)/(1 − a²)
//
// The size of the check: 5 % of the variance. The batches' noise is 4.5 times ULA's.
func TestSGLD(t *testing.T) {
	const n, batch, chains, steps = 200, 10, 4000, 30
	data := rng.NewHost(3).Normal(n)
	for i := range data {
		data[i] += 1.5
	}
	mean, variance := stat.PopMeanVariance(data, nil)
	lambda := 0.25 + n
	posterior := n * mean / lambda
	kernel := mcmc.SGLD{
		Prior:      func(x *Node) *Node { return MulScalar(x, -0.25) },
		Likelihood: func(x, y *Node) *Node { return ReduceSum(Sub(y, ExpandAxes(x, -1)), -1) }, // x [chains], y [chains, batch]
		Data:       tensors.FromValue(data),
		BatchSize:  batch,
	}
	eta := 0.2 / lambda
	a := 1 - eta*lambda
	want := (2*eta + square(eta*n)*variance/batch) * (1 - math.Pow(a, 2*steps)) / (1 - a*a)

	start := make([]float64, chains)
	for i := range start {
		start[i] = posterior
	}
	moments := func(k mcmc.SGLD) (centred, squared []float64) {
		r := run(t, k, mcmc.Config{Start: tensors.FromValue(start), StepSize: eta, Steps: steps, Keep: mcmc.KeepFinal, Seed: 2})
		centred = each(flat(r.Final), func(v float64) float64 { return v - posterior })
		return centred, each(centred, square)
	}
	centred, squared := moments(kernel)
	near(t, "mean − posterior mean", centred, 0)
	near(t, "variance", squared, want)

	wrong := kernel
	wrong.Likelihood = func(x, y *Node) *Node { return MulScalar(kernel.Likelihood(x, y), batch/float64(n)) }
	if _, squared := moments(wrong); math.Abs(off(squared, want)) < alpha {
		t.Error("planted bug not caught: N/n dropped")
	}
	wrong.Likelihood = func(x, y *Node) *Node { // the first chain's batch for all
		return kernel.Likelihood(x, BroadcastToDims(SliceAxis(y, 0, AxisElem(0)), y.Shape().Dimensions...))
	}
	if _, squared := moments(wrong); math.Abs(off(squared, want)) < alpha {
		t.Error("planted bug not caught: all chains share a batch")
	}
}
