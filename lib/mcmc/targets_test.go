package mcmc_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/diag"
	"gibbs/lib/mcmc"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
)

// full asks for the statistical tests in their full sizes, some minutes:
//
//	go test ./lib/mcmc -full -run 'FiveTargets|Calibrat' -v -timeout 30m
var full = flag.Bool("full", false, "statistical tests in their full sizes")

// expectation is a number of a position with its exact mean under the target.
type expectation struct {
	name string
	of   func(x []float64) float64
	want float64
}

// known is a target of which some expectations are known, with step sizes that suit it.
type known struct {
	name       string
	target     prob.LogProber
	start      prob.Density // near enough to begin from
	walk, mala float64      // step sizes
	more       []expectation
}

func fiveTargets() []known {
	const rho = 0.95
	v := 1 - rho*rho
	correlated := centred{[][]float64{{1 / v, -rho / v}, {-rho / v, 1 / v}}}
	ten := &prob.Mixture{Means: [][]float64{make([]float64, 10)}, Sigmas: [][]float64{make([]float64, 10)}}
	for i := range 10 {
		ten.Means[0][i], ten.Sigmas[0][i] = float64(i), 0.5+float64(i)/6
	}
	// v ~ N(0, 3²) and x = z e^{v/2} with z ~ N(0, 1), sampled as (v, z).
	funnel := &prob.Mixture{Means: [][]float64{{0, 0}}, Sigmas: [][]float64{{3, 1}}}
	logX := func(x []float64) float64 { return x[0]/2 + math.Log(math.Abs(x[1])) }
	meanLog := -(0.5772156649015329 + math.Ln2) / 2 // E log|z|
	return []known{
		{"correlated normal", correlated, prob.StandardNormal(2), 0.6, 0.05, []expectation{
			{"x₁²", func(x []float64) float64 { return x[0] * x[0] }, 1},
			{"x₂²", func(x []float64) float64 { return x[1] * x[1] }, 1},
			{"x₁x₂", func(x []float64) float64 { return x[0] * x[1] }, rho},
			{"x₁", func(x []float64) float64 { return x[0] }, 0},
			{"x₂", func(x []float64) float64 { return x[1] }, 0},
		}},
		{"ten dimensions", ten, ten, 0.7, 0.25, moments(ten)},
		{"banana", prob.Banana{}, prob.Banana{}, 1.6, 0.3, moments(prob.Banana{})},
		{"mixture", prob.TwoModes(), prob.TwoModes(), 2.2, 0.9, moments(prob.TwoModes())},
		{"funnel, not centred", funnel, funnel, 2, 0.8, append(moments(funnel),
			expectation{"log|x|", logX, meanLog},
			expectation{"log²|x|", func(x []float64) float64 { return math.Pow(logX(x)-meanLog, 2) }, 9./4 + math.Pi*math.Pi/8},
			expectation{"v log|x|", func(x []float64) float64 { return x[0] * logX(x) }, 9. / 2},
		)},
	}
}

// moments are the means, variances and covariances of a density. The last are of
// neighbours.
func moments(p prob.Density) (all []expectation) {
	mean, cov := p.Mean(), p.Cov()
	for i, m := range mean {
		all = append(all,
			expectation{fmt.Sprintf("mean of x%d", i), func(x []float64) float64 { return x[i] }, m},
			expectation{fmt.Sprintf("variance of x%d", i), func(x []float64) float64 { return (x[i] - m) * (x[i] - m) }, cov.At(i, i)})
		if i > 0 {
			all = append(all, expectation{fmt.Sprintf("covariance of x%d, x%d", i-1, i),
				func(x []float64) float64 { return (x[i-1] - mean[i-1]) * (x[i] - m) }, cov.At(i-1, i)})
		}
	}
	return all
}

// TestFiveTargets samples five targets by five samplers, 10 chains each, and compares
// every mean, variance and correlation in Monte-Carlo standard errors. In full, 2,000
// draws of a chain see about a tenth of a standard deviation of what moves well.
// Otherwise it is one target, and the two samplers whose transitions are single steps.
func TestFiveTargets(t *testing.T) {
	const chains = 10
	targets, draws, warmup, thin, b := fiveTargets(), 2000, 1000, 40, backend.MustOpen()
	if !*full {
		targets, draws, thin, b = targets[:1], 100, 15, pureGo(t)
	}
	if testing.Short() {
		t.Skip("a short run leaves the samplers to their own tests")
	}
	for i, k := range targets {
		dim := k.start.Dim()
		start := drawn(t, k.start, chains)
		for name, sample := range map[string]func() [][][]float64{
			"NUTS": func() [][][]float64 {
				return trajectories(t, mcmc.NUTS{Target: k.target}, start, warmup, draws)
			},
			"ChEES": func() [][][]float64 {
				return trajectories(t, mcmc.ChEES{Target: k.target}, start, warmup, draws)
			},
			"HMC": func() [][][]float64 {
				return trajectories(t, mcmc.HMC{Target: k.target, LeapfrogSteps: 8, Jitter: 0.3}, start, warmup, draws)
			},
			"random walk": func() [][][]float64 {
				return steps(t, b, mcmc.Metropolis{Target: k.target}, k.walk, start, draws, thin)
			},
			"MALA": func() [][][]float64 {
				return steps(t, b, mcmc.MALA{Target: k.target}, k.mala, start, draws, thin)
			},
		} {
			if !*full && (name == "NUTS" || name == "HMC" || name == "ChEES") {
				continue
			}
			positions := sample()
			worst, of, ess := 0.0, "", math.Inf(1)
			for _, e := range k.more {
				values := make([][]float64, chains)
				for c, chain := range positions {
					for _, x := range chain {
						values[c] = append(values[c], e.of(x))
					}
				}
				s := diag.Summarize(values)
				ess = min(ess, diag.ESSMean(values))
				if z := math.Abs(s.Mean-e.want) / s.MCSEMean; !(z < worst) {
					worst, of = z, e.name
				}
			}
			t.Logf("%-20s %-12s %2d coordinates: worst z %.1f of %d (%s), least ESS %.0f", k.name, name, dim, worst, len(k.more), of, ess)
			if !(worst < alpha) || ess < 60 {
				t.Errorf("target %d, %s, %s: %s is off by %.1f standard errors, with an ESS of %.0f", i, k.name, name, of, worst, ess)
			}
		}
	}
}

// drawn returns exact draws of a law, [n, dim].
func drawn(t *testing.T, p prob.Sampler, n int) *tensors.Tensor {
	t.Helper()
	x := MustNewExec(pureGo(t), func(key *Node) *Node {
		_, x := p.Sample(rng.FromKey(key), dtypes.Float64, n)
		return x
	}).MustCall1(rng.Key(12))
	return tensors.FromFlatDataAndDimensions(flat(x), x.Shape().Dimensions...)
}

func trajectories(t *testing.T, k mcmc.Trajectory, start *tensors.Tensor, warmup, draws int) [][][]float64 {
	t.Helper()
	d, err := mcmc.Sample(context.Background(), backend.MustOpen(), k, mcmc.Sampling{Start: start, Warmup: warmup, Draws: draws, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	return d.X
}

func steps(t *testing.T, b compute.Backend, k mcmc.Kernel, stepSize float64, start *tensors.Tensor, draws, thin int) [][][]float64 {
	t.Helper()
	r, err := mcmc.Run(context.Background(), b, k, mcmc.Config{Start: start, StepSize: stepSize, BurnIn: 20 * thin, Steps: draws * thin, Thin: thin, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	chains, dim := start.Shape().Dim(0), start.Shape().Dim(1)
	positions := make([][][]float64, chains)
	x := flat(r.Draws)
	for i := range draws {
		for c := range chains {
			positions[c] = append(positions[c], x[(i*chains+c)*dim:][:dim])
		}
	}
	return positions
}
