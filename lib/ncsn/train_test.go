package ncsn

import (
	"context"
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
	"gibbs/lib/fit"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/ml/model"
	"gonum.org/v1/gonum/stat"
)

// train fits a network to the two modes by the lecture's settings, and returns it
// with the mean of its last 100 losses.
func train(t *testing.T, n Net, steps int, seed int64) (*fit.Result, float64) {
	t.Helper()
	objective := func(scope *model.Scope, s rng.State, _ []*Node) *Node {
		data, noise := s.Split()
		_, x := prob.TwoModes().Sample(data, dtypes.Float32, 128)
		return DSM{Ladder: lecture}.Loss(n.Bind(scope), noise, x)
	}
	r, err := fit.Train(context.Background(), backend.MustOpen(), objective, fit.Config{Steps: steps, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	var last []float64
	for _, l := range r.Losses[max(0, len(r.Losses)-100):] {
		last = append(last, float64(l))
	}
	return r, stat.Mean(last, nil)
}

// lectureNet is the lecture's network; √5 is the data's standard deviation along x₁.
var lectureNet = Net{Scale: math.Sqrt(5)}

// TestTraining trains the conditional network and the blind one, samples from
// both, and checks the lecture's bounds: the conditional loss comes within 0.02 of
// its floor; the blind one cannot pass its own, which is 0.159 higher; and only
// the conditional one's samples have the data's width. A step's loss has a standard
// deviation of 0.05, the mean of 100 one of 0.005. The divergence per level tells
// them apart where σ is small.
func TestTraining(t *testing.T) {
	if testing.Short() || onGo() {
		t.Skip("1000 steps of 1280 examples: on XLA only")
	}
	blindNet := Net{Blind: true, Scale: math.Sqrt(5)}
	for _, c := range []struct {
		name     string
		n        Net
		low, top float64 // of the loss
		thin     bool    // whether std x₂ of the samples is below 1.25, or above 4
	}{
		{"conditional, bounded head", lectureNet, 1.49, wantFloor + 0.02, true},
		{"conditional, ε head", Net{Scale: math.Sqrt(5), Head: Eps}, 1.49, wantFloor + 0.02, true},
		{"blind", blindNet, wantBlindFloor - 0.025, wantBlindFloor + 0.02, false},
	} {
		r, loss := train(t, c.n, 1000, 42)
		if loss < c.low || loss > c.top {
			t.Errorf("%s: loss %.4f, want %.4f to %.4f", c.name, loss, c.low, c.top)
		}
		start, err := lecture.Start(1, 5000, 2)
		if err != nil {
			t.Fatal(err)
		}
		s := sampler(t, c.n.Bind(r.Store.RootScope()), Options{Store: r.Store})
		samples, err := s.Run(context.Background(), start, Config{Ladder: lecture, Seed: 2})
		if err != nil {
			t.Fatal(err)
		}
		std := math.Sqrt(stat.Mean(column(samples.X, second), nil))
		weight, mean := stat.Mean(column(samples.X, right), nil), stat.Mean(column(samples.X, size), nil)
		t.Logf("%s: loss %.4f; samples: P(x₁>0) %.3f, E|x₁| %.3f, std x₂ %.3f", c.name, loss, weight, mean, std)
		divergence := divergences(c.n, r.Store)
		t.Logf("%s: D_F per level %.4f", c.name, divergence)
		if c.thin && divergence[3] > 0.05 || !c.thin && divergence[9] < 0.5 {
			t.Errorf("%s: D_F at σ=0.63 %.4f, at σ=0.01 %.4f", c.name, divergence[3], divergence[9])
		}
		if c.thin && std > 1.25 || !c.thin && std < 4 {
			t.Errorf("%s: std x₂ of the samples %.3f", c.name, std)
		}
	}
}

// divergences returns D_F of a trained network at every level.
func divergences(n Net, store *model.Store) []float32 {
	return model.MustNewExec(backend.MustOpen(), store, func(scope *model.Scope, g *Graph) *Node {
		s, noise := rng.New(g, 6).Split()
		_, x := prob.TwoModes().Sample(s, dtypes.Float32, examples)
		return ReduceMean(DSM{Ladder: lecture}.Fisher(exact, n.Bind(scope), noise, x), 1)
	}).MustCall1().Value().([]float32)
}

// TestNetOfDigits builds each head for events of 64 numbers and checks shapes, that
// σ matters to all but the blind network, and that binding twice shares weights.
func TestNetOfDigits(t *testing.T) {
	nets := []Net{{Hidden: []int{128}}, {Hidden: []int{128}, Head: Eps}, {Hidden: []int{128, 32}, Head: Plain}, {Blind: true}}
	gaps := model.MustNewExec(backend.MustOpen(), model.NewStore(), func(scope *model.Scope, x *Node) *Node {
		var all []*Node
		for i, n := range nets {
			s := n.Bind(scope.In("net_%d", i))
			at := func(sigma float64) *Node { return s(x, MulScalar(OnesLike(ReduceSum(x, 1)), sigma)) }
			a, b, again := at(0.1), at(2), at(0.1)
			a.AssertDims(3, 64)
			all = append(all, ReduceAllMax(Abs(Sub(a, b))), ReduceAllMax(Abs(Sub(a, again))))
		}
		return Stack(all, 0)
	}).MustCall1(make64()).Value().([]float32)
	for i, n := range nets {
		if moved, same := gaps[2*i], gaps[2*i+1]; same != 0 || (moved > 0) == n.Blind {
			t.Errorf("%+v: another σ moves the score by %g, the same σ by %g", n, moved, same)
		}
	}
	if _, err := model.MustNewExec(backend.MustOpen(), model.NewStore(), func(scope *model.Scope, x *Node) *Node {
		return Net{Scale: -1}.Apply(scope, x, ReduceSum(x, 1))
	}).Call(make64()); err == nil {
		t.Error("negative scale: accepted")
	}
}

func make64() [][]float32 {
	x := make([][]float32, 3)
	for i := range x {
		x[i] = make([]float32, 64)
		for j := range x[i] {
			x[i][j] = float32(i+j) / 64
		}
	}
	return x
}
