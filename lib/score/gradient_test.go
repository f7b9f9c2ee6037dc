package score_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
	"gibbs/lib/loop"
	"gibbs/lib/net"
	"gibbs/lib/prob"
	"gibbs/lib/rng"
	"gibbs/lib/score"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
)

// objective is the loss of a batch, as fit minimises it.
type objective = func(m score.Model, s rng.State, x *Node) *Node

// trainer holds a tanh net with weights of float64 in a store.
type trainer struct {
	store *model.Store
	model score.Model
}

// newTrainer makes a free net, or one that is the gradient of an energy, of two
// dimensions.
func newTrainer(conservative bool, hidden ...int) trainer {
	store := model.NewStore()
	scope := store.RootScope().WithInitializer(net.Glorot(7))
	mlp := net.MLP{Hidden: hidden, Out: 2, Activation: activation.TypeTanh}
	if !conservative {
		return trainer{store, net.Bind(scope, mlp.Apply)}
	}
	mlp.Out = 1
	energy := net.Bind(scope, mlp.Apply)
	return trainer{store, score.Conservative(func(x *Node) *Node { return Squeeze(energy(x), -1) })}
}

// variables are the weights in the order of their names.
func (r trainer) variables() []*model.Variable {
	v := slices.Collect(r.store.IterVariables())
	slices.SortFunc(v, func(a, b *model.Variable) int { return strings.Compare(a.Path(), b.Path()) })
	return v
}

// batch is the data of these tests, [5, 2].
func batch() [][]float64 {
	z := rng.NewHost(9).Normal(10)
	x := make([][]float64, 5)
	for i := range x {
		x[i] = []float64{2 * z[2*i], z[2*i+1]}
	}
	return x
}

// lossAndGradients compiles several objectives in one graph: for each the loss,
// then its gradient by every weight in the order of variables.
func (r trainer) lossAndGradients(objectives []objective) *model.Exec {
	return model.MustNewExec(backend.MustOpen(), r.store, func(_ *model.Scope, x *Node) []*Node {
		g := x.Graph()
		r.model(x) // makes the variables
		var results []*Node
		for _, f := range objectives {
			loss := f(r.model, rng.New(g, 1), x)
			var weights []*Node
			for _, v := range r.variables() {
				weights = append(weights, v.NodeValue(g))
			}
			results = append(append(results, loss), Gradient(loss, weights...)...)
		}
		return results
	})
}

// TestGradientsOfGradients compares the weights' gradient of every objective with
// central differences of its loss along a random direction, h = 1e-4: error h²
// times third derivatives, and 1e-12 from rounding. The planted bug stops the
// inner gradient, so that the value is right and training is wrong.
func TestGradientsOfGradients(t *testing.T) {
	target := prob.TwoModes().Score
	stopped := func(m score.Model, s rng.State, x *Node) *Node {
		square := MulScalar(ReduceAllMean(ReduceSum(Square(m(x)), 1)), 0.5)
		trace := Sub(score.ISM{}.Loss(m, s, x), square)
		return Add(StopGradient(trace), square)
	}
	objectives := map[string]objective{
		"ISM": score.ISM{}.Loss, "ESM": score.ESM{Target: target}.Loss,
		"SSM": score.SSM{}.Loss, "SSM-VR, sphere": score.SSM{VarianceReduced: true, Projection: score.Sphere, Projections: 2}.Loss,
		"DSM": score.DSM{Sigma: 0.5, Weighted: true}.Loss, "DSM, control variate": score.DSM{Sigma: 0.5, ControlVariate: true}.Loss,
		"stopped": stopped,
	}
	for _, conservative := range []bool{false, true} {
		if conservative && testing.Short() {
			continue // a compilation
		}
		t.Run(fmt.Sprintf("conservative=%v", conservative), func(t *testing.T) {
			names := slices.Sorted(maps.Keys(objectives))
			var list []objective
			for _, name := range names {
				list = append(list, objectives[name])
			}
			errs := newTrainer(conservative, 5, 4).compareWithDifferences(t, list)
			for i, name := range names {
				if name == "stopped" && errs[i] == nil {
					t.Error("planted bug not caught: a stopped inner gradient")
				}
				if name != "stopped" && errs[i] != nil {
					t.Errorf("%s: %v", name, errs[i])
				}
			}
		})
	}
}

// compareWithDifferences returns for each objective how its gradient differs.
func (r trainer) compareWithDifferences(t *testing.T, objectives []objective) []error {
	const h = 1e-4
	exec := r.lossAndGradients(objectives)
	defer exec.Finalize()
	results := exec.MustCall(batch())
	weights := r.variables()
	perObjective := 1 + len(weights)
	var at, along [][]float64
	for i, v := range weights {
		at = append(at, tensors.MustCopyFlatData[float64](v.MustValue()))
		along = append(along, rng.NewHost(11).Fold(int64(i)).Normal(len(at[i])))
	}
	losses := func(step float64) []float64 {
		for i, v := range weights {
			moved := slices.Clone(at[i])
			for k := range moved {
				moved[k] += step * along[i][k]
			}
			if err := v.SetValue(tensors.FromFlatDataAndDimensions(moved, v.Shape().Dimensions...)); err != nil {
				panic(err)
			}
		}
		var values []float64
		for i, result := range exec.MustCall(batch()) {
			if i%perObjective == 0 {
				values = append(values, result.Value().(float64))
			}
		}
		return values
	}
	up, down := losses(h), losses(-h)
	errs := make([]error, len(objectives))
	for o := range objectives {
		slope := 0.0
		for i := range weights {
			for k, d := range tensors.MustCopyFlatData[float64](results[o*perObjective+1+i]) {
				slope += d * along[i][k]
			}
		}
		if want := (up[o] - down[o]) / (2 * h); !(math.Abs(slope-want) <= 1e-6*(1+math.Abs(want))) {
			errs[o] = fmt.Errorf("slope %.9g, by differences %.9g", slope, want)
		}
	}
	return errs
}

// TestISMByHand compares ISM's gradient for one hidden layer with the chain rule
// on paper. With h = tanh(W₁ᵀx + b₁), s = W₂ᵀh + b₂, g = 1 − h² and
// cⱼ = Σ_d W₁[d, j] W₂[j, d]:
//
//	J = Σⱼ gⱼcⱼ + ½‖s‖²
//	∂J/∂W₂[j, d] = gⱼ W₁[d, j] + s_d hⱼ
//	∂J/∂aⱼ = gⱼ (−2hⱼcⱼ + Σ_d s_d W₂[j, d]),   a = W₁ᵀx + b₁
//	∂J/∂W₁[d, j] = gⱼ W₂[j, d] + ∂J/∂aⱼ x_d,   ∂J/∂b₁ = ∂J/∂a,   ∂J/∂b₂ = s
func TestISMByHand(t *testing.T) {
	const units = 4
	r := newTrainer(false, units)
	exec := r.lossAndGradients([]objective{score.ISM{}.Loss})
	defer exec.Finalize()
	results := exec.MustCall(batch())
	value, index := map[string][]float64{}, map[string]int{}
	for i, v := range r.variables() {
		value[v.Path()], index[v.Path()] = tensors.MustCopyFlatData[float64](v.MustValue()), 1+i
	}
	w1, w2 := value["/hidden_0/dense/weights"], value["/output/dense/weights"] // [2, units], [units, 2]; biases are 0
	loss := 0.0
	dw1, dw2, db1, db2 := make([]float64, 2*units), make([]float64, 2*units), make([]float64, units), make([]float64, 2)
	n := float64(len(batch()))
	for _, x := range batch() {
		var h, g, c [units]float64
		var s [2]float64
		for j := range units {
			h[j] = math.Tanh(x[0]*w1[j] + x[1]*w1[units+j])
			g[j] = 1 - h[j]*h[j]
			for d := range 2 {
				c[j] += w1[d*units+j] * w2[2*j+d]
				s[d] += w2[2*j+d] * h[j]
			}
			loss += g[j] * c[j] / n
		}
		loss += (s[0]*s[0] + s[1]*s[1]) / 2 / n
		for j := range units {
			da := g[j] * (-2*h[j]*c[j] + s[0]*w2[2*j] + s[1]*w2[2*j+1])
			db1[j] += da / n
			for d := range 2 {
				dw2[2*j+d] += (g[j]*w1[d*units+j] + s[d]*h[j]) / n
				dw1[d*units+j] += (g[j]*w2[2*j+d] + da*x[d]) / n
			}
		}
		db2[0], db2[1] = db2[0]+s[0]/n, db2[1]+s[1]/n
	}
	if err := differs("loss", []float64{results[0].Value().(float64)}, []float64{loss}); err != nil {
		t.Error(err)
	}
	for path, want := range map[string][]float64{
		"/hidden_0/dense/weights": dw1, "/hidden_0/dense/biases": db1, "/output/dense/weights": dw2, "/output/dense/biases": db2,
	} {
		if err := differs(path, tensors.MustCopyFlatData[float64](results[index[path]]), want); err != nil {
			t.Error(err)
		}
	}
}

// TestISMInALoop takes gradient steps on ISM in a compiled loop, and compares the
// weights with the same steps one by one.
func TestISMInALoop(t *testing.T) {
	const steps, rate = 20, 0.05
	for _, conservative := range []bool{false, true} {
		inLoop, byHand := newTrainer(conservative, 5), newTrainer(conservative, 5)
		exec := byHand.lossAndGradients([]objective{score.ISM{}.Loss})
		defer exec.Finalize()
		for range steps {
			results := exec.MustCall(batch())
			for i, v := range byHand.variables() {
				w, d := tensors.MustCopyFlatData[float64](v.MustValue()), tensors.MustCopyFlatData[float64](results[1+i])
				for k := range w {
					w[k] -= rate * d[k]
				}
				if err := v.SetValue(tensors.FromFlatDataAndDimensions(w, v.Shape().Dimensions...)); err != nil {
					panic(err)
				}
			}
		}
		model.MustNewExec(backend.MustOpen(), inLoop.store, func(_ *model.Scope, x *Node) *Node { return inLoop.model(x) }).MustCall1(batch())
		program, err := loop.Compile(backend.MustOpen(), loop.Loop{
			Store: inLoop.store,
			Step: func(i *Node, constants, state loop.Nodes) loop.Nodes {
				loss := score.ISM{}.Loss(inLoop.model, rng.New(i.Graph(), 1), constants["x"])
				var weights []*Node
				for _, v := range inLoop.variables() {
					weights = append(weights, v.NodeValue(i.Graph()))
				}
				for k, d := range Gradient(loss, weights...) {
					inLoop.variables()[k].SetNodeValue(Sub(weights[k], MulScalar(d, rate)))
				}
				return loop.Nodes{"loss": loss}
			},
		})
		if err != nil {
			panic(err)
		}
		defer program.Finalize()
		if _, err := program.Run(context.Background(), steps, loop.Tensors{"x": tensors.FromValue(batch())}, loop.Tensors{"loss": tensors.FromValue(0.0)}); err != nil {
			panic(err)
		}
		if why := program.Stepped(); why != nil && backend.MustOpen().Name() == "xla" {
			t.Errorf("on XLA the steps do not run inside a loop: %v", why)
		}
		for i, v := range inLoop.variables() {
			want := tensors.MustCopyFlatData[float64](byHand.variables()[i].MustValue())
			if err := differs(v.Path(), tensors.MustCopyFlatData[float64](v.MustValue()), want); err != nil {
				t.Errorf("conservative=%v: %v", conservative, err)
			}
		}
	}
}
