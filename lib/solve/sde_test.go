package solve_test

import (
	"context"
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
	"gibbs/lib/path"
	"gibbs/lib/prob"
	"gibbs/lib/rng"
	"gibbs/lib/solve"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// ornstein is dx = −θx dt + g dw with θ = 2, g² = 3.
var ornstein = solve.SDE{
	Drift: func(x, _ *Node) *Node { return MulScalar(x, -2) },
	G2:    func(t *Node) *Node { return MulScalar(OnesLike(t), 3) },
}

// affine returns a and b of a step x′ = a·x + b·z at each time: a from two steps
// with the same noise, b by dividing by that noise.
func affine(t *testing.T, step func(s rng.State, x, t, dt *Node) *Node, times []float64, dt float64) (a, b []float64) {
	t.Helper()
	pair := MustExecOnce(backend.MustOpen(), func(times *Node) *Node {
		g, n := times.Graph(), times.Shape().Dimensions[0]
		s := rng.New(g, 3)
		_, z := rng.Normal(s, times.DType(), n, 1)
		h := MulScalar(OnesLike(times), dt)
		zero := ZerosLike(z)
		b := step(s, zero, times, h)
		a := Sub(step(s, OnePlus(zero), times, h), b)
		return Concatenate([]*Node{a, Div(b, z)}, 1)
	}, times).Value().([][]float64)
	for _, row := range pair {
		a, b = append(a, row[0]), append(b, row[1])
	}
	return a, b
}

func eulerMaruyama(e solve.SDE) func(s rng.State, x, t, dt *Node) *Node {
	return func(s rng.State, x, t, dt *Node) *Node {
		_, x = solve.EulerMaruyama(e, s, x, t, dt)
		return x
	}
}

// TestWeakOrderOfEulerMaruyama checks the order of the mean and the variance at
// t = 1 of the Ornstein–Uhlenbeck process, without any sampling: a step is
// a·x + b·z, whose moments follow a recursion.
func TestWeakOrderOfEulerMaruyama(t *testing.T) {
	if mean, variance := weakOrders(t, eulerMaruyama(ornstein)); math.Abs(mean-1) > 0.1 || math.Abs(variance-1) > 0.1 {
		t.Errorf("weak order of the mean %.3f, of the variance %.3f, want 1", mean, variance)
	}
	// Planted bugs: noise that does not take the root of dt, and g² for g.
	for name, e := range map[string]solve.SDE{
		"dt for √dt": {Drift: ornstein.Drift, G2: func(t *Node) *Node { return MulScalar(OnesLike(t), 3./64) }},
		"g² for g":   {Drift: ornstein.Drift, G2: func(t *Node) *Node { return MulScalar(OnesLike(t), 9) }},
	} {
		if _, variance := weakOrders(t, eulerMaruyama(e)); math.Abs(variance-1) < 0.1 {
			t.Errorf("planted bug not caught: %s", name)
		}
	}
}

// weakOrders returns log₂ of the ratio of the errors with 64 and 128 steps.
func weakOrders(t *testing.T, step func(s rng.State, x, t, dt *Node) *Node) (mean, variance float64) {
	t.Helper()
	var errors [2][2]float64
	for i, n := range []int{64, 128} {
		a, b := affine(t, step, []float64{0.5}, 1/float64(n))
		m, v := 1.5, 0.25
		for range n {
			m, v = a[0]*m, a[0]*a[0]*v+b[0]*b[0]
		}
		errors[i] = [2]float64{m - 1.5*math.Exp(-2), v - (0.25*math.Exp(-4) + 0.75*(1-math.Exp(-4)))}
	}
	return math.Log2(errors[0][0] / errors[1][0]), math.Log2(errors[0][1] / errors[1][1])
}

// explode is the path of the lecture's example, σ from 0.01 to 5.
var explode = path.VE{SigmaMin: 0.01, SigmaMax: 5}

// TestReverseDiffusionOfAGaussian checks the law that 1000 steps of the reverse
// equation reach from N(0, 25) for data N(0, 1), by the recursion of its variance:
// 0.999235. The drifts of the lecture's source, which have g for g² and the other
// sign, end far away.
func TestReverseDiffusionOfAGaussian(t *testing.T) {
	normal := path.FromSmooth(explode, prob.StandardNormal(1).SmoothScore)
	right := solve.ReverseSDE(explode, normal)
	score := normal.Score(explode)
	source := func(sign float64) solve.SDE {
		return solve.SDE{G2: right.G2, Drift: func(x, t *Node) *Node {
			return MulScalar(Mul(path.Along(Sqrt(right.G2(t)), x), score(x, t)), sign)
		}}
	}
	for _, c := range []struct {
		name string
		e    solve.SDE
		want float64
	}{
		{"reverse", right, 0.999235},
		{"the source's, run forward in sign", source(-1), 3.4338},
		{"the source's, with dt < 0", source(1), 14.8117},
	} {
		if got := reverseStd(t, c.e, 1000); math.Abs(got/c.want-1) > 1e-5 {
			t.Errorf("%s: std %.6f after 1000 steps, want %.6g", c.name, got, c.want)
		} else {
			t.Logf("%s: std %.6f", c.name, got)
		}
	}
}

// reverseStd returns the standard deviation after n Euler–Maruyama steps from
// t = 1 to t = 0, from N(0, 25).
func reverseStd(t *testing.T, e solve.SDE, n int) float64 {
	t.Helper()
	times := make([]float64, n)
	for i := range times {
		times[i] = 1 - float64(i)/float64(n)
	}
	a, b := affine(t, eulerMaruyama(e), times, -1/float64(n))
	variance := 25.0
	for i := range a {
		variance = a[i]*a[i]*variance + b[i]*b[i]
	}
	return math.Sqrt(variance)
}

// TestReverseDiffusionOfTwoModes samples the two modes: the mean of |x₁| and the
// variance of x₂, each within 4.89 standard errors of a reference. E|x₁| = 2.004 of
// the lecture is known to 0.01 only. An error of 3 % in either is caught with
// 20,000 chains, of 8 % with 2,000.
func TestReverseDiffusionOfTwoModes(t *testing.T) {
	n := 20_000
	if testing.Short() || onGo() {
		n = 2_000
	}
	p, err := solve.CompileSDE(backend.MustOpen(), solve.ReverseSDE(explode, path.FromSmooth(explode, prob.TwoModes().SmoothScore)), solve.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Finalize()
	z := rng.NewHost(1).Normal(2 * n)
	start := make([]float32, 2*n)
	for i := range start {
		start[i] = float32(5 * z[i])
	}
	r, err := p.Run(context.Background(), tensors.FromFlatDataAndDimensions(start, n, 2), 1, 0, 1000, 2)
	if err != nil {
		t.Fatal(err)
	}
	var first, second []float64
	for _, x := range r.X.Value().([][]float32) {
		first = append(first, math.Abs(float64(x[0])))
		second = append(second, float64(x[1])*float64(x[1]))
	}
	for _, c := range []struct {
		name       string
		v          []float64
		want, slop float64
	}{{"E|x₁|", first, 2.004, 0.01}, {"Var x₂", second, 0.999235 * 0.999235, 0}} {
		mean, std := stat.MeanStdDev(c.v, nil)
		t.Logf("%s = %.4f ± %.4f", c.name, mean, std/math.Sqrt(float64(n)))
		if gap := math.Abs(mean - c.want); !(gap < 4.89*std/math.Sqrt(float64(n))+c.slop) {
			t.Errorf("%s = %.4f, want %.4f", c.name, mean, c.want)
		}
	}
}

// onGo says whether the tests run on the pure-Go backend, where samples are small.
func onGo() bool {
	c, err := backend.Choose()
	return err == nil && c.Name == backend.Go
}

// TestProbabilityFlowKeepsQuantiles checks the flow in one dimension, where it
// maps the quantile u of the law at t = 1 to the quantile u of the law at t = 0.
func TestProbabilityFlowKeepsQuantiles(t *testing.T) {
	const end = 1e-3
	m := &prob.Mixture{Means: [][]float64{{-2}, {1.5}}, Weights: []float64{0.3, 0.7}, Sigmas: [][]float64{{0.5}, {0.8}}}
	for name, c := range map[string]struct {
		p     path.Schedule
		alpha func(t float64) float64
		sigma func(t float64) float64
	}{
		"VE": {path.VE{SigmaMin: 0.01, SigmaMax: 5}, func(float64) float64 { return 1 }, func(t float64) float64 { return 0.01 * math.Pow(500, t) }},
		"VP": {path.VP{}, vpAlpha, func(t float64) float64 { return math.Sqrt(1 - vpAlpha(t)*vpAlpha(t)) }},
	} {
		cdf := func(x, t float64) float64 {
			u, alpha, sigma := 0.0, c.alpha(t), c.sigma(t)
			for k := range m.Means {
				u += m.Weights[k] * distuv.Normal{Mu: alpha * m.Means[k][0], Sigma: math.Hypot(alpha*m.Sigmas[k][0], sigma)}.CDF(x)
			}
			return u
		}
		flow := solve.ProbabilityFlow(c.p, path.FromSmooth(c.p, m.SmoothScore))
		noise := [][]float64{{-1.5}, {-0.4}, {0.1}, {0.7}, {2}}
		data, tried := adaptive(t, solve.DormandPrince, flow, solve.Tolerance{Absolute: 1e-8, Relative: 1e-8}, noise, 1, end)
		for i := range data {
			if u, v := cdf(noise[i][0], 1), cdf(data[i][0], end); !(math.Abs(u-v) < 1e-6) {
				t.Errorf("%s: from %v to %.6f: quantile %.9f became %.9f", name, noise[i][0], data[i][0], u, v)
			}
		}
		t.Logf("%s: %d steps", name, tried)
	}
}

func vpAlpha(t float64) float64 { return math.Exp(-(0.1*t + 19.9*t*t/2) / 2) }
