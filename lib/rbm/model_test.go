package rbm_test

import (
	"context"
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/mcmc"
	"gibbs/lib/rbm"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// TestModel holds the machine in a graph to that on the host, for all units: free
// energies, inputs and, for the exact negative phase, log Z and its gradient. Along the
// path from the biases b₀ it is the machine with βW, βc and b₀ + β(b − b₀).
func TestModel(t *testing.T) {
	const beta = 0.3
	b, base := backend.MustOpen(), []float64{0.7, -0.4, 0.2}
	for _, m := range kinds() {
		name := m.VisibleUnits.String() + " " + m.HiddenUnits.String()
		middle := m.Scaled(beta)
		floats.AddScaled(middle.B, 1-beta, base)
		v := mat.NewDense(2, 3, []float64{1, 1, 1, -1, 1, -1})
		if m.VisibleUnits == rbm.Bernoulli {
			v = mat.NewDense(2, 3, []float64{0, 1, 0, 1, 1, 0})
		}
		exec, err := NewExec(b, func(v *Node) []*Node {
			g := m.Model(v.Graph(), v.DType())
			logZ := g.LogZ()
			d := Gradient(logZ, g.W, g.B, g.C)
			flat := Concatenate([]*Node{Reshape(d[0], -1), d[1], d[2]}, 0)
			path := g
			path.Beta, path.Base = Const(v.Graph(), beta), Const(v.Graph(), base)
			return []*Node{g.FreeEnergy(v), g.HiddenInput(v), logZ, flat, path.FreeEnergy(v), path.VisibleInput(path.HiddenInput(v)), path.LogZ()}
		})
		if err != nil {
			t.Fatal(err)
		}
		out := exec.MustCall(rbm.Tensor(dtypes.Float64, v))
		exec.Finalize()
		n, _ := v.Dims()
		for i := range n {
			row := mat.Row(nil, i, v)
			near(t, name+": F", tensors.MustCopyFlatData[float64](out[0])[i:i+1], []float64{m.FreeEnergy(row)}, 1e-12)
			near(t, name+": input", rbm.Dense(out[1]).RawRowView(i), m.HiddenInput(row), 1e-12)
			near(t, name+": F on the path", tensors.MustCopyFlatData[float64](out[4])[i:i+1], []float64{middle.FreeEnergy(row)}, 1e-12)
			near(t, name+": visible input on the path", rbm.Dense(out[5]).RawRowView(i), middle.VisibleInput(middle.HiddenInput(row)), 1e-12)
		}
		near(t, name+": log Z on the path", []float64{tensors.ToScalar[float64](out[6])}, []float64{must(middle.LogZ())}, 1e-11)
		logZ, s, err := m.Moments()
		if err != nil {
			t.Fatal(err)
		}
		near(t, name+": log Z", []float64{tensors.ToScalar[float64](out[2])}, []float64{logZ}, 1e-11)
		near(t, name+": ∂log Z = moments", tensors.MustCopyFlatData[float64](out[3]), s.Flat(), 1e-11)
	}
}

// TestCumulant: Γ′ is the mean, also at 0, where the parts of Γ have corners, and far out.
func TestCumulant(t *testing.T) {
	at := []float64{-300, -2, 0, 1e-9, 3, 300}
	for _, u := range []rbm.Units{rbm.Bernoulli, rbm.Spin, rbm.Gaussian} {
		exec, err := NewExec(backend.MustOpen(), func(a *Node) []*Node {
			gamma := u.Cumulant(a)
			return []*Node{gamma, Gradient(ReduceAllSum(gamma), a)[0], u.Mean(a)}
		})
		if err != nil {
			t.Fatal(err)
		}
		out := exec.MustCall(at)
		exec.Finalize()
		mean := tensors.MustCopyFlatData[float64](out[2])
		near(t, u.String()+": Γ′", tensors.MustCopyFlatData[float64](out[1]), mean, 1e-12)
		one := &rbm.RBM{HiddenUnits: u, W: mat.NewDense(1, 1, []float64{1}), B: []float64{0}, C: []float64{0}}
		for i, a := range at {
			near(t, u.String()+": Γ", tensors.MustCopyFlatData[float64](out[0])[i:i+1], []float64{-one.FreeEnergy([]float64{a})}, 1e-12)
			near(t, u.String()+": mean", mean[i:i+1], one.Hidden([]float64{a}), 1e-15)
		}
	}
}

// sweep is block Gibbs on RBM43, with a mistake; with none it is Model.Sweep.
type sweep struct {
	mistake string
	m       *rbm.RBM
}

func (k sweep) Init(x *Node) mcmc.State { return mcmc.State{X: x} }

func (k sweep) Step(s rng.State, _ *Node, at mcmc.State) (rng.State, mcmc.State, mcmc.Info) {
	m := k.m.Model(at.X.Graph(), at.X.DType())
	if k.mistake == "no hidden biases" {
		m.C = ZerosLike(m.C)
	}
	s, h := m.SampleHidden(s, at.X)
	switch k.mistake {
	case "means for hidden states":
		h = Sigmoid(m.HiddenInput(at.X))
	case "no visible biases":
		m.B = ZerosLike(m.B)
	case "sign of the couplings":
		m.W = Neg(m.W)
	}
	s, v := m.SampleVisible(s, h)
	return s, mcmc.State{X: v}, mcmc.Info{}
}

// TestSweep holds one sweep of 20,000 chains, all from 1010, to the exact transition
// probabilities, by the largest of 16 deviations: it catches 1.7 % in a probability of
// one half. Each of the mistakes must fail it.
func TestSweep(t *testing.T) {
	const chains = 20_000
	m := rbm43().Scaled(2)
	row := must(m.Transition()).Kernel().RawRowView(10)
	for _, mistake := range []string{"", "means for hidden states", "no hidden biases", "no visible biases", "sign of the couplings"} {
		x := mat.NewDense(chains, 4, nil)
		for i := range chains {
			x.SetRow(i, []float64{1, 0, 1, 0})
		}
		kernel := mcmc.Kernel(sweep{mistake, m})
		if mistake == "" {
			kernel = rbm.Gibbs{Machine: m}
		}
		r, err := mcmc.Run(context.Background(), backend.MustOpen(), kernel, mcmc.Config{
			Start: rbm.Tensor(dtypes.Float32, x), StepSize: 1, Steps: 1, Keep: mcmc.KeepFinal, Seed: 3,
		})
		if err != nil {
			t.Fatal(err)
		}
		z := worst(rbm.Dense(r.Final), row)
		t.Logf("%-24q: off by %.1f standard errors", mistake, z)
		if (z < alpha) != (mistake == "") {
			t.Errorf("mistake %q: off by %.1f standard errors", mistake, z)
		}
	}
}

// worst is the largest deviation of the frequencies of visible states from their
// probabilities, in standard errors.
func worst(v *mat.Dense, p []float64) float64 {
	n, d := v.Dims()
	counts := make([]float64, len(p))
	for i := range n {
		k := 0
		for j := range d {
			k = 2*k + int(v.At(i, j))
		}
		counts[k]++
	}
	z := 0.0
	for k, p := range p {
		z = max(z, math.Abs(counts[k]/float64(n)-p)/math.Sqrt(p*(1-p)/float64(n)))
	}
	return z
}

// TestTempering: of a machine in which block Gibbs forgets slowly (λ₂ = 0.963), six
// tempered replicas forget a common start in 30 sweeps, which plain sweeps do not.
func TestTempering(t *testing.T) {
	const chains, sweeps = 5000, 30
	m := rbm43().Scaled(8)
	p := must(m.Probs())
	betas := []float64{0, 0.15, 0.3, 0.5, 0.75, 1}
	start := tensors.FromFlatDataAndDimensions(make([]float32, chains*6*4), chains, 6, 4)
	for name, kernel := range map[string]rbm.Gibbs{"tempered": {Machine: m, Betas: betas}, "plain": {Machine: m}} {
		c := mcmc.Config{Start: start, StepSize: 1, Steps: sweeps, Seed: 5, Observe: kernel.Cold}
		if kernel.Betas == nil {
			c.Start, c.Observe = tensors.FromFlatDataAndDimensions(make([]float32, chains*4), chains, 4), nil
		}
		c.Thin = sweeps
		r, err := mcmc.Run(context.Background(), backend.MustOpen(), kernel, c)
		if err != nil {
			t.Fatal(err)
		}
		last := tensors.FromFlatDataAndDimensions(tensors.MustCopyFlatData[float32](r.Draws), chains, 4)
		z := worst(rbm.Dense(last), p)
		t.Logf("%s: off by %.1f standard errors", name, z)
		if (z < alpha) != (name == "tempered") {
			t.Errorf("%s: off by %.1f standard errors", name, z)
		}
	}
}
