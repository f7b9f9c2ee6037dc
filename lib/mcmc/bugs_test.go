package mcmc_test

import (
	"math"
	"testing"

	"gibbs/lib/mcmc"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/gobackend"
)

// planted is a Langevin kernel on N(0, 1) at temperature T with one of the mistakes
// that people make; with none it is ULA or MALA.
type planted struct {
	mistake     string
	metropolis  bool
	temperature float64
}

func (k planted) Init(x *Node) mcmc.State {
	if !k.metropolis {
		return mcmc.State{X: x}
	}
	return mcmc.State{X: x, LogP: MulScalar(Square(Squeeze(x, -1)), -0.5), Score: Neg(x)}
}

func (k planted) Step(s rng.State, eta *Node, at mcmc.State) (rng.State, mcmc.State, mcmc.Info) {
	before := s
	s, z := rng.Normal(s, at.X.DType(), at.X.Shape().Dimensions...)
	s, u := rng.Uniform(s, at.X.DType(), at.X.Shape().Dimensions[0])
	if k.mistake == "reused noise" {
		s = before
	}
	noise := MulScalar(eta, 2*k.temperature)
	switch k.mistake {
	case "missing √2":
		noise = MulScalar(eta, k.temperature)
	case "noise without temperature":
		noise = MulScalar(eta, 2)
	case "noise 2ηT for √(2ηT)":
		noise = Square(noise)
	}
	score := at.Score
	if score == nil {
		score = Neg(at.X)
	}
	y := Add(Add(at.X, Mul(eta, score)), Mul(Sqrt(noise), z))
	next := k.Init(y)
	if !k.metropolis {
		return s, next, mcmc.Info{}
	}
	logQ := func(to, from, score *Node) *Node { // [chains]
		return Squeeze(Neg(Div(Square(Sub(to, Add(from, Mul(eta, score)))), MulScalar(eta, 4*k.temperature))), -1)
	}
	ratio := Add(DivScalar(Sub(next.LogP, at.LogP), k.temperature), Sub(logQ(at.X, y, next.Score), logQ(y, at.X, at.Score)))
	switch k.mistake {
	case "sign of the MH ratio":
		ratio = Neg(ratio)
	case "q ratio dropped":
		ratio = DivScalar(Sub(next.LogP, at.LogP), k.temperature)
	case "temperature missing in the ratio":
		ratio = Add(ratio, MulScalar(Sub(next.LogP, at.LogP), 1-1/k.temperature))
	}
	alpha := Exp(MinScalar(ratio, 0))
	accepted := LessThan(u, alpha)
	chosen := mcmc.Select(accepted, next, at)
	if k.mistake == "stale gradient after rejection" {
		chosen.Score = next.Score
	}
	return s, chosen, mcmc.Info{AcceptProb: alpha, Accepted: accepted}
}

// TestPlantedBugs holds wrong kernels to the checks of TestULABias and
// TestMALAIsExact: each must fail, and the same code without a mistake pass. With
// 20,000 chains they catch 5 % of the variance. It is the checks that are under
// test here, so pure Go runs them, which has nothing to compile.
func TestPlantedBugs(t *testing.T) {
	const chains, steps = 20_000, 20
	pureGo, err := gobackend.New("")
	if err != nil {
		t.Fatal(err)
	}
	defer pureGo.Finalize()
	for _, k := range []struct {
		planted
		eta float64
	}{
		{planted{"", false, 2}, 0.5}, {planted{"", true, 1}, 0.5}, {planted{"", true, 1}, 1}, {planted{"", true, 2}, 1},
		{planted{"missing √2", false, 1}, 0.5},
		{planted{"noise without temperature", false, 2}, 0.5},
		{planted{"noise 2ηT for √(2ηT)", false, 2}, 0.5},
		{planted{"reused noise", false, 1}, 0.5},
		{planted{"reused noise", true, 1}, 0.5},
		{planted{"sign of the MH ratio", true, 1}, 1},
		{planted{"q ratio dropped", true, 1}, 1},
		{planted{"stale gradient after rejection", true, 1}, 1},
		{planted{"temperature missing in the ratio", true, 2}, 1},
	} {
		x, _ := gauss(t, pureGo, k.planted, chains, k.metropolis, k.eta, steps)
		want := k.temperature
		if !k.metropolis {
			want *= mcmc.ULAVariance(1, k.eta) * (1 - math.Pow(1-k.eta, 2*steps))
		}
		z := math.Abs(off(each(x, square), want))
		t.Logf("%-34s metropolis %-5v T = %g: off by %6.1f standard errors", k.mistake, k.metropolis, k.temperature, z)
		if caught := !(z < alpha); caught != (k.mistake != "") {
			t.Errorf("mistake %q, metropolis %v: off by %.1f standard errors", k.mistake, k.metropolis, z)
		}
	}
}
