package score_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
	"gibbs/lib/prob"
	"gibbs/lib/rng"
	"gibbs/lib/score"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/stat"
)

// draws is the size of the Monte-Carlo samples below: a million on XLA, fewer
// where that takes too long.
func draws(t *testing.T) int {
	switch {
	case testing.Short():
		t.Log("reduced: 50 000 draws for a million, standard errors 4.5 times larger")
		return 50_000
	case backend.MustOpen().Name() != "xla":
		t.Log("reduced: 200 000 draws for a million, standard errors 2.2 times larger")
		return 200_000
	}
	return 1_000_000
}

// row is a number that the lecture prints, and the graph that measures it.
type row struct {
	name  string
	mean  float64
	sd    float64 // of one example; 0: not checked
	bug   bool    // a planted bug: mean must be missed
	least int     // draws that show the bug; fewer do not plant it
	each  func(s rng.State, x *Node) *Node
	noisy bool // x is from q, the law smoothed by ½, instead of p
}

// measure runs all rows in one graph on the same n draws of the two modes.
func measure(t *testing.T, n int, rows []row) [][]float64 {
	t.Helper()
	exec := MustNewExec(backend.MustOpen(), func(key *Node) []*Node {
		root := rng.FromKey(key)
		_, x := prob.TwoModes().Sample(root.FoldInt(0), dtypes.Float64, n)
		_, eps := rng.Normal(root.FoldInt(1), dtypes.Float64, n, 2)
		var each []*Node
		for i, r := range rows {
			at := x
			if r.noisy {
				at = Add(x, MulScalar(eps, 0.5))
			}
			each = append(each, r.each(root.FoldInt(int64(2+i)), at))
		}
		return each
	})
	defer exec.Finalize()
	var results [][]float64
	for _, r := range exec.MustCall(rng.Key(8)) {
		results = append(results, tensors.MustCopyFlatData[float64](r))
		r.MustFinalizeAll()
	}
	return results
}

// check compares means at |z| < 4.89 (false alarms 1e-6 each), and standard
// deviations at 4.89 of their standard errors and half a unit of the printed
// digits. printed is half a unit of the last digit of the printed means.
func (r row) check(values []float64, printed float64) error {
	mean, sd := stat.MeanStdDev(values, nil)
	n := float64(len(values))
	if !(math.Abs(mean-r.mean) < 4.89*sd/math.Sqrt(n)+printed) {
		return fmt.Errorf("%s: %.5f ± %.5f, want %.6f", r.name, mean, sd/math.Sqrt(n), r.mean)
	}
	if r.sd == 0 {
		return nil
	}
	fourth := stat.MomentAbout(4, values, mean, nil)
	se := math.Sqrt((fourth-math.Pow(sd, 4))/n) / (2 * sd) // of sd, by the delta method
	if !(math.Abs(sd-r.sd) < 4.89*se+5.01e-4) {
		return fmt.Errorf("%s: standard deviation %.4f ± %.4f, want %.3f", r.name, sd, se, r.sd)
	}
	return nil
}

func checkRows(t *testing.T, rows []row) {
	t.Helper()
	n := draws(t)
	rows = slices.DeleteFunc(rows, func(r row) bool {
		if r.least > n {
			t.Logf("not planted: %s, which shows in %d draws", r.name, r.least)
		}
		return r.least > n
	})
	for i, values := range measure(t, n, rows) {
		err := rows[i].check(values, 5.01e-7)
		if rows[i].bug && err == nil {
			t.Errorf("planted bug not caught: %s", rows[i].name)
		}
		if !rows[i].bug && err != nil {
			t.Error(err)
		}
	}
}

// unit draws directions of length 1, the planted bug of [score.Sphere].
func unit(s rng.State, dtype dtypes.DType, dims ...int) (rng.State, *Node) {
	s, v := score.Sphere(s, dtype, dims...)
	return s, MulScalar(v, 1/math.Sqrt2)
}

// TestImplicitAndSliced measures what the lecture's section 8 prints for two modes
// p and the law q smoothed by ½, with the spread of single examples. A million
// draws tell an objective apart that is wrong by 0.006, SSM with normal
// directions by 0.012.
func TestImplicitAndSliced(t *testing.T) {
	p, q := prob.TwoModes(), prob.TwoModes().Smooth(0.5)
	wide := &prob.Mixture{Means: [][]float64{{0, 0}}, Sigmas: [][]float64{{math.Sqrt(5), 1}}}
	ism := func(m score.Model) func(s rng.State, x *Node) *Node {
		return func(s rng.State, x *Node) *Node { return score.ISM{}.Each(m, s, x) }
	}
	ssm := func(o score.SSM) func(s rng.State, x *Node) *Node {
		return func(s rng.State, x *Node) *Node { return o.Each(p.Score, s, x) }
	}
	gain := func(m score.Model) func(s rng.State, x *Node) *Node { // over the truth, on the same draws
		return func(s rng.State, x *Node) *Node {
			return Sub(score.ISM{}.Each(m, s, x), score.ISM{}.Each(p.Score, s, x))
		}
	}
	const truth = -0.862805
	checkRows(t, []row{
		{name: "ISM of p", mean: truth, sd: 1.151, each: ism(p.Score)},
		{name: "ISM of q", mean: -0.822862, each: ism(q.Score)},
		{name: "ISM of a Gaussian", mean: -0.6, each: ism(wide.Score)},
		{name: "ISM of q under q", mean: -0.658943, each: ism(q.Score), noisy: true},
		{name: "ISM of p under q", mean: -0.610627, each: ism(p.Score), noisy: true},
		{name: "ISM of q less that of p: D_F", mean: 0.039943, each: gain(q.Score)},
		{name: "ISM of a Gaussian less that of p: D_F", mean: 0.262805, each: gain(wide.Score)},
		{name: "ISM of zero less that of p: D_F", mean: 0.862805, each: gain(ZerosLike)},
		{name: "SSM, normal", mean: truth, sd: 2.343, each: ssm(score.SSM{Projection: rng.Normal})},
		{name: "SSM, Rademacher", mean: truth, sd: 1.430, each: ssm(score.SSM{})},
		{name: "SSM, sphere", mean: truth, each: ssm(score.SSM{Projection: score.Sphere})},
		{name: "SSM-VR, normal", mean: truth, sd: 2.349, each: ssm(score.SSM{Projection: rng.Normal, VarianceReduced: true})},
		{name: "SSM-VR, Rademacher", mean: truth, sd: 1.151, each: ssm(score.SSM{VarianceReduced: true})},
		{name: "SSM-VR, sphere", mean: truth, each: ssm(score.SSM{Projection: score.Sphere, VarianceReduced: true})},
		{name: "SSM-VR, sixteen normals", mean: truth, each: ssm(score.SSM{Projection: rng.Normal, VarianceReduced: true, Projections: 16})},
		{name: "SSM, sphere without factor d: half", mean: truth / 2, each: ssm(score.SSM{Projection: unit})},
		{name: "SSM-VR, sphere without factor d: zero", mean: 0, each: ssm(score.SSM{Projection: unit, VarianceReduced: true})},

		{name: "SSM, sphere without factor d", bug: true, mean: truth, each: ssm(score.SSM{Projection: unit})},
		{name: "SSM-VR, sphere without factor d", bug: true, mean: truth, each: ssm(score.SSM{Projection: unit, VarianceReduced: true})},
		{name: "ISM without ½", bug: true, mean: truth, each: func(s rng.State, x *Node) *Node {
			return Add(ism(p.Score)(s, x), MulScalar(ReduceSum(Square(p.Score(x)), 1), 0.5))
		}},
		{name: "sign of the trace", bug: true, mean: truth, each: func(s rng.State, x *Node) *Node {
			return Sub(ReduceSum(Square(p.Score(x)), 1), ism(p.Score)(s, x))
		}},
	})
}

// TestIdentities measures sections 25 and 26: integration by parts, and what the
// denoising loss is made of.
func TestIdentities(t *testing.T) {
	const sigma, floor = 0.5, 6.682114
	p, q := prob.TwoModes(), prob.TwoModes().Smooth(sigma)
	trace := func(m score.Model, s rng.State, x *Node) *Node {
		return Sub(score.ISM{}.Each(m, s, x), MulScalar(ReduceSum(Square(m(x)), 1), 0.5))
	}
	dsm := func(m score.Model) func(s rng.State, x *Node) *Node {
		return func(s rng.State, x *Node) *Node { return score.DSM{Sigma: sigma}.Each(m, s, x) }
	}
	checkRows(t, []row{
		{name: "E⟨∇log p, s⟩ + E tr ∇s", mean: 0, each: func(s rng.State, x *Node) *Node {
			return Add(ReduceSum(Mul(p.Score(x), q.Score(x)), 1), trace(q.Score, s, x))
		}},
		{name: "denoising loss of the score of q", mean: floor, sd: 6.785, each: dsm(q.Score)},
		{name: "denoising loss of the score of p", mean: 6.778746, each: dsm(p.Score)},
		// tr Cov((x̃−x)/σ² | x̃) = d/σ² + tr ∇s_q(x̃): the second derivative of Tweedie's formula.
		{name: "its second term, tr Cov", mean: floor, noisy: true, each: func(s rng.State, x *Node) *Node {
			return AddScalar(trace(q.Score, s, x), 2/(sigma*sigma))
		}},
		{name: "its first term, E‖s_q + m‖², for a false score", mean: 2 * 0.048316, noisy: true, each: func(s rng.State, x *Node) *Node {
			return MulScalar(score.Fisher(q.Score, p.Score, x), 2)
		}},
		{name: "the first term for the whole", bug: true, mean: floor, noisy: true, each: func(s rng.State, x *Node) *Node {
			return MulScalar(score.Fisher(q.Score, q.Score, x), 2)
		}},
		{name: "loss taken for the divergence", bug: true, mean: 0.048316, each: dsm(p.Score)},
	})
}

// TestLossGrowsAsNoiseFalls measures the loss of the exact score of p at small σ,
// which diverges as d/σ²; (L − d/σ² + I)/2 converges to D_F(q_σ‖p) → 0. At σ = 0.01
// the control variate makes a million draws as good as 3·10¹² without.
func TestLossGrowsAsNoiseFalls(t *testing.T) {
	var rows []row
	for sigma, floor := range map[float64]float64{1: 1.231018, 0.5: 6.682114, 0.1: 198.295099, 0.01: 19998.274599} {
		model := prob.TwoModes().Smooth(sigma).Score
		rows = append(rows, row{name: fmt.Sprintf("σ = %g", sigma), mean: floor, each: func(s rng.State, x *Node) *Node {
			return score.DSM{Sigma: sigma, ControlVariate: true}.Each(model, s, x)
		}})
	}
	checkRows(t, rows)
}

// TestControlVariateReducesVariance measures, for the exact score, the spread of
// the loss and of its gradient by a factor a on the model, at a = 1. The loss is
// quadratic in a, so that a central difference is exact. Means agree at |z| < 4.89.
func TestControlVariateReducesVariance(t *testing.T) {
	const n = 50_000
	sigmas := []float64{0.5, 0.1, 0.01}
	var rows []row
	for _, sigma := range sigmas {
		q := prob.TwoModes().Smooth(sigma)
		information, err := q.FisherInformation()
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []score.DSM{{Sigma: sigma}, {Sigma: sigma, ControlVariate: true}} {
			at := func(a float64, s rng.State, x *Node) *Node {
				return o.Each(func(x *Node) *Node { return MulScalar(q.Score(x), a) }, s, x)
			}
			rows = append(rows,
				row{name: fmt.Sprintf("loss %+v", o), mean: 2/(sigma*sigma) - information, each: func(s rng.State, x *Node) *Node { return at(1, s, x) }},
				row{name: fmt.Sprintf("gradient %+v", o), mean: 0, each: func(s rng.State, x *Node) *Node { return Sub(at(1.5, s, x), at(0.5, s, x)) }})
		}
	}
	results := measure(t, n, rows)
	for i, values := range results {
		if err := rows[i].check(values, 0); err != nil {
			t.Error(err)
		}
	}
	for i, sigma := range sigmas {
		ratio := func(k int) float64 {
			return stat.Variance(results[4*i+k], nil) / stat.Variance(results[4*i+2+k], nil)
		}
		t.Logf("σ = %g: variance of the loss %.3g times smaller, of its gradient %.3g times", sigma, ratio(0), ratio(1))
		// 1/σ⁴ and 1/σ² times numbers of order one.
		if want := 0.1 / (sigma * sigma); ratio(1) < want || ratio(0) < want/(sigma*sigma) {
			t.Errorf("σ = %g: less than %.3g and %.3g", sigma, want/(sigma*sigma), want)
		}
	}
}

// TestSphere checks ‖v‖² = d to rounding, and E[v vᵀ] = I for events of two axes.
func TestSphere(t *testing.T) {
	const n = 20_000
	exec := MustNewExec(backend.MustOpen(), func(key *Node) *Node {
		_, v := score.Sphere(rng.FromKey(key), dtypes.Float64, n, 3, 1)
		return v
	})
	defer exec.Finalize()
	v := tensors.MustCopyFlatData[float64](exec.MustCall1(rng.Key(1)))
	products := make([][]float64, 6) // 00 11 22 01 12 20
	for i := 0; i < len(v); i += 3 {
		if length := v[i]*v[i] + v[i+1]*v[i+1] + v[i+2]*v[i+2]; math.Abs(length-3) > 1e-14 {
			t.Fatalf("‖v‖² = %.17g, want 3", length)
		}
		for k := range 3 {
			products[k] = append(products[k], v[i+k]*v[i+k])
			products[3+k] = append(products[3+k], v[i+k]*v[i+(k+1)%3])
		}
	}
	for k, values := range products {
		near(t, fmt.Sprintf("product %d", k), values, []float64{1, 1, 1, 0, 0, 0}[k])
	}
}
