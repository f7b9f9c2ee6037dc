package energy_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/energy"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
)

// mix is the lecture's mixture in the plane.
var mix = &prob.Mixture{
	Means:   [][]float64{{-2.5, -1.5}, {2.5, -1.5}, {0, 2.5}},
	Weights: []float64{.5, .3, .2},
	Sigmas:  [][]float64{{.5}, {.5}, {.5}},
}

// squared is the law p² of mix: its modes are ten standard deviations apart, so
// that the cross terms of the square are below e⁻²⁵ of it.
var squared = &prob.Mixture{
	Means:   mix.Means,
	Weights: []float64{.25, .09, .04},
	Sigmas:  [][]float64{{math.Sqrt(.125)}, {math.Sqrt(.125)}, {math.Sqrt(.125)}},
}

// draws returns n exact draws in float64.
func draws(p prob.Density, n int, seed int64) *tensors.Tensor {
	return MustExecOnce(backend.MustOpen(), func(key *Node) *Node {
		_, x := p.Sample(rng.FromKey(key), dtypes.Float64, n)
		return x
	}, rng.Key(seed))
}

// gauss is a geometric path between two Gaussians on the line: N(0, 1), and
// exp(−(x−2)²/(2·0.5²)), whose Z is 0.5·√(2π).
func gauss(x, beta *Node) *Node {
	x = Squeeze(x, -1)
	start := AddScalar(MulScalar(Square(x), -0.5), -0.5*math.Log(2*math.Pi))
	target := MulScalar(Square(AddScalar(x, -2)), -2)
	return Add(start, Mul(beta, Sub(target, start)))
}

// redraw draws the Gaussian at β anew: precision 1 + 3β, mean 8β/(1 + 3β).
func redraw(s rng.State, x, beta *Node) (rng.State, *Node) {
	s, z := rng.Normal(s, x.DType(), x.Shape().Dimensions...)
	precision := AddScalar(MulScalar(beta, 3), 1)
	return s, Add(Div(MulScalar(beta, 8), precision), Mul(z, Sqrt(Reciprocal(precision))))
}

// TestAISOfGaussians checks both bounds against the exact log Z, with transitions
// that are exact draws. Standard errors are 0.013 and 0.016: an error of 0.08 in log
// Z is caught.
func TestAISOfGaussians(t *testing.T) {
	const chains, temperatures = 4000, 20
	exact := math.Log(0.5 * math.Sqrt(2*math.Pi))
	start := draws(prob.StandardNormal(1), chains, 1)
	target := draws(&prob.Mixture{Means: [][]float64{{2}}, Sigmas: [][]float64{{.5}}}, chains, 2)
	run := func(a energy.AIS) energy.Bracket {
		t.Helper()
		b, err := a.Run(context.Background(), backend.MustOpen(), start, target)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	good := energy.AIS{LogProb: gauss, Step: redraw, Temperatures: temperatures, Seed: 3}
	b := run(good)
	t.Logf("exact %.6f, bracket %v", exact, b)
	if err := sound(b, exact); err != nil {
		t.Error(err)
	}
	if !b.Contains(exact, 4.89) || b.Gap() > 4.89*(b.Lower.SE+b.Upper.SE)+0.01 {
		t.Errorf("bracket %v does not close around %.6f", b, exact)
	}
	for name, bug := range map[string]energy.AIS{
		"transition before weight": {LogProb: gauss, Temperatures: temperatures, Step: func(s rng.State, x, beta *Node) (rng.State, *Node) {
			return redraw(s, x, AddScalar(beta, 1./temperatures)) // one temperature ahead
		}},
		"transition of another law": {LogProb: gauss, Temperatures: temperatures, Step: func(s rng.State, x, beta *Node) (rng.State, *Node) {
			s, y := redraw(s, x, beta)
			return s, MulScalar(y, 1.05)
		}},
		"path with half its slope": {LogProb: func(x, beta *Node) *Node { return gauss(x, MulScalar(beta, .5)) }, Temperatures: temperatures, Step: redraw},
	} {
		bug.Seed = 3
		if b := run(bug); sound(b, exact) == nil {
			t.Errorf("%s is not caught: %v", name, b)
		}
	}
}

// sound says whether both estimates agree with log Z within their errors.
func sound(b energy.Bracket, exact float64) error {
	for _, e := range []energy.Estimate{b.Lower, b.Upper} {
		if !(math.Abs(e.LogZ-exact) < 4.89*e.SE) {
			return fmt.Errorf("%v is not log Z = %.6f", e, exact)
		}
	}
	return nil
}

// TestAISOfTemperedMixture anneals from β = 1 to β = 2 of the mixture's energy with
// Langevin transitions; the lecture's log Z is −2.112314.
func TestAISOfTemperedMixture(t *testing.T) {
	path := func(x, beta *Node) *Node { return Mul(AddScalar(beta, 1), mix.LogProb(x)) }
	a := energy.AIS{LogProb: path, Step: energy.Transitions(energy.MALA, path, .05, 1), Temperatures: 50, Seed: 5}
	b, err := a.Run(context.Background(), backend.MustOpen(), draws(mix, 2000, 1), draws(squared, 2000, 2))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("bracket %v", b)
	if err := sound(b, -2.112314); err != nil {
		t.Error(err)
	}
}

func TestAISErrors(t *testing.T) {
	b := backend.MustOpen()
	for name, a := range map[string]energy.AIS{
		"no LogProb":       {Step: redraw},
		"no Step":          {LogProb: gauss},
		"temperatures":     {LogProb: gauss, Step: redraw, Temperatures: -1},
		"ladder from 0.1":  {LogProb: gauss, Step: redraw, Betas: []float64{.1, 1}},
		"descending":       {LogProb: gauss, Step: redraw, Betas: []float64{0, .7, .3, 1}},
		"LogProb unsummed": {LogProb: func(x, beta *Node) *Node { return Mul(beta, x) }, Step: redraw, Temperatures: 2},
	} {
		x := tensors.FromValue([][]float64{{0}, {1}})
		if _, err := a.Run(context.Background(), b, x, x); err == nil || err.Error()[:8] != "energy: " {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestImportance(t *testing.T) {
	const n = 4000
	h := rng.NewHost(1)
	// N(0, I₂) under itself: the weight of exp(−E) is 2π for every draw.
	x := h.Normal(2 * n)
	logWeights, plain := make([]float64, n), make([]float64, n)
	for i := range logWeights {
		e := (x[2*i]*x[2*i] + x[2*i+1]*x[2*i+1]) / 2
		logWeights[i] = -e + e + math.Log(2*math.Pi)
		plain[i] = -e
	}
	e := energy.Importance(logWeights)
	within(t, "log Z", e.LogZ, 1.8378770664, 1e-10)
	within(t, "SE", e.SE, 0, 1e-12)
	within(t, "ESS", e.ESS, n, 1e-6)
	// e^{−E} of draws of p is uniform on (0, 1): ESS fraction (1/2)²/(1/3) = .75,
	// and the SE of the log-mean is √(1/12)/(½√n).
	e = energy.Importance(plain)
	within(t, "mean of e^−E", e.LogZ, math.Log(.5), 4.89/math.Sqrt(3*n))
	within(t, "its SE", e.SE, 1/math.Sqrt(3*n), .05/math.Sqrt(3*n))
	within(t, "ESS fraction", e.ESS/n, .75, .03)
	if e := energy.Importance([]float64{math.Inf(-1)}); !math.IsInf(e.LogZ, -1) || !math.IsInf(e.SE, 1) {
		t.Errorf("no weight at all: %v", e)
	}
	panics(t, "no draws", func() { energy.Importance(nil) })
	panics(t, "NaN", func() { energy.Importance([]float64{math.NaN()}) })
}
