package energy_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/diag"
	"gibbs/lib/energy"
	"gibbs/lib/fit"
	"gibbs/lib/net"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
)

// spring is E = θx²/2 with one weight θ.
func spring(scope *model.Scope, x *Node) *Node {
	theta := scope.VariableWithValue("theta", 1.0).NodeValue(x)
	return MulScalar(Mul(ConvertDType(theta, x.DType()), Squeeze(Square(x), -1)), .5)
}

// slope compiles an objective's loss and its derivative by θ, as functions of θ, a
// seed and data [n, 1].
func slope(t *testing.T, o fit.Objective) func(theta float64, seed int64, x *tensors.Tensor) (loss, slope float64) {
	t.Helper()
	store := model.NewStore()
	exec, err := model.NewExec(backend.MustOpen(), store, func(scope *model.Scope, in []*Node) []*Node {
		v := scope.VariableWithValue("theta", 1.0)
		v.SetNodeValue(in[0])
		loss := o(scope, rng.FromKey(in[1]), in[2:])
		return []*Node{ConvertDType(loss, dtypes.Float64), Gradient(loss, in[0])[0]}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(exec.Finalize)
	return func(theta float64, seed int64, x *tensors.Tensor) (float64, float64) {
		t.Helper()
		out, err := exec.Call(theta, rng.Key(seed), x)
		if err != nil {
			t.Fatal(err)
		}
		return tensors.ToScalar[float64](out[0]), tensors.ToScalar[float64](out[1])
	}
}

// TestLikelihoodOfSpring holds loss and gradient to the lecture's table, for data of
// variance 1: L = θ/2 + ½ log(2π/θ), ∂L = ½ − 1/(2θ).
func TestLikelihoodOfSpring(t *testing.T) {
	at := slope(t, energy.GridLikelihood{Model: spring, Grid: energy.Box(1, 24, .02)}.Objective)
	x := tensors.FromValue([][]float64{{-1}, {1}})
	for _, row := range [][3]float64{
		{.25, 1.737086, -1.5}, {.5, 1.515512, -.5}, {1, 1.418939, 0}, {2, 1.572365, .25}, {4, 2.225791, .375},
	} {
		l, dl := at(row[0], 0, x)
		within(t, fmt.Sprintf("L(θ = %g)", row[0]), l, row[1], 5.1e-7)
		within(t, "its closed form", l, row[0]/2+.5*math.Log(2*math.Pi/row[0]), 1e-9)
		within(t, fmt.Sprintf("∂L(θ = %g)", row[0]), dl, row[2], 1e-9)
		h := 1e-4
		up, _ := at(row[0]+h, 0, x)
		down, _ := at(row[0]-h, 0, x)
		within(t, "∂L by differences", (up-down)/(2*h), dl, 1e-6)
	}
}

// TestSamplerBias checks where the negatives' kernel moves the optimum of E = θx²/2:
// to ULAPrecision with ULA for every number of steps, and nowhere with MALA. Each
// gradient is a mean over 16 × 65,536 exact draws; with one step its standard error
// is 0.0004, and the gradient at the wrong fixed point 0.005.
func TestSamplerBias(t *testing.T) {
	const eta, n, repeats = .1, 1 << 16, 16
	biased := energy.ULAPrecision(1, eta)
	within(t, "θ̂(0.1)", biased, 1.0557281, 5.1e-8)
	within(t, "θ̂(0.01)", energy.ULAPrecision(1, .01), 1.0050506, 5.1e-8)
	if !math.IsNaN(energy.ULAPrecision(1, .6)) {
		t.Error("a fixed point for η > v/2")
	}
	for _, c := range []struct {
		kernel energy.KernelOf
		steps  int
		fixed  float64
		other  float64
	}{{energy.ULA, 1, biased, 1}, {energy.ULA, 4, biased, 1}, {energy.MALA, 4, 1, biased}} {
		at := slope(t, energy.Likelihood{Model: spring, Kernel: c.kernel, StepSize: eta, Steps: c.steps, Start: energy.FromData}.Objective)
		z := func(theta float64) float64 {
			sum, squares := 0.0, 0.0
			for r := range repeats {
				h := rng.NewHost(int64(r)).Fold(7)
				_, g := at(theta, int64(r), tensors.FromFlatDataAndDimensions(h.Normal(n), n, 1))
				sum, squares = sum+g, squares+g*g
			}
			mean := sum / repeats
			return mean / math.Sqrt((squares/repeats-mean*mean)/(repeats-1))
		}
		// The spread of 16 means has 15 degrees of freedom: |t| < 7.6 at α = 1e-6.
		right, wrong := z(c.fixed), z(c.other)
		t.Logf("%d steps: t = %.2f at θ = %.4f, %.2f at θ = %.4f", c.steps, right, c.fixed, wrong, c.other)
		if math.Abs(right) > 7.6 {
			t.Errorf("%d steps: the gradient at %.4f is not 0: t = %.2f", c.steps, c.fixed, right)
		}
		if math.Abs(wrong) < 7.6 {
			t.Errorf("%d steps: the gradient at %.4f is 0 too: t = %.2f", c.steps, c.other, wrong)
		}
	}
}

// TestPersistentChains: chains that go on reach ULA's law from a start of variance 9;
// chains that all begin anew stay one step from the start. Of 20,000 chains a
// variance has a relative standard error of 0.01.
func TestPersistentChains(t *testing.T) {
	const n, eta = 20_000, .1
	data := tensors.FromFlatDataAndDimensions(make([]float32, 10), 10, 1)
	for _, c := range []struct{ restart, want float64 }{{0, 1 / (1 - eta/2)}, {1, 9*(1-eta)*(1-eta) + 2*eta}} {
		l := energy.Likelihood{Model: spring, StepSize: eta, Steps: 1, Noise: 3, Chains: n, Restart: c.restart}
		r, err := fit.Train(context.Background(), backend.MustOpen(), l.Objective,
			fit.Config{Steps: 80, Data: []*tensors.Tensor{data}, LearningRate: 1e-9})
		if err != nil {
			t.Fatal(err)
		}
		square := 0.0
		for _, x := range tensors.MustCopyFlatData[float32](r.Store.GetVariable("/negatives/x").MustValue()) {
			square += float64(x) * float64(x) / n
		}
		within(t, fmt.Sprintf("variance with restarts of probability %g", c.restart), square/c.want, 1, 4.89*.01)
	}
}

// TestPhaseLoss: the gradient is that of fixed negatives, though they depend on θ.
func TestPhaseLoss(t *testing.T) {
	gradient := func(stopped bool) float64 {
		out := MustExecOnce(backend.MustOpen(), func(theta *Node) *Node {
			e := energy.Func(func(x *Node) *Node { return Mul(theta, Squeeze(Square(x), -1)) })
			data, negatives := Const(theta.Graph(), [][]float64{{1}, {2}}), Reshape(theta, 1, 1)
			if stopped {
				return Gradient(energy.PhaseLoss(e, data, negatives), theta)[0]
			}
			return Gradient(Sub(ReduceAllMean(e.Energy(data)), ReduceAllMean(e.Energy(negatives))), theta)[0]
		}, 3.0)
		return tensors.ToScalar[float64](out)
	}
	within(t, "mean x² of data less that of negatives", gradient(true), 2.5-9, 1e-12)
	if math.Abs(gradient(false)-(2.5-9)) < 1 {
		t.Error("a gradient through the negatives is not seen")
	}
}

// small is the network that the training tests share.
var small = energy.Coercive(net.MLP{Hidden: []int{16, 16}, Out: 1, Activation: activation.TypeSwish}.Apply, 3)

// nll returns what the mixture's data cost under trained weights, in nats.
func nll(t *testing.T, store *model.Store) float64 {
	t.Helper()
	grid := energy.Box(2, 10, .1)
	b := backend.MustOpen()
	truth, err := energy.Evaluate(b, nil, energy.Of(mix), grid.Tensor(dtypes.Float64))
	if err != nil {
		t.Fatal(err)
	}
	e, err := energy.Evaluate(b, store, small.Bind(store.RootScope()), grid.Tensor(dtypes.Float32))
	if err != nil {
		t.Fatal(err)
	}
	p, q := make([]float64, len(e)), make([]float64, len(e))
	for i := range e {
		p[i], q[i] = -truth[i], -e[i]
	}
	return 2.481231 + diag.KL(p, q)
}

// TestTraining trains on the mixture with negatives of each kind. Untrained, the
// network costs 4 nats, and the floor is 2.48: exact gradients must come within 0.5
// of it, and persistent chains must win half of what is to be won. With the phases
// swapped nothing is won.
func TestTraining(t *testing.T) {
	if testing.Short() {
		t.Skip("trains networks")
	}
	train := func(o fit.Objective, steps int) (*fit.Result, error) {
		return fit.Train(context.Background(), backend.MustOpen(), func(scope *model.Scope, s rng.State, _ []*Node) *Node {
			s, noise := s.Split()
			_, x := mix.Sample(s, dtypes.Float32, 256)
			return o(scope, noise, []*Node{x})
		}, fit.Config{Steps: steps, LearningRate: .01, Cosine: true, Seed: 1})
	}
	chains := energy.Likelihood{Model: small, StepSize: .1, Steps: 5, Noise: 3}
	for _, c := range []struct {
		name     string
		o        fit.Objective
		from, to float64
	}{
		{"exact", energy.GridLikelihood{Model: small, Grid: energy.Box(2, 6, .4)}.Objective, 2.48, 3},
		{"persistent", chains.Objective, 2.48, 3.2},
		{"phases swapped", func(scope *model.Scope, s rng.State, batch []*Node) *Node {
			return Neg(chains.Objective(scope, s, batch))
		}, 4, math.Inf(1)},
	} {
		r, err := train(c.o, 300)
		if errors.Is(err, fit.ErrNotFinite) && math.IsInf(c.to, 1) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got := nll(t, r.Store)
		t.Logf("%s: %.4f nats", c.name, got)
		if !(got > c.from && got < c.to) && !(math.IsInf(c.to, 1) && math.IsNaN(got)) {
			t.Errorf("%s: %.4f nats, want between %g and %g", c.name, got, c.from, c.to)
		}
		if v := r.Store.GetVariable("/negatives/x"); (v == nil) != (c.name == "exact") {
			t.Errorf("%s: chains in the store: %v", c.name, v)
		}
	}
}

func TestLikelihoodMisuse(t *testing.T) {
	x := tensors.FromValue([][]float64{{0}, {1}})
	for name, l := range map[string]energy.Likelihood{
		"no model":       {StepSize: 1},
		"no step size":   {Model: spring},
		"negative steps": {Model: spring, StepSize: 1, Steps: -1},
		"restart of 2":   {Model: spring, StepSize: 1, Restart: 2},
		"energies [n,1]": {Model: func(_ *model.Scope, x *Node) *Node { return x }, StepSize: 1},
	} {
		_, err := fit.Train(context.Background(), backend.MustOpen(), l.Objective, fit.Config{Steps: 1, Data: []*tensors.Tensor{x}})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
