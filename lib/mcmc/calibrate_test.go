package mcmc_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/diag"
	"gibbs/lib/mcmc"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
)

// A study is a model of which parameters and data can be drawn. Many data sets are fitted at once,
// one by each chain.
type study struct {
	name  string
	dim   int
	draw  func(h *rng.Host) (theta, y []float64)
	logP  func(theta *Node, y [][]float64) *Node // log p(θ, y) + const, [fits]
	joint func(theta, y []float64) float64       // the same on the host
}

// posterior is a study given data: y [fits][data] for θ [fits, dim].
type posterior struct {
	study
	y [][]float64
}

func (p posterior) LogProb(theta *Node) *Node { return p.logP(theta, p.y) }

// halfSquares is −½Σx² over the last axis.
func halfSquares(x *Node) *Node { return MulScalar(ReduceSum(Square(x), -1), -0.5) }

func hostHalfSquares(x []float64) (sum float64) {
	for _, v := range x {
		sum -= v * v / 2
	}
	return sum
}

// normalModel has a mean μ ~ N(0, 1) and log σ ~ N(0, ½²): five data y ~ N(μ, σ²).
func normalModel() study {
	return study{"mean and spread", 2,
		func(h *rng.Host) (theta, y []float64) {
			theta = h.Normal(2)
			theta[1] /= 2
			for _, z := range h.Normal(5) {
				y = append(y, theta[0]+math.Exp(theta[1])*z)
			}
			return theta, y
		},
		func(theta *Node, y [][]float64) *Node {
			mu, logSigma := SliceAxis(theta, 1, AxisElem(0)), SliceAxis(theta, 1, AxisElem(1))
			likelihood := Sub(halfSquares(Div(Sub(ConstAs(theta, y), mu), Exp(logSigma))), MulScalar(Squeeze(logSigma, -1), 5))
			return Add(Add(halfSquares(mu), halfSquares(MulScalar(logSigma, 2))), likelihood)
		},
		func(theta, y []float64) float64 {
			sum := -5*theta[1] + hostHalfSquares([]float64{theta[0], 2 * theta[1]})
			for _, v := range y {
				sum -= math.Pow((v-theta[0])/math.Exp(theta[1]), 2) / 2
			}
			return sum
		},
	}
}

// coinModel has a logit β₀ + β₁x with β ~ N(0, 1): ten coins at x from −2 to 2.5.
func coinModel() study {
	at := make([]float64, 10)
	for i := range at {
		at[i] = -2 + float64(i)/2
	}
	return study{"logistic regression", 2,
		func(h *rng.Host) (theta, y []float64) {
			theta = h.Normal(2)
			for i, u := range h.Uniform(len(at)) {
				heads := 0.0
				if u < 1/(1+math.Exp(-theta[0]-theta[1]*at[i])) {
					heads = 1
				}
				y = append(y, heads)
			}
			return theta, y
		},
		func(theta *Node, y [][]float64) *Node {
			x := ConstAs(theta, [][]float64{at})
			logit := Add(SliceAxis(theta, 1, AxisElem(0)), Mul(SliceAxis(theta, 1, AxisElem(1)), x))
			heads := ConstAs(theta, y)
			// y·logit − log(1 + e^logit)
			return Add(halfSquares(theta), ReduceSum(Sub(Mul(heads, logit), Softplus(logit)), -1))
		},
		func(theta, y []float64) float64 {
			sum := hostHalfSquares(theta)
			for i, heads := range y {
				logit := theta[0] + theta[1]*at[i]
				sum += heads*logit - math.Log1p(math.Exp(-math.Abs(logit))) - max(logit, 0)
			}
			return sum
		},
	}
}

// groupsModel is not centred: μ and log τ are N(0, 1), four groups have
// θᵢ = μ + τηᵢ with ηᵢ ~ N(0, 1), and yᵢ ~ N(θᵢ, 1).
func groupsModel() study {
	const groups = 4
	return study{"groups", 2 + groups,
		func(h *rng.Host) (theta, y []float64) {
			theta = h.Normal(2 + groups)
			for i, z := range h.Normal(groups) {
				y = append(y, theta[0]+math.Exp(theta[1])*theta[2+i]+z)
			}
			return theta, y
		},
		func(theta *Node, y [][]float64) *Node {
			mu, logTau := SliceAxis(theta, 1, AxisElem(0)), SliceAxis(theta, 1, AxisElem(1))
			mean := Add(mu, Mul(Exp(logTau), SliceAxis(theta, 1, AxisRange(2))))
			return Add(halfSquares(theta), halfSquares(Sub(ConstAs(theta, y), mean)))
		},
		func(theta, y []float64) float64 {
			gaps := make([]float64, groups)
			for i, v := range y {
				gaps[i] = v - theta[0] - math.Exp(theta[1])*theta[2+i]
			}
			return hostHalfSquares(theta) + hostHalfSquares(gaps)
		},
	}
}

// simulate draws parameters and data for all fits.
func (m study) simulate(fits int) (truth, data [][]float64) {
	h := rng.NewHost(21)
	for range fits {
		theta, y := m.draw(h)
		truth, data = append(truth, theta), append(data, y)
	}
	return truth, data
}

// calibrate returns χ² of each parameter and of log p(θ, y), from draws
// [fits][draws][dim].
func (m study) calibrate(truth, data [][]float64, draws [][][]float64, bins int) (chiSquare []float64) {
	for i := range m.dim + 1 {
		number := func(theta, y []float64) float64 {
			if i == m.dim {
				return m.joint(theta, y)
			}
			return theta[i]
		}
		var values []float64
		of := make([][]float64, len(truth))
		for f := range truth {
			values = append(values, number(truth[f], data[f]))
			for _, theta := range draws[f] {
				of[f] = append(of[f], number(theta, data[f]))
			}
		}
		chiSquare = append(chiSquare, diag.Calibrate(values, of, bins).ChiSquare)
	}
	return chiSquare
}

// TestCalibration calibrates NUTS by simulation: in full, on three models of 1,000
// fits of 999 draws each, with χ² of 20 bins below 64.4 for every parameter and for for
// log p(θ, y). Otherwise one model, 120 fits of 29 draws, in 10 bins, for which 45.1 is
// the bound.
func TestCalibration(t *testing.T) {
	models, fits, draws, bins, bound := []study{normalModel(), coinModel(), groupsModel()}, 1000, 999, 20, 64.4
	if !*full {
		models, fits, draws, bins, bound = models[1:2], 120, 29, 10, 45.1
	}
	if testing.Short() {
		t.Skip("a short run leaves calibration alone")
	}
	for _, m := range models {
		truth, data := m.simulate(fits)
		start := tensors.FromValue(truth)
		d, err := mcmc.Sample(context.Background(), backend.MustOpen(), mcmc.NUTS{Target: posterior{m, data}, MaxDepth: 7}, mcmc.Sampling{
			Start: start, Warmup: 100, Draws: draws, Seed: 5, Accept: 0.9,
		})
		if err != nil {
			t.Fatal(err)
		}
		chiSquare := m.calibrate(truth, data, d.X, bins)
		t.Logf("%-20s %d fits of %d draws: χ² of %d bins %.1f, %d divergent", m.name, fits, draws, bins, chiSquare, d.Divergences())
		for i, v := range chiSquare {
			if !(v < bound) {
				t.Errorf("%s, number %d: χ² = %.1f", m.name, i, v)
			}
		}
	}
}

// TestCalibrationTellsBugs calibrates exact draws of a normal posterior, and draws with
// planted mistakes in the target: on pure Go, by a random walk.
func TestCalibrationTellsBugs(t *testing.T) {
	const fits, draws, thin = 800, 19, 12
	m := study{"one mean", 1,
		func(h *rng.Host) (theta, y []float64) {
			theta = h.Normal(1)
			return theta, []float64{theta[0] + h.Normal(1)[0]}
		}, nil,
		func(theta, y []float64) float64 { return hostHalfSquares([]float64{theta[0], y[0] - theta[0]}) },
	}
	truth, data := m.simulate(fits)
	for mistake, halves := range map[string][2]float64{"": {1, 1}, "prior forgotten": {1e-6, 1}, "likelihood forgotten": {1, 0}, "likelihood twice": {1, 2}} {
		m.logP = func(theta *Node, y [][]float64) *Node {
			return Add(MulScalar(halfSquares(theta), halves[0]), MulScalar(halfSquares(Sub(ConstAs(theta, y), theta)), halves[1]))
		}
		r, err := mcmc.Run(context.Background(), pureGo(t), mcmc.Metropolis{Target: posterior{m, data}}, mcmc.Config{
			Start: tensors.FromValue(truth), StepSize: 1.7, BurnIn: 30, Steps: draws * thin, Thin: thin,
		})
		if err != nil {
			t.Fatal(err)
		}
		x := flat(r.Draws) // [draws, fits, 1]
		all := make([][][]float64, fits)
		for f := range fits {
			for i := range draws {
				all[f] = append(all[f], x[i*fits+f:][:1])
			}
		}
		chiSquare := m.calibrate(truth, data, all, 10)
		t.Logf("%-22s χ² of the mean and of log p(θ, y) %.1f", mistake, chiSquare)
		if caught := max(chiSquare[0], chiSquare[1]) >= 45.1; caught != (mistake != "") {
			t.Errorf("mistake %q: χ² %.1f", mistake, chiSquare)
		}
	}
}

// TestJoint holds MALA and a random walk to Geweke's joint test on the model with a
// mean and a spread, and kernels of wrong posteriors.
func TestJoint(t *testing.T) {
	const chains, draws, data = 100, 250, 2
	if testing.Short() {
		t.Skip("a short run leaves the joint test alone")
	}
	logP := func(prior, jacobian float64) func(y *Node) prob.LogProber {
		return func(y *Node) prob.LogProber {
			return logProberFunc(func(theta *Node) *Node {
				mu, logSigma := SliceAxis(theta, 1, AxisElem(0)), SliceAxis(theta, 1, AxisElem(1))
				likelihood := Sub(halfSquares(Div(Sub(y, mu), Exp(logSigma))), MulScalar(Squeeze(logSigma, -1), data+jacobian))
				return Add(Add(halfSquares(mu), MulScalar(halfSquares(MulScalar(logSigma, 2)), prior)), likelihood)
			})
		}
	}
	simulate := func(s rng.State, theta *Node) (rng.State, *Node) {
		s, z := rng.Normal(s, theta.DType(), theta.Shape().Dim(0), data)
		return s, Add(SliceAxis(theta, 1, AxisElem(0)), Mul(Exp(SliceAxis(theta, 1, AxisElem(1))), z))
	}
	numbers := []func(x []float64) float64{ // of θ = (μ, log σ) and y
		func(x []float64) float64 { return x[0] }, func(x []float64) float64 { return x[1] },
		func(x []float64) float64 { return x[0] * x[0] }, func(x []float64) float64 { return x[1] * x[1] },
		func(x []float64) float64 { return x[0] * x[2] },
		func(x []float64) float64 { return x[1] * math.Log(math.Abs(x[2]-x[3])) },
	}
	h := rng.NewHost(31)
	point := func() []float64 {
		z := h.Normal(2 + data)
		return []float64{z[0], z[1] / 2, z[0] + math.Exp(z[1]/2)*z[2], z[0] + math.Exp(z[1]/2)*z[3]}
	}
	prior := make([][]float64, len(numbers))
	for range 40_000 {
		x := point()
		for i, f := range numbers {
			prior[i] = append(prior[i], f(x))
		}
	}
	var start []float64
	for range chains {
		start = append(start, point()...)
	}
	right := logP(1, 0)
	for _, c := range []struct {
		name      string
		posterior func(y *Node) mcmc.Kernel
		right     bool
	}{
		{"random walk", func(y *Node) mcmc.Kernel { return mcmc.Metropolis{Target: right(y)} }, true},
		{"MALA", func(y *Node) mcmc.Kernel { return mcmc.MALA{Target: right(y)} }, true},
		{"ULA, which is biased", func(y *Node) mcmc.Kernel {
			return mcmc.ULA{Score: func(x *Node) *Node { return prob.ScoreOf(right(y), x) }}
		}, false},
		{"gradient through the data", func(y *Node) mcmc.Kernel { return throughData{mcmc.MALA{Target: right(y)}} }, false},
		{"Jacobian of log σ where none is due", func(y *Node) mcmc.Kernel { return mcmc.Metropolis{Target: logP(1, -1)(y)} }, false},
		{"prior half as strong", func(y *Node) mcmc.Kernel { return mcmc.Metropolis{Target: logP(0.5, 0)(y)} }, false},
	} {
		r, err := mcmc.Run(context.Background(), pureGo(t), mcmc.Joint{Parameters: 2, Data: simulate, Posterior: c.posterior}, mcmc.Config{
			Start: tensors.FromFlatDataAndDimensions(start, chains, 2+data), StepSize: 0.25, Steps: draws,
		})
		if err != nil {
			t.Fatal(err)
		}
		x := flat(r.Draws)
		worst := 0.0
		var z []float64
		for i, f := range numbers {
			values := make([][]float64, chains)
			for d := range draws {
				for k := range chains {
					values[k] = append(values[k], f(x[(d*chains+k)*(2+data):][:2+data]))
				}
			}
			z = append(z, diag.JointTest(prior[i], values))
			if !(math.Abs(z[i]) < worst) {
				worst = math.Abs(z[i])
			}
		}
		t.Logf("%-36s z %.1f", c.name, z)
		if (worst < alpha) != c.right {
			t.Errorf("%s: z = %.1f", c.name, z)
		}
	}
}

// throughData is MALA with a score that is twice too long where chains are, and right
// where they go: what a gradient that also follows the data to its parameters does.
type throughData struct{ mcmc.MALA }

func (k throughData) Step(s rng.State, stepSize *Node, at mcmc.State) (rng.State, mcmc.State, mcmc.Info) {
	at.Score = MulScalar(at.Score, 2)
	return k.MALA.Step(s, stepSize, at)
}

type logProberFunc func(x *Node) *Node

func (f logProberFunc) LogProb(x *Node) *Node { return f(x) }

// ExampleDraws_Traces judges draws as Sample leaves them; here they are made by hand.
func ExampleDraws_Traces() {
	h := rng.NewHost(1)
	d := &mcmc.Draws{Divergent: [][]bool{make([]bool, 500), make([]bool, 500)}}
	for range 2 {
		var chain [][]float64
		for _, x := range h.Normal(500) {
			chain = append(chain, []float64{x})
		}
		d.X = append(d.X, chain)
	}
	d.Divergent[1][7] = true
	for _, found := range d.Traces("x").Report().Findings {
		fmt.Println(found.Problem)
	}
	// Output:
	// 1 of 1000 transitions diverged: where they did, the law bends more than the steps can follow, and draws from there are missing.
}
