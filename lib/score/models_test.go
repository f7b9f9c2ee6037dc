package score_test

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
	"gibbs/lib/prob"
	"gibbs/lib/rng"
	"gibbs/lib/score"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// TestCurl: a conservative net has a symmetric Jacobian to rounding, a free one has
// not, and a rotation, s = ω(−x₂, x₁), has the curl 2ω.
func TestCurl(t *testing.T) {
	curl := func(r trainer) []float64 {
		exec := model.MustNewExec(backend.MustOpen(), r.store, func(_ *model.Scope, x *Node) *Node { return score.Curl(r.model, x) })
		defer exec.Finalize()
		return exec.MustCall1(batch()).Value().([]float64)
	}
	for i, c := range curl(newTrainer(true, 8, 8)) {
		if c > 1e-14 {
			t.Errorf("example %d: a conservative net has curl %g", i, c)
		}
	}
	for i, c := range curl(newTrainer(false, 8, 8)) {
		if c < 1e-3 {
			t.Errorf("example %d: a free net has curl %g", i, c)
		}
	}
	rotation := func(x *Node) *Node { return MulScalar(Concatenate([]*Node{Neg(column(x, 1)), column(x, 0)}, 1), 1.5) }
	for i, c := range MustExecOnce(backend.MustOpen(), func(x *Node) *Node { return score.Curl(rotation, x) }, batch()).Value().([]float64) {
		if c != 3 {
			t.Errorf("example %d: a rotation has curl %g, want 3", i, c)
		}
	}
}

func column(x *Node, i int) *Node { return Slice(x, AxisRange(), AxisElem(i)) }

// TestConservative compares the gradient of −log p with p's own score, and finds
// the wrong sign.
func TestConservative(t *testing.T) {
	p := prob.TwoModes()
	exec := MustNewExec(backend.MustOpen(), func(x *Node) []*Node {
		return []*Node{p.Score(x), score.Conservative(func(x *Node) *Node { return Neg(p.LogProb(x)) })(x), score.Conservative(p.LogProb)(x)}
	})
	defer exec.Finalize()
	r := exec.MustCall(batch())
	want := tensors.MustCopyFlatData[float64](r[0])
	if err := differs("score", tensors.MustCopyFlatData[float64](r[1]), want); err != nil {
		t.Error(err)
	}
	if differs("sign", tensors.MustCopyFlatData[float64](r[2]), want) == nil {
		t.Error("planted bug not caught: the sign of the energy")
	}
}

// TestMean checks mean and standard error, in both dtypes, and what is refused.
func TestMean(t *testing.T) {
	for _, values := range []any{[]float64{1, 2, 3, 6}, []float32{1, 2, 3, 6}} {
		got, err := score.Mean(tensors.MustFromAnyValue(values))
		// Variance (4+1+0+9)/3, divided by 4 values.
		if want := (score.Estimate{Mean: 3, StdErr: math.Sqrt(14. / 12), N: 4}); err != nil || got != want {
			t.Errorf("%v: %+v, error %v, want %+v", values, got, err, want)
		}
	}
	for _, values := range []any{[]float64{1}, []int32{1, 2}} {
		if _, err := score.Mean(tensors.MustFromAnyValue(values)); err == nil {
			t.Errorf("%T of %d: accepted", values, 1)
		}
	}
}

// TestWeightVariances checks the lecture's numbers to 0.1 %, and the limit of far
// modes for maximum likelihood, w(1 − w).
func TestWeightVariances(t *testing.T) {
	for _, c := range []struct{ m, ism, mle float64 }{
		{1, 0.7553, 0.4542}, {2, 2.529, 0.2684}, {3, 35.03, 0.2510}, {4, 1386, 0.2500}, {5, 1.48e5, 0.25},
	} {
		ism, mle, err := score.WeightVariances(0.5, c.m)
		tolerance := 1e-3
		if c.m == 5 {
			tolerance = 3.4e-3 // three printed digits
		}
		if err != nil || math.Abs(ism/c.ism-1) > tolerance || math.Abs(mle/c.mle-1) > 1e-3 {
			t.Errorf("m = %g: ISM %.5g, MLE %.5g, error %v, want %g, %g", c.m, ism, mle, err, c.ism, c.mle)
		}
	}
	ism, mle, err := score.WeightVariances(0.5, 2)
	if ratio := ism / mle; err != nil || math.Abs(ratio-9.423) > 5e-3 {
		t.Errorf("ratio at m = 2: %.4f, want 9.423", ratio)
	}
	if _, mle, err := score.WeightVariances(0.2, 6); err != nil || math.Abs(mle-0.16) > 1e-6 {
		t.Errorf("far modes: %g, error %v, want w(1−w) = 0.16", mle, err)
	}
	for _, c := range [][2]float64{{0, 1}, {1, 1}, {0.5, 0}, {math.NaN(), 1}} {
		if _, _, err := score.WeightVariances(c[0], c[1]); err == nil {
			t.Errorf("w = %g, m = %g: accepted", c[0], c[1])
		}
	}
}

// TestWeightVariancesBySimulation estimates the weight from 400 draws, 2000 times,
// by both estimators, on the host: the variances are the asymptotic ones to
// their Monte-Carlo error, 3 %, and a bias of order 1/n. It catches a factor 2.
func TestWeightVariancesBySimulation(t *testing.T) {
	const m, n, runs = 1, 400, 2000
	ism, mle, err := score.WeightVariances(0.5, m)
	if err != nil {
		t.Fatal(err)
	}
	h := rng.NewHost(4)
	var byISM, byMLE float64
	for range runs {
		z, u := h.Normal(n), h.Uniform(n)
		for i := range z {
			z[i] += math.Copysign(m, u[i]-0.5)
		}
		byISM += math.Pow(root(func(w float64) float64 { return slopeISM(z, w, m) })-0.5, 2) * n / runs
		byMLE += math.Pow(root(func(w float64) float64 { return slopeMLE(z, w, m) })-0.5, 2) * n / runs
	}
	for _, c := range []struct {
		name      string
		got, want float64
	}{{"ISM", byISM, ism}, {"MLE", byMLE, mle}} {
		// sd of a variance from 2000 normals: √(2/2000) = 3.2 %.
		if math.Abs(c.got/c.want-1) > 4.89*0.032 {
			t.Errorf("%s: n·variance %.4f, asymptotically %.4f", c.name, c.got, c.want)
		}
		t.Logf("%s: n·variance %.4f, asymptotically %.4f", c.name, c.got, c.want)
	}
}

// root returns where an increasing function of a weight is zero.
func root(f func(w float64) float64) float64 {
	low, high := 0.0, 1.0
	for range 20 {
		if middle := (low + high) / 2; f(middle) > 0 {
			high = middle
		} else {
			low = middle
		}
	}
	return (low + high) / 2
}

// slopeISM is the derivative by w of the sum of s′ + ½s², by differences.
func slopeISM(x []float64, w, m float64) float64 {
	objective := func(w float64) (sum float64) {
		for _, x := range x {
			r := 1 / (1 + (1-w)/w*math.Exp(-2*m*x))
			s := m*(2*r-1) - x
			sum += 4*m*m*r*(1-r) - 1 + s*s/2
		}
		return sum
	}
	h := 1e-4 * min(w, 1-w)
	return (objective(w+h) - objective(w-h)) / (2 * h)
}

// slopeMLE is minus the derivative by w of the sum of log p.
func slopeMLE(x []float64, w, m float64) (sum float64) {
	for _, x := range x {
		ratio := math.Exp(2 * m * x) // N(x; m, 1) / N(x; −m, 1)
		sum -= (ratio - 1) / (w*ratio + 1 - w)
	}
	return sum
}
