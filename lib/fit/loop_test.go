package fit_test

import (
	"context"
	"iter"
	"math"
	"slices"
	"testing"
	"time"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
	"gibbs/lib/fit"
	"gibbs/lib/net"
	"gibbs/lib/rng"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	gomlxtrain "github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/gomlx/gomlx/ml/train/optimizer/cosineschedule"
	"github.com/google/go-cmp/cmp"
)

var regression = net.MLP{Hidden: []int{8}, Out: 1, Activation: activation.TypeTanh}

// wave is a regression without randomness, in float64.
func wave() (x, y *tensors.Tensor) {
	xs, ys := make([][]float64, 40), make([][]float64, 40)
	for i := range xs {
		xs[i] = []float64{float64(i)/10 - 2}
		ys[i] = []float64{math.Sin(2 * xs[i][0])}
	}
	return tensors.FromValue(xs), tensors.FromValue(ys)
}

// endless is a dataset that gives one batch again and again.
type endless struct{ x, y *tensors.Tensor }

func (endless) Name() string { return "endless" }

func (d endless) Iter() iter.Seq2[gomlxtrain.Batch, error] {
	return func(yield func(gomlxtrain.Batch, error) bool) {
		for {
			batch, err := gomlxtrain.Batch{Inputs: []*tensors.Tensor{d.x}, Labels: []*tensors.Tensor{d.y}}.Clone()
			if !yield(batch, err) {
				return
			}
		}
	}
}

// uncorrected is Adam whose bias is not corrected after its first step: it counts
// steps from 10⁶ on, where both corrections are 1.
type uncorrected struct{ optimizer.Interface }

func (o uncorrected) UpdateGraph(scope *model.Scope, g *Graph, loss *Node) {
	o.Interface.UpdateGraph(scope, g, loss)
	step := scope.At(optimizer.AdamDefaultScope).GetVariable("step")
	step.SetNodeValue(AddScalar(step.NodeValue(g), 1e6))
}

// againstTrainer trains 200 steps by fit, and by GoMLX's own trainer from the same
// start, and returns the largest difference of their weights.
func againstTrainer(t *testing.T, ours, theirs optimizer.Interface) float64 {
	const steps, rate = 200, 0.02
	x, y := wave()
	objective := func(scope *model.Scope, _ rng.State, batch []*Node) *Node {
		return ReduceAllMean(Square(Sub(regression.Apply(scope, batch[0]), batch[1])))
	}
	got := mustTrain(t, objective, fit.Config{
		Steps: steps, Data: []*tensors.Tensor{x, y}, LearningRate: rate, Cosine: true, Seed: 3, Optimizer: ours,
	})

	store := model.NewStore()
	root := store.RootScope().WithInitializer(net.Glorot(3))
	predict := func(scope *model.Scope, _ any, inputs []*Node) []*Node {
		if g := inputs[0].Graph(); scope.IsTraining(g) {
			cosineschedule.New(scope, g, inputs[0].DType()).LearningRate(rate).PeriodSteps(steps).Done()
		}
		return []*Node{regression.Apply(root.ResetVisited(), inputs[0])}
	}
	loss := func(labels, predictions []*Node) *Node { return ReduceAllMean(Square(Sub(predictions[0], labels[0]))) }
	trainer := gomlxtrain.NewTrainer(backend.MustOpen(), store, predict, loss, theirs, nil, nil)
	if _, err := gomlxtrain.NewLoop(trainer).RunSteps(endless{x, y}, steps); err != nil {
		t.Fatal(err)
	}
	largest := 0.0
	for v := range got.Store.IterVariables() {
		if !v.Trainable {
			continue
		}
		want := tensors.MustCopyFlatData[float64](store.GetVariable(v.Path()).MustValue())
		for i, w := range tensors.MustCopyFlatData[float64](v.MustValue()) {
			largest = max(largest, math.Abs(w-want[i]))
		}
	}
	return largest
}

// TestEqualToGoMLXsTrainer compares optimizers. In float64 the roundings of some
// 1000 operations a step stay below 1e-10 of weights of order 1. It catches an
// Adam without the correction of its bias, another learning rate, a schedule that
// is off by a step, and a step that is left out or done twice.
func TestEqualToGoMLXsTrainer(t *testing.T) {
	adam := func(rate float64) optimizer.Interface { return optimizer.Adam().LearningRate(rate).Done() }
	sgd := func() optimizer.Interface { return optimizer.StochasticGradientDescent().WithLearningRate(0.02).Done() }
	for _, c := range []struct {
		name         string
		ours, theirs optimizer.Interface
		equal        bool
	}{
		{"Adam", adam(0.02), adam(0.02), true},
		{"SGD", sgd(), sgd(), true},
		{"planted: no correction of the bias", uncorrected{adam(0.02)}, adam(0.02), false},
	} {
		if d := againstTrainer(t, c.ours, c.theirs); (d < 1e-10) != c.equal {
			t.Errorf("%s: the weights differ by %g", c.name, d)
		}
	}
}

// TestBlocksAreSteps compares one step a dispatch with blocks of other lengths,
// bit for bit, with validations and averages, and where progress is told.
func TestBlocksAreSteps(t *testing.T) {
	one := config("")
	one.Block = 1
	want := mustTrain(t, noisy(0.1), one)
	for _, block := range []int{0, 4} {
		c := config("")
		c.Block = block
		var told []int
		c.Progress = func(step, _ int, loss float64) {
			told = append(told, step)
			if step < 1 || step > 60 || math.Float32bits(float32(loss)) != math.Float32bits(want.Losses[step-1]) {
				t.Errorf("block %d: progress told step %d with loss %v", block, step, loss)
			}
		}
		got := mustTrain(t, noisy(0.1), c)
		if !slices.IsSorted(told) || len(told) == 0 || told[len(told)-1] != 60 || len(told) == 60 {
			t.Errorf("block %d: progress was told at %v", block, told)
		}
		for name, d := range map[string]string{
			"losses":      cmp.Diff(want.Losses, got.Losses),
			"validations": cmp.Diff(want.Validations, got.Validations),
			"weights":     cmp.Diff(weights(want.Store), weights(got.Store)),
			"averages":    cmp.Diff(weights(want.Average), weights(got.Average)),
		} {
			if d != "" {
				t.Errorf("block %d: %s (-one by one +blocks):\n%s", block, name, d)
			}
		}
	}
}

// TestAverageIsItsFormula averages the weights of a run in float64 on the host. It
// catches another decay (planted), an average that begins at 0 or at the start,
// and one of the weights before an update.
func TestAverageIsItsFormula(t *testing.T) {
	const decay, rate, start = 0.9, 0.1, 3.0
	objective := func(scope *model.Scope, s rng.State, _ []*Node) *Node {
		scope.VariableWithValue("fixed", 5.0).SetTrainable(false).NodeValue(s.Node())
		return MulScalar(Square(scope.VariableWithValue("w", start).NodeValue(s.Node())), 0.5)
	}
	off := func(steps int, used float64) (average, last, fixed float64) {
		w, sum, of := start, 0.0, 0.0
		for range steps {
			w -= rate * w
			sum, of = decay*sum+w, decay*of+1
		}
		r := mustTrain(t, objective, fit.Config{
			Steps: steps, EMA: used,
			Optimizer: optimizer.StochasticGradientDescent().WithLearningRate(rate).WithDecay(false).Done(),
		})
		value := func(store *model.Store, path string) float64 {
			return tensors.ToScalar[float64](store.GetVariable(path).MustValue())
		}
		return math.Abs(value(r.Average, "/w") - sum/of), math.Abs(value(r.Store, "/w") - w), math.Abs(value(r.Average, "/fixed") - 5)
	}
	for _, steps := range []int{1, 2, 25} {
		if average, last, fixed := off(steps, decay); max(average, last, fixed) > 1e-12 {
			t.Errorf("after %d steps the average is off by %g, the weight by %g, what is not trained by %g", steps, average, last, fixed)
		}
	}
	if average, _, _ := off(25, 0.91); average < 1e-12 {
		t.Error("planted bug not caught: a decay of 0.91 for 0.9")
	}
}

// TestModelsThatCannotLoopTrain sorts in the objective, which GoMLX cannot do in a
// compiled loop.
func TestModelsThatCannotLoopTrain(t *testing.T) {
	objective := func(scope *model.Scope, s rng.State, _ []*Node) *Node {
		w := scope.VariableWithValue("w", []float32{3, 1, 2}).NodeValue(s.Node())
		order := StopGradient(Sort(w, 0, true))
		return ReduceAllSum(Square(Sub(w, order)))
	}
	r := mustTrain(t, objective, fit.Config{Steps: 5, Block: 3, LearningRate: 0.01})
	if want := float32(2*2 + 1 + 1); len(r.Losses) != 5 || r.Losses[0] != want || r.Losses[4] >= want {
		t.Errorf("losses %v, want 5 that fall from %v", r.Losses, want)
	}
}

// BenchmarkSteps is the training of the lessons' network: 1000 steps of denoising
// score matching on 2-64-64-2, batch 128, by Adam, one step a dispatch and in
// blocks, one after the other.
func BenchmarkSteps(b *testing.B) {
	mlp := net.MLP{Hidden: []int{64, 64}, Out: 2, Activation: activation.TypeTanh}
	objective := func(scope *model.Scope, s rng.State, batch []*Node) *Node {
		_, eps := rng.Normal(s, batch[0].DType(), batch[0].Shape().Dimensions...)
		y := mlp.Apply(scope, Add(batch[0], MulScalar(eps, 0.5)))
		return ReduceAllMean(Square(Add(MulScalar(y, 0.5), eps)))
	}
	points := make([][]float32, 1000)
	for i := range points {
		points[i] = []float32{float32(i%2)*4 - 2, float32(i) / 1000}
	}
	for name, block := range map[string]int{"steps": 1, "blocks": 0} {
		b.Run(name, func(b *testing.B) {
			c := fit.Config{Steps: 100 + 1000*b.N, Batch: 128, Data: []*tensors.Tensor{tensors.FromValue(points)}, Block: block}
			var began time.Time
			c.Progress = func(step, _ int, _ float64) {
				if began.IsZero() && step >= 100 {
					began = time.Now()
					b.ResetTimer()
				}
			}
			if _, err := fit.Train(context.Background(), backend.MustOpen(), objective, c); err != nil {
				b.Fatal(err)
			}
		})
	}
}
