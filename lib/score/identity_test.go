package score_test

import (
	"fmt"
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
	"gibbs/lib/net"
	"gibbs/lib/prob"
	"gibbs/lib/rng"
	"gibbs/lib/score"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
)

// The tests of this file are identities: no random error, only rounding.

// freeNet builds a model that is no gradient, 3 → 8 → 3 with tanh, inside f.
func withFreeNet(t *testing.T, f func(m score.Model, x *Node) []*Node, x any) [][]float64 {
	t.Helper()
	store := model.NewStore()
	scope := store.RootScope().WithInitializer(net.Glorot(3))
	mlp := net.MLP{Hidden: []int{8}, Out: 3, Activation: activation.TypeTanh}
	exec := model.MustNewExec(backend.MustOpen(), store, func(_ *model.Scope, x *Node) []*Node {
		return f(net.Bind(scope, mlp.Apply), x)
	})
	defer exec.Finalize()
	var results [][]float64
	for _, r := range exec.MustCall(x) {
		results = append(results, tensors.MustCopyFlatData[float64](r))
	}
	return results
}

// points are examples of three numbers.
func points(n int) [][]float64 {
	z := rng.NewHost(5).Normal(3 * n)
	x := make([][]float64, n)
	for i := range x {
		x[i] = z[3*i : 3*i+3]
	}
	return x
}

// differs returns an error if two results differ by more than rounding, 1e-12 of
// numbers of order one.
func differs(name string, got, want []float64) error {
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= 1e-12*(1+math.Abs(want[i]))) {
			return fmt.Errorf("%s: number %d is %.15g, want %.15g", name, i, got[i], want[i])
		}
	}
	return nil
}

// TestJacobian compares with central differences: error h²/6 times a third
// derivative and 1e-16/h, about 1e-9 at h = 1e-5.
func TestJacobian(t *testing.T) {
	const h = 1e-5
	x := points(4)
	got := withFreeNet(t, func(m score.Model, x *Node) []*Node {
		var columns []*Node
		for j := range 3 {
			step := make([]float64, 3)
			step[j] = h
			dx := ConstAs(x, [][]float64{step})
			columns = append(columns, MulScalar(Sub(m(Add(x, dx)), m(Sub(x, dx))), 1/(2*h)))
		}
		return []*Node{score.Jacobian(m, x), Stack(columns, 2)}
	}, x)
	for i, want := range got[1] {
		if math.Abs(got[0][i]-want) > 1e-8 {
			t.Errorf("entry %d of example %d: %.10g, slope %.10g", i%9, i/9, got[0][i], want)
		}
	}
}

// TestISMIsItsFormula compares ISM with the diagonal of the Jacobian, for flat
// events and for events of two axes, and finds every planted bug.
func TestISMIsItsFormula(t *testing.T) {
	results := withFreeNet(t, func(m score.Model, x *Node) []*Node {
		s, j := m(x), score.Jacobian(m, x)
		entry := func(i, k int) *Node { return Reshape(Slice(j, AxisRange(), AxisElem(i), AxisElem(k)), -1) }
		trace := Add(Add(entry(0, 0), entry(1, 1)), entry(2, 2))
		beside := Add(Add(entry(0, 1), entry(1, 2)), entry(2, 0))
		square := ReduceSum(Square(s), 1)
		tall := func(x *Node) *Node { return ExpandAxes(m(Squeeze(x, 2)), 2) } // events [3, 1]
		stream := rng.New(x.Graph(), 1)
		return []*Node{
			Add(trace, MulScalar(square, 0.5)),
			score.ISM{}.Each(m, stream, x),
			score.ISM{}.Each(tall, stream, ExpandAxes(x, 2)),
			Add(trace, square),
			Sub(MulScalar(square, 0.5), trace),
			Add(beside, MulScalar(square, 0.5)),
		}
	}, points(6))
	want := results[0]
	for i, name := range []string{"flat events", "events of two axes"} {
		if err := differs(name, results[1+i], want); err != nil {
			t.Error(err)
		}
	}
	for i, bug := range []string{"missing ½", "sign of the trace", "trace of the wrong axis"} {
		if differs(bug, results[3+i], want) == nil {
			t.Errorf("planted bug not caught: %s", bug)
		}
	}
}

// TestSlicesAverageToISM takes the mean over all eight sign vectors of three
// dimensions, which is the exact expectation over Rademacher directions, and over
// six directions ±√3 eᵢ, for which E[v vᵀ] = I too.
func TestSlicesAverageToISM(t *testing.T) {
	signs := make([][]float64, 8)
	for i := range signs {
		for d := range 3 {
			signs[i] = append(signs[i], float64(1-2*(i>>d&1)))
		}
	}
	axes, short := make([][]float64, 6), make([][]float64, 6)
	for i := range axes {
		axes[i], short[i] = make([]float64, 3), make([]float64, 3)
		axes[i][i/2] = float64(1-2*(i%2)) * math.Sqrt(3)
		short[i][i/2] = float64(1 - 2*(i%2)) // planted bug: length 1
	}
	// in returns the objective whose directions are a list, one after the other.
	in := func(directions [][]float64, reduced bool) score.SSM {
		next := 0
		return score.SSM{Projections: len(directions), VarianceReduced: reduced,
			Projection: func(s rng.State, dtype dtypes.DType, dims ...int) (rng.State, *Node) {
				v := ConstAsDType(s.Node().Graph(), dtype, [][]float64{directions[next]})
				next++
				return s, BroadcastToDims(v, dims...)
			}}
	}
	objectives := []score.SSM{in(signs, false), in(signs, true), in(axes, false), in(axes, true), in(short, false), in(short, true)}
	results := withFreeNet(t, func(m score.Model, x *Node) []*Node {
		stream := rng.New(x.Graph(), 1)
		each := []*Node{score.ISM{}.Each(m, stream, x)}
		for _, o := range objectives {
			each = append(each, o.Each(m, stream, x))
		}
		return each
	}, points(5))
	for i, name := range []string{"SSM over signs", "SSM-VR over signs", "SSM over axes", "SSM-VR over axes"} {
		if err := differs(name, results[1+i], results[0]); err != nil {
			t.Error(err)
		}
	}
	for i, bug := range []string{"unit directions in SSM", "unit directions in SSM-VR"} {
		if differs(bug, results[5+i], results[0]) == nil {
			t.Errorf("planted bug not caught: %s", bug)
		}
	}
}

// TestControlVariate checks that it subtracts what it says, and TestDSMIsESM that
// this has the mean 0. Same stream, same ε.
func TestControlVariate(t *testing.T) {
	const sigma = 0.3
	results := withFreeNet(t, func(m score.Model, x *Node) []*Node {
		s := rng.New(x.Graph(), 1)
		_, eps := rng.Normal(s, x.DType(), x.Shape().Dimensions...)
		known := Add(
			MulScalar(ReduceSum(Mul(eps, m(x)), 1), 2/sigma),
			MulScalar(AddScalar(ReduceSum(Square(eps), 1), -3), 1/(sigma*sigma)))
		plain := score.DSM{Sigma: sigma}.Each(m, s, x)
		reduced := score.DSM{Sigma: sigma, ControlVariate: true}.Each(m, s, x)
		weighted := score.DSM{Sigma: sigma, ControlVariate: true, Weighted: true}.Each(m, s, x)
		return []*Node{Sub(plain, known), reduced, DivScalar(weighted, sigma*sigma)}
	}, points(50))
	for i, name := range []string{"control variate", "weighted"} {
		if err := differs(name, results[1+i], results[0]); err != nil {
			t.Error(err)
		}
	}
}

// TestDSMIsESM checks L_DSM = 2·D_F(q_σ‖s) + 1/σ² − I(σ) by quadrature over data
// and noise, for models of one dimension that are no score of anything near.
func TestDSMIsESM(t *testing.T) {
	const sigma, step = 0.5, 0.1
	p := &prob.Mixture{Means: [][]float64{{-2}, {1}}, Weights: []float64{0.3, 0.7}}
	q := p.Smooth(sigma)
	information, err := q.FisherInformation()
	if err != nil {
		t.Fatal(err)
	}
	var x, eps [][]float64 // a grid of both
	for i := -120; i <= 120; i++ {
		for j := -90; j <= 90; j++ {
			x, eps = append(x, []float64{step * float64(i)}), append(eps, []float64{step * float64(j)})
		}
	}
	dsm := func(o score.DSM) objectiveAt {
		return func(m score.Model, x, eps *Node) *Node { return score.EachAt(o, m, x, eps) }
	}
	cubic := func(x *Node) *Node { return MulScalar(Mul(x, Square(x)), 0.1) }
	plain, reduced := dsm(score.DSM{Sigma: sigma}), dsm(score.DSM{Sigma: sigma, ControlVariate: true})
	cases := []struct {
		name  string
		bug   bool
		model score.Model
		each  objectiveAt
	}{
		{"zero", false, ZerosLike, plain}, {"sine", false, Sin, plain}, {"the score of q", false, q.Score, plain}, {"cubic", false, cubic, plain},
		{"sine, control variate", false, Sin, reduced}, {"cubic, control variate", false, cubic, reduced},
		{"σ missing in the target", true, Sin, func(m score.Model, x, eps *Node) *Node {
			return ReduceSum(Square(Add(m(Add(x, MulScalar(eps, sigma))), eps)), 1)
		}},
		{"sign of the target", true, Sin, func(m score.Model, x, eps *Node) *Node {
			return ReduceSum(Square(Sub(m(Add(x, MulScalar(eps, sigma))), DivScalar(eps, sigma))), 1)
		}},
		{"score at the clean x", true, Sin, func(m score.Model, x, eps *Node) *Node {
			return ReduceSum(Square(Add(m(x), DivScalar(eps, sigma))), 1)
		}},
		{"σ² weight unasked", true, Sin, dsm(score.DSM{Sigma: sigma, Weighted: true})},
	}
	exec := MustNewExec(backend.MustOpen(), func(x, eps *Node) *Node {
		var sides []*Node
		normal := prob.StandardNormal(1).LogProb(eps)
		under := func(p *prob.Mixture, f *Node) *Node {
			return MulScalar(ReduceAllSum(Mul(Exp(Add(p.LogProb(x), normal)), f)), step*step)
		}
		for _, c := range cases {
			floor := 1/(sigma*sigma) - information
			sides = append(sides, under(p, c.each(c.model, x, eps)), AddScalar(under(q, MulScalar(score.Fisher(q.Score, c.model, x), 2)), floor))
		}
		return Stack(sides, 0)
	})
	defer exec.Finalize()
	sides := exec.MustCall1(x, eps).Value().([]float64)
	for i, c := range cases {
		off := math.Abs(sides[2*i] - sides[2*i+1])
		if !c.bug && !(off < 1e-9) {
			t.Errorf("%s: L = %.12g, want %.12g", c.name, sides[2*i], sides[2*i+1])
		}
		if c.bug && off < 1e-3 {
			t.Errorf("planted bug not caught: %s", c.name)
		}
	}
}

// objectiveAt is the loss of every example for given data and noise.
type objectiveAt = func(m score.Model, x, eps *Node) *Node

// TestWhereISMFails: the uniform law on [0, 1] ends abruptly, and integration by
// parts fails. With s = 1 − 2x the trace is −2 while E⟨∇log p, s⟩ = 0.
func TestWhereISMFails(t *testing.T) {
	exec := MustNewExec(backend.MustOpen(), func(x *Node) *Node {
		s := func(x *Node) *Node { return OneMinus(MulScalar(x, 2)) }
		each := score.ISM{}.Each(s, rng.New(x.Graph(), 1), x)
		return Sub(each, MulScalar(ReduceSum(Square(s(x)), 1), 0.5))
	})
	defer exec.Finalize()
	for _, trace := range exec.MustCall1([][]float64{{0.1}, {0.5}, {0.9}}).Value().([]float64) {
		if math.Abs(trace+2) > 1e-15 {
			t.Errorf("trace %g, want −2", trace)
		}
	}
}
