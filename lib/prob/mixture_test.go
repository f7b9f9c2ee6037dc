package prob

import (
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
)

// The reference numbers of this file are the lessons' table for ½N((−2,0),I) +
// ½N((2,0),I), printed there to six decimals, and for that law smoothed by σ = ½.
const sixDecimals = 5.01e-7

func near(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: got %.9g, want %.9g within %g", name, got, want, tolerance)
	}
}

func must(t *testing.T) func(x float64, err error) float64 {
	return func(x float64, err error) float64 {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

func TestTwoModesScore(t *testing.T) {
	x := [][]float64{{-3, 0}, {3, 0}, {0, 0}, {0, 2}, {1, 1}, {2, 0}, {10, 10}}
	for sigma, want := range map[float64][][2]float64{
		0:   {{1.000025, 0}, {-1.000025, 0}, {0, 0}, {0, -2}, {0.928055, -1}, {-0.001341, 0}, {-8, -10}},
		0.5: {{0.800217, 0}, {-0.800217, 0}, {0, 0}, {0, -1.6}, {0.674670, -0.8}, {-0.005308, 0}, {-6.4, -8}},
	} {
		p := TwoModes().Smooth(sigma)
		for i, s := range run(p.Score, x) {
			near(t, "printed score", s, want[i/2][i%2], sixDecimals)
		}
		// The law's own closed form, to the last digits, in both dtypes.
		v := 1 + sigma*sigma
		points := append(probes(), []float64{12, 12}, []float64{1000, -1000}, []float64{-1e6, 3})
		for _, c := range []struct {
			dtype     dtypes.DType
			tolerance float64
		}{{dtypes.Float64, 1e-12}, {dtypes.Float32, 1e-5}} {
			got := run(func(x *Node) *Node {
				x = ConvertDType(x, c.dtype)
				return ConvertDType(Concatenate([]*Node{p.Score(x), ExpandAxes(p.LogProb(x), -1)}, -1), dtypes.Float64)
			}, points)
			for i, x := range points {
				s1, s2 := (-x[0]+2*math.Tanh(2*x[0]/v))/v, -x[1]/v
				a, b := -(x[0]-2)*(x[0]-2)/(2*v), -(x[0]+2)*(x[0]+2)/(2*v)
				logP := -math.Log(4*math.Pi*v) - x[1]*x[1]/(2*v) + max(a, b) + math.Log1p(math.Exp(-math.Abs(a-b)))
				if !agree(got[3*i], s1, c.tolerance) || !agree(got[3*i+1], s2, c.tolerance) || !agree(got[3*i+2], logP, c.tolerance) {
					t.Errorf("%s at %v, σ = %g: got %.14g, want score (%.14g, %.14g), log p %.14g", c.dtype, x, sigma, got[3*i:3*i+3], s1, s2, logP)
				}
			}
		}
	}
}

func TestTwoModesInformation(t *testing.T) {
	must := must(t)
	p, q := TwoModes(), TwoModes().Smooth(0.5)
	near(t, "I(p)", must(p.FisherInformation()), 1.725610, sixDecimals)
	near(t, "I(q)", must(q.FisherInformation()), 1.317886, sixDecimals)
	near(t, "−½I(p), the implicit objective at the truth", -must(p.FisherInformation())/2, -0.862805, sixDecimals)
	near(t, "−½I(q)", -must(q.FisherInformation())/2, -0.658943, sixDecimals)
	near(t, "D(p‖q)", must(FisherDivergence(p, q)), 0.039943, sixDecimals)
	near(t, "D(q‖p)", must(FisherDivergence(q, p)), 0.048316, sixDecimals)
	near(t, "D(p‖p)", must(FisherDivergence(p, p)), 0, 1e-15)
	wide := &Mixture{Means: [][]float64{{0, 0}}, Sigmas: [][]float64{{math.Sqrt(5), 1}}}
	near(t, "D(p‖N(0, diag(5, 1)))", must(FisherDivergence(p, wide)), 0.262805, sixDecimals)
	for _, c := range []struct{ sigma, floor, weighted float64 }{
		{5, 0.008197, 0.204937}, {1, 1.231018, 1.231018}, {0.5, 6.682114, 1.670528}, {0.1, 198.295099, 1.982951}, {0.01, 19998.274599, 1.999827},
	} {
		floor := 2/(c.sigma*c.sigma) - must(p.Smooth(c.sigma).FisherInformation())
		near(t, "DSM floor", floor, c.floor, sixDecimals)
		near(t, "σ²·floor", c.sigma*c.sigma*floor, c.weighted, sixDecimals)
	}
	// −E tr ∇s equals E‖s‖²; ∂₁s₁ = −1/v + (4/v²) sech²(2x₁/v).
	trace := must(q.Expectation(func(x []float64) float64 {
		return -2/1.25 + 4/(1.25*1.25)/math.Pow(math.Cosh(2*x[0]/1.25), 2)
	}))
	near(t, "−E tr ∇s", -trace, must(q.FisherInformation()), 1e-11)
}

// TestInformationCatchesPlantedBugs: wrong smoothing and a forgotten ½ are far
// outside six decimals.
func TestInformationCatchesPlantedBugs(t *testing.T) {
	must := must(t)
	added := &Mixture{Means: TwoModes().Means, Sigmas: [][]float64{{1.5}, {1.5}}}
	if got := must(added.FisherInformation()); math.Abs(got-1.317886) < 1e-3 {
		t.Errorf("σ added to the standard deviation: I = %g is not caught", got)
	}
	if d, twice := must(FisherDivergence(TwoModes(), TwoModes().Smooth(0.5))), 0.039943*2; math.Abs(d-twice) < 1e-3 {
		t.Errorf("a divergence without its ½ is not caught: %g", d)
	}
}

func TestTwoModesShape(t *testing.T) {
	for _, c := range []struct{ sigma, mode, saddle, variance, meanAbs, sdAbs, gap float64 }{
		{0, 1.998651, -1.30719, 5, 2.016981, 0.965290, 0.119065},
		{0.5, 1.993220, -0.90853, 5.25, 2.032828, 1.057171, 0.134378},
	} {
		p := TwoModes().Smooth(c.sigma)
		zeros, err := p.ScoreZeros([]float64{-6, 0}, []float64{6, 0})
		if err != nil || len(zeros) != 3 {
			t.Fatalf("zeros %v, error %v: want two modes and a saddle", zeros, err)
		}
		mode := zeros[2][0]
		near(t, "zero of the score", mode, c.mode, sixDecimals)
		near(t, "other zero", zeros[0][0], -c.mode, sixDecimals)
		near(t, "saddle", zeros[1][0], 0, 1e-12)
		logP := run(p.LogProb, [][]float64{{0, 0}, {mode, 0}})
		near(t, "log p, saddle − mode", logP[0]-logP[1], c.saddle, 5.01e-6)
		near(t, "Var x₁", p.Cov().At(0, 0), c.variance, 1e-12)
		// E|x₁| of N(2, v): 2 erf(2/√2v) + √(2v/π) e^{−2/v}.
		v := 1 + c.sigma*c.sigma
		meanAbs := 2*math.Erf(2/math.Sqrt(2*v)) + math.Sqrt(2*v/math.Pi)*math.Exp(-2/v)
		near(t, "E|x₁|", meanAbs, c.meanAbs, sixDecimals)
		near(t, "sd of |x₁|", math.Sqrt(p.Cov().At(0, 0)-meanAbs*meanAbs), c.sdAbs, 1.01e-6) // cut after six decimals, not rounded
		near(t, "spectral gap", spectralGap(p), c.gap, 1.01e-6)
	}
}

// TestThreeModes: .33N(−3,1) + .33N(0,1) + .34N(3,1) on the line.
func TestThreeModes(t *testing.T) {
	must := must(t)
	p := ThreeModes()
	near(t, "mean", p.Mean()[0], 0.03, 1e-12)
	near(t, "variance", p.Cov().At(0, 0), 7.0291, 1e-12)
	near(t, "I(p)", must(p.FisherInformation()), 0.409151, sixDecimals)
	near(t, "I(q)", must(p.Smooth(0.5).FisherInformation()), 0.294637, sixDecimals)
	near(t, "floor", 4-must(p.Smooth(0.5).FisherInformation()), 3.705363, sixDecimals)
	x := [][]float64{{-4}, {-3}, {-1.5}, {0}, {1}, {1.5}, {3}, {4}}
	for i, s := range run(p.Score, x) {
		near(t, "score", s, []float64{1.0017, 0.0330, 0.0003, 0.0010, -0.4408, 0.0221, -0.0320, -1.0016}[i], 5.01e-5)
	}
	for i, s := range run(p.Smooth(0.5).Score, x) {
		near(t, "score of q", s, []float64{0.8059, 0.0638, 0.0014, 0.0019, -0.2372, 0.0166, -0.0620, -0.8058}[i], 5.01e-5)
	}
	for sigma, want := range map[float64][]float64{
		0:   {-2.9632, -1.5002, 0.0012, 1.4823, 2.9644},
		0.5: {-2.8991, -1.5021, 0.0038, 1.4743, 2.9028},
	} {
		zeros, err := p.Smooth(sigma).ScoreZeros([]float64{-9}, []float64{9})
		if err != nil || len(zeros) != len(want) {
			t.Fatalf("zeros %v, error %v: want %v", zeros, err, want)
		}
		for i, x := range zeros {
			near(t, "zero", x[0], want[i], 5.01e-5)
		}
	}
	// The lecture prints .3298 .3311 .3391, but the left one is .33 + .34 Φ(−4.5) by
	// symmetry: its sums gave the cells at ±1.5 to the middle.
	near(t, "left basin", p.CDF(0, -1.5), 0.33+0.34*math.Erfc(4.5/math.Sqrt2)/2, 1e-15)
	near(t, "middle basin", p.CDF(0, 1.5)-p.CDF(0, -1.5), 0.330666, sixDecimals)
	near(t, "right basin", 1-p.CDF(0, 1.5), 0.339333, sixDecimals)
}

func TestHostAgreesWithGraph(t *testing.T) {
	p, x := uneven(), probes()
	graphLogP, graphScore := run(p.LogProb, x), run(p.Score, x)
	logP, score, s := p.hostLogProb(), p.hostScore(), make([]float64, 2)
	for i, row := range x {
		score(row, s)
		if !agree(logP(row), graphLogP[i], 1e-13) || !agree(s[0], graphScore[2*i], 1e-12) || !agree(s[1], graphScore[2*i+1], 1e-12) {
			t.Errorf("at %v: host %g %v, graph %g %v", row, logP(row), s, graphLogP[i], graphScore[2*i:2*i+2])
		}
	}
}

// TestSmoothIsTheLawOfNoisyDraws checks Smooth against draws plus noise.
func TestSmoothIsTheLawOfNoisyDraws(t *testing.T) {
	if err := checkSampler(noisy{uneven().Smooth(0.7), uneven(), 0.7}); err != nil {
		t.Error(err)
	}
	if err := checkSampler(noisy{uneven().Smooth(0.7), uneven(), 0.8}); err == nil {
		t.Error("noise of 0.8 passes for 0.7")
	}
}

type noisy struct {
	*Mixture
	clean *Mixture
	sigma float64
}

func (p noisy) Sample(s rng.State, dtype dtypes.DType, n int) (rng.State, *Node) {
	s, x := p.clean.Sample(s, dtype, n)
	s, eps := rng.Normal(s, dtype, n, 2)
	return s, Add(x, MulScalar(eps, p.sigma))
}

// TestScoreInALoop runs Langevin steps in a compiled loop and compares them with
// the same steps one by one.
func TestScoreInALoop(t *testing.T) {
	p, eta, n := uneven(), 0.05, 20
	step := func(x *Node) *Node { return Add(x, MulScalar(p.Score(x), eta)) }
	loop := func(x *Node) *Node {
		parameters := func(g *Graph) (i, x *Node) {
			return Parameter(g, "i", shapes.Make(dtypes.Int32)), Parameter(g, "x", shapes.Make(dtypes.Float64, len(probes()), 2))
		}
		cond := NewClosure(x.Graph(), func(g *Graph) []*Node {
			i, _ := parameters(g)
			return []*Node{LessThan(i, Const(g, int32(n)))}
		})
		body := NewClosure(x.Graph(), func(g *Graph) []*Node {
			i, x := parameters(g)
			return []*Node{AddScalar(i, 1), step(x)}
		})
		return While(cond, body, Const(x.Graph(), int32(0)), x)[1]
	}
	got := run(loop, probes())
	exec, x := MustNewExec(backend.MustOpen(), step), tensors.FromValue(probes())
	for range n {
		x = exec.MustCall1(x)
	}
	for i, want := range tensors.MustCopyFlatData[float64](x) {
		if !agree(got[i], want, 1e-12) {
			t.Fatalf("%d: loop %g, one by one %g", i, got[i], want)
		}
	}
}

// onlyLogProb hides a density's Score.
type onlyLogProb struct{ LogProber }

func TestScoreOf(t *testing.T) {
	x := probes()
	closed := run(func(x *Node) *Node { return ScoreOf(uneven(), x) }, x)
	gradient := run(func(x *Node) *Node { return ScoreOf(onlyLogProb{uneven()}, x) }, x)
	for i := range closed {
		if !agree(closed[i], gradient[i], 1e-11) {
			t.Fatalf("%d: closed form %g, gradient %g", i, closed[i], gradient[i])
		}
	}
}

func TestMalformed(t *testing.T) {
	for name, f := range map[string]func(){
		"no means":        func() { (&Mixture{}).Dim() },
		"ragged means":    func() { (&Mixture{Means: [][]float64{{1}, {1, 2}}}).Mean() },
		"few weights":     func() { (&Mixture{Means: [][]float64{{1}, {2}}, Weights: []float64{1}}).Mean() },
		"negative weight": func() { (&Mixture{Means: [][]float64{{1}, {2}}, Weights: []float64{2, -1}}).Cov() },
		"zero weights":    func() { (&Mixture{Means: [][]float64{{1}}, Weights: []float64{0}}).Cov() },
		"zero sigma":      func() { (&Mixture{Means: [][]float64{{1}}, Sigmas: [][]float64{{0}}}).Cov() },
		"sigmas of 3":     func() { (&Mixture{Means: [][]float64{{1, 2}}, Sigmas: [][]float64{{1, 2, 3}}}).Cov() },
		"sharp roll":      func() { SwissRoll(0) },
		"negative noise":  func() { TwoModes().Smooth(-1) },
		"wide ring":       func() { Ring{Radius: 1, Width: 1}.LogZ() },
		"negative banana": func() { Banana{Sigma: -1}.Cov() },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
	if _, err := StandardNormal(3).FisherInformation(); err == nil {
		t.Error("quadrature in three dimensions: no error")
	}
	for _, f := range []func(p, q *Mixture) (float64, error){FisherDivergence, ImplicitObjective, KL} {
		if _, err := f(StandardNormal(1), StandardNormal(2)); err == nil {
			t.Error("divergence between dimensions: no error")
		}
	}
	for _, to := range [][]float64{{0}, {0, 0}} {
		if _, err := TwoModes().ScoreZeros([]float64{0, 0}, to); err == nil {
			t.Errorf("zeros from (0, 0) to %v: no error", to)
		}
	}
	if _, err := TwoModes().Expectation(func(x []float64) float64 { return math.NaN() }); err == nil {
		t.Error("expectation of NaN: no error")
	}
}
