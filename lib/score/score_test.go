package score_test

import (
	"fmt"
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
	"gibbs/lib/prob"
	"gibbs/lib/rng"
	"gibbs/lib/score"

	"github.com/gomlx/compute/dtypes"
	"gonum.org/v1/gonum/stat"
)

// Example denoises one point by the exact score of the noisy law.
func Example() {
	target := prob.TwoModes()
	denoise := MustNewExec(backend.MustOpen(), func(x *Node) *Node {
		return score.Denoise(target.Smooth(0.5).Score, 0.5, x)
	})
	clean := denoise.MustCall1([][]float64{{3, 0}}).Value().([][]float64)
	fmt.Printf("(%.6f, %.0f)\n", clean[0][0], clean[0][1])
	// Output: (2.799946, 0)
}

// n is the size of the Monte-Carlo samples below; standard errors are computed
// from the samples, and every check is at |z| < 4.89: false alarms 1e-6 each.
const n = 200_000

// sample runs a graph on n examples of the two modes in float64 and returns its
// result for each.
func sample(t *testing.T, seed int64, f func(s rng.State, x *Node) *Node) []float64 {
	t.Helper()
	exec := MustNewExec(backend.MustOpen(), func(key *Node) *Node {
		s, noise := rng.FromKey(key).Split()
		_, x := prob.TwoModes().Sample(s, dtypes.Float64, n)
		return f(noise, x)
	})
	defer exec.Finalize()
	return exec.MustCall1(rng.Key(seed)).Value().([]float64)
}

func near(t *testing.T, name string, values []float64, want float64) {
	t.Helper()
	mean, std := stat.MeanStdDev(values, nil)
	if z := (mean - want) / (std / math.Sqrt(float64(len(values)))); math.Abs(z) > 4.89 || math.IsNaN(z) {
		t.Errorf("%s: %.5f, want %.5f: off by %.1f standard errors", name, mean, want, z)
	}
}

// TestLossOfKnownScores checks L = 2·D_F + d/σ² − I(σ) where both sides are known:
// for the exact score of q_σ (the floor), of p, and for no score at all; the
// divergence both ways around; and the error of Tweedie's denoiser, which with the
// exact score is σ²d − σ⁴I(σ), below the σ²d of doing nothing. A million draws tell
// a loss apart that is wrong by 0.034, one part in 200.
func TestLossOfKnownScores(t *testing.T) {
	const sigma, floor = 0.5, 6.682114
	p, q := prob.TwoModes(), prob.TwoModes().Smooth(sigma)
	loss := func(o score.DSM, m score.Model) func(s rng.State, x *Node) *Node {
		return func(s rng.State, x *Node) *Node { return o.Each(m, s, x) }
	}
	dsm := score.DSM{Sigma: sigma}
	denoiser := func(sigma2 float64) func(s rng.State, x *Node) *Node {
		return func(s rng.State, x *Node) *Node {
			_, eps := rng.Normal(s, x.DType(), x.Shape().Dimensions...)
			clean := score.Denoise(q.Score, math.Sqrt(sigma2), Add(x, MulScalar(eps, sigma)))
			return ReduceSum(Square(Sub(clean, x)), 1)
		}
	}
	checkRows(t, []row{
		{name: "score of q", mean: floor, sd: 6.785, each: loss(dsm, q.Score)},
		{name: "score of p", mean: 6.778746, each: loss(dsm, p.Score)},
		{name: "no score", mean: 8, each: loss(dsm, ZerosLike)},
		{name: "weighted", mean: sigma * sigma * floor, each: loss(score.DSM{Sigma: sigma, Weighted: true}, q.Score)},
		{name: "D_F(p‖q)", mean: 0.039943, each: func(_ rng.State, x *Node) *Node { return score.Fisher(p.Score, q.Score, x) }},
		{name: "D_F(q‖p)", mean: 0.048316, noisy: true, each: func(_ rng.State, x *Node) *Node { return score.Fisher(q.Score, p.Score, x) }},
		{name: "denoiser", mean: 0.417632, each: denoiser(sigma * sigma)},

		{name: "sign of the score", bug: true, mean: floor, each: loss(dsm, func(x *Node) *Node { return Neg(q.Score(x)) })},
		{name: "score of p taken for q", bug: true, least: 1_000_000, mean: floor, each: loss(dsm, p.Score)},
		{name: "σ² for σ", bug: true, mean: floor, each: loss(score.DSM{Sigma: sigma * sigma}, q.Score)},
		{name: "missing σ² weight", bug: true, mean: sigma * sigma * floor, each: loss(dsm, q.Score)},
		{name: "missing σ² in the denoiser", bug: true, mean: 0.417632, each: denoiser(1)},
	})
}

// TestAntitheticPairs checks that pairs keep the mean, and have less variance
// than twice as many independent examples.
func TestAntitheticPairs(t *testing.T) {
	q := prob.TwoModes().Smooth(0.5)
	each := sample(t, 2, func(s rng.State, x *Node) *Node {
		return score.DSM{Sigma: 0.5, Antithetic: true}.Each(q.Score, s, x)
	})
	pairs := make([]float64, n)
	for i := range pairs {
		pairs[i] = (each[i] + each[n+i]) / 2
	}
	near(t, "pairs", pairs, 6.682114)
	_, pair := stat.MeanStdDev(pairs, nil)
	_, single := stat.MeanStdDev(each, nil)
	// The loss is even in ε to leading order, so pairs gain less than a factor 2
	// here; that they gain at all shows that the two halves share x and ε.
	t.Logf("standard deviation of one example %.3f, of a pair's mean %.3f", single, pair)
	if pair > single {
		t.Errorf("a pair's mean varies more (%.3f) than one example (%.3f)", pair, single)
	}
}

// TestADenoiserIsAScore checks that FromDenoiser undoes Denoise, and with it that
// an autoencoder's loss is σ⁴ times the score matching loss, example by example.
func TestADenoiserIsAScore(t *testing.T) {
	const sigma = 0.5
	q := prob.TwoModes().Smooth(sigma)
	denoiser := func(x *Node) *Node { return score.Denoise(q.Score, sigma, x) }
	difference := sample(t, 6, func(s rng.State, x *Node) *Node {
		_, eps := rng.Normal(s, x.DType(), x.Shape().Dimensions...)
		autoencoder := ReduceSum(Square(Sub(denoiser(Add(x, MulScalar(eps, sigma))), x)), 1)
		matching := score.DSM{Sigma: sigma}.Each(score.FromDenoiser(denoiser, sigma), s, x)
		return Abs(Sub(autoencoder, MulScalar(matching, math.Pow(sigma, 4))))
	})
	for i, d := range difference {
		if d > 1e-12 { // a dozen operations in float64 on numbers below 100
			t.Fatalf("example %d: the losses differ by %g", i, d)
		}
	}
}

func TestMisuseIsRefused(t *testing.T) {
	x := [][]float32{{1, 2}}
	for name, f := range map[string]func(x *Node) *Node{
		"no noise":    func(x *Node) *Node { return score.DSM{}.Loss(Neg, rng.New(x.Graph(), 1), x) },
		"no event":    func(x *Node) *Node { return score.ISM{}.Loss(Neg, rng.New(x.Graph(), 1), Reshape(x, 2)) },
		"negative":    func(x *Node) *Node { return score.SSM{Projections: -1}.Loss(Neg, rng.New(x.Graph(), 1), x) },
		"one energy":  func(x *Node) *Node { return score.Conservative(ReduceAllSum)(x) },
		"tall":        func(x *Node) *Node { return score.Jacobian(Neg, ExpandAxes(x, 2)) },
		"bare sphere": func(x *Node) *Node { _, v := score.Sphere(rng.New(x.Graph(), 1), x.DType(), 3); return v },
		"other shape": func(x *Node) *Node { return score.Denoise(func(x *Node) *Node { return ReduceAllSum(x) }, 1, x) },
	} {
		if _, err := MustNewExec(backend.MustOpen(), f).Call(x); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
