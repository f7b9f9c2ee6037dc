package ckpt

import (
	"strings"
	"testing"

	"gibbs/lib/backend"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	gomodel "github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// trainer makes steps of a small regression with Adam on a store, with noise from
// the store's own generator.
func trainer(t *testing.T, store *gomodel.Store) func(steps int) float32 {
	t.Helper()
	opt := optimizer.Adam().Done()
	exec, err := gomodel.NewExec(backend.MustOpen(), store, func(scope *gomodel.Scope, x *graph.Node) *graph.Node {
		scope = scope.ResetVisited()
		g := x.Graph()
		noisy := graph.Add(x, scope.RandomNormal(g, x.Shape()))
		y := layers.Dense(scope.In("dense"), noisy, true, 1)
		loss := graph.ReduceAllMean(graph.Square(graph.Sub(y, graph.ReduceAndKeep(x, graph.ReduceSum, -1))))
		opt.UpdateGraph(scope, g, loss)
		return loss
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(steps int) (loss float32) {
		for range steps {
			out, err := exec.Call1([][]float32{{1, 2}, {3, 4}, {-1, 0.5}})
			if err != nil {
				t.Fatal(err)
			}
			loss = tensors.ToScalar[float32](out)
		}
		return loss
	}
}

func newStore(t *testing.T) *gomodel.Store {
	t.Helper()
	store := gomodel.NewStore()
	store.SetParam(gomodel.ParamInitialSeed, int64(7))
	if err := store.SetRNGStateFromSeed(7); err != nil {
		t.Fatal(err)
	}
	return store
}

// Ten steps, a checkpoint, and ten more give what ten more give from the
// checkpoint, in the store rewound and in a new one: weights, Adam's moments, the
// step counter and the random state.
func TestResumeIsBitForBit(t *testing.T) {
	store, fresh := newStore(t), newStore(t)
	train := trainer(t, store)
	train(10)
	state, err := FromStore(store)
	if err != nil {
		t.Fatal(err)
	}
	if len(state) < 6 {
		t.Errorf("only %d variables: the optimiser's state is missing", len(state))
	}
	d := mustOpen(t, newMemDisk(), Options{})
	if err := d.Save(&Snapshot{Step: 10, Tensors: state}); err != nil {
		t.Fatal(err)
	}
	saved, err := d.Latest()
	if err != nil {
		t.Fatal(err)
	}
	wantLoss := train(10)
	want, err := FromStore(store)
	if err != nil {
		t.Fatal(err)
	}
	for _, resume := range []struct {
		name  string
		store *gomodel.Store
		train func(int) float32
	}{{"rewound", store, train}, {"new", fresh, trainer(t, fresh)}} {
		if err := IntoStore(resume.store, saved.Tensors); err != nil {
			t.Fatal(err)
		}
		if loss := resume.train(10); loss != wantLoss {
			t.Errorf("%s store: loss %g, uninterrupted %g", resume.name, loss, wantLoss)
		}
		got, err := FromStore(resume.store)
		if err != nil {
			t.Fatal(err)
		}
		if err := same(&Snapshot{Tensors: got}, &Snapshot{Tensors: want}); err != nil {
			t.Errorf("%s store: %v", resume.name, err)
		}
	}
}

func TestIntoStoreRefusesAnotherModel(t *testing.T) {
	variable := func(path string, value any) *gomodel.Store {
		store := gomodel.NewStore()
		if _, err := store.CreateVariable(path, tensors.MustFromAnyValue(value)); err != nil {
			t.Fatal(err)
		}
		return store
	}
	from := map[string]*tensors.Tensor{"/a": tensors.FromValue([]float32{1, 2}), "history": tensors.FromScalar(1.0)}
	for name, store := range map[string]*gomodel.Store{
		"shape":     variable("/a", []float32{1, 2, 3}),
		"dtype":     variable("/a", []float64{1, 2}),
		"not in it": variable("/b", []float32{1, 2}),
	} {
		before, err := FromStore(store)
		if err != nil {
			t.Fatal(err)
		}
		if err := IntoStore(store, from); err == nil || !strings.HasPrefix(err.Error(), "ckpt: ") {
			t.Errorf("%s: %v", name, err)
		}
		after, err := FromStore(store)
		if err != nil {
			t.Fatal(err)
		}
		if err := same(&Snapshot{Tensors: after}, &Snapshot{Tensors: before}); err != nil {
			t.Errorf("%s: the store was changed: %v", name, err)
		}
	}
	store := variable("/a", []float32{0, 0})
	if err := IntoStore(store, from); err != nil {
		t.Fatal(err)
	}
	if store.NumVariables() != 1 {
		t.Error("a name that is no path became a variable")
	}
}

func TestFromStoreRefusesMissingValues(t *testing.T) {
	store := gomodel.NewStore()
	store.RootScope().VariableWithShape("w", shapes.Make(dtypes.Float32, 2))
	if _, err := FromStore(store); err == nil || !strings.Contains(err.Error(), "/w") {
		t.Errorf("FromStore = %v, want an error that names /w", err)
	}
}

// Snapshots and stores do not share memory, so one may change without the other.
func TestStoreAndSnapshotAreApart(t *testing.T) {
	store := gomodel.NewStore()
	if _, err := store.CreateVariable("/a", tensors.FromValue([]float32{1, 2})); err != nil {
		t.Fatal(err)
	}
	state, err := FromStore(store)
	if err != nil {
		t.Fatal(err)
	}
	if err := IntoStore(store, state); err != nil {
		t.Fatal(err)
	}
	store.Finalize()
	if got := tensors.MustCopyFlatData[float32](state["/a"]); got[0] != 1 || got[1] != 2 {
		t.Errorf("the snapshot holds %v after the store ended", got)
	}
}
