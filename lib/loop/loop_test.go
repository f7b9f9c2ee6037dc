package loop_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
	"gibbs/lib/loop"
	"gibbs/lib/net"
	"gibbs/lib/rng"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
	"github.com/google/go-cmp/cmp"
)

// Example sums the numbers below 10, and keeps every third partial sum.
func Example() {
	program, err := loop.Compile(backend.MustOpen(), loop.Loop{
		Step: func(i *Node, _, state loop.Nodes) loop.Nodes {
			return loop.Nodes{"sum": Add(state["sum"], i)}
		},
		Collect: func(_, state loop.Nodes) loop.Nodes { return state },
		Every:   3,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := program.Run(context.Background(), 10, nil, loop.Tensors{"sum": tensors.FromValue(int32(0))})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.State["sum"].Value(), result.Collected["sum"].Value())
	// Output: 45 [3 15 36]
}

func compile(t *testing.T, l loop.Loop) *loop.Program {
	t.Helper()
	p, err := loop.Compile(backend.MustOpen(), l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Finalize)
	return p
}

func run(t *testing.T, p *loop.Program, steps int, constants, in loop.Tensors) *loop.Result {
	t.Helper()
	r, err := p.Run(context.Background(), steps, constants, in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// horner is a loop whose end tells every step and its order apart:
//
//	x ← 3·x + i + c  (mod 2³²)
//
// It keeps x and [x, i + 1].
var horner = loop.Loop{
	Step: func(i *Node, constants, state loop.Nodes) loop.Nodes {
		u := ConvertDType(i, dtypes.Uint32)
		return loop.Nodes{"x": Add(Add(MulScalar(state["x"], 3), u), constants["c"]), "i": AddScalar(i, 1)}
	},
	Collect: func(_, state loop.Nodes) loop.Nodes {
		i := ConvertDType(state["i"], dtypes.Uint32)
		return loop.Nodes{"x": state["x"], "pair": Stack([]*Node{state["x"], i}, 0)}
	},
}

func hornerArgs(c uint32) (constants, in loop.Tensors) {
	return loop.Tensors{"c": tensors.FromValue(c)}, loop.Tensors{"x": tensors.FromValue(uint32(7)), "i": tensors.FromValue(int32(0))}
}

// hornerOnHost is the loop in Go: the last x, and those after every every-th step.
func hornerOnHost(steps, every int, c uint32) (last uint32, kept []uint32, pairs [][]uint32) {
	last = 7
	kept, pairs = []uint32{}, [][]uint32{}
	for i := range steps {
		last = 3*last + uint32(i) + c
		if (i+1)%every == 0 {
			kept, pairs = append(kept, last), append(pairs, []uint32{last, uint32(i + 1)})
		}
	}
	return last, kept, pairs
}

// checkHorner compares a run of the horner loop with Go.
func checkHorner(r *loop.Result, steps, every int, c uint32) error {
	last, kept, pairs := hornerOnHost(steps, every, c)
	if got := r.State["x"].Value(); got != last || r.Steps != steps {
		return fmt.Errorf("x = %v after %d of %d steps, want %d", got, r.Steps, steps, last)
	}
	if n := r.Collected["x"].Shape().Dimensions[0]; n != len(kept) || n == 0 {
		if n != len(kept) {
			return fmt.Errorf("%d rows after %d steps, want %d", n, steps, len(kept))
		}
		return nil
	}
	if d := cmp.Diff(kept, r.Collected["x"].Value()) + cmp.Diff(pairs, r.Collected["pair"].Value()); d != "" {
		return fmt.Errorf("after %d steps (-want +kept):\n%s", steps, d)
	}
	return nil
}

// TestEveryStepAndEveryRowAreRight runs numbers of steps that do and do not fill
// the blocks, one program for all of them.
func TestEveryStepAndEveryRowAreRight(t *testing.T) {
	for _, c := range []struct{ every, block int }{{0, 0}, {1, 1}, {3, 5}, {7, 6}, {2, 8}} {
		l := horner
		l.Every, l.Block = c.every, c.block
		p := compile(t, l)
		for k, steps := range []int{0, 1, 2, 6, 15, 61, 400} {
			constants, in := hornerArgs(uint32(100 + k))
			if err := checkHorner(run(t, p, steps, constants, in), steps, max(c.every, 1), uint32(100+k)); err != nil {
				t.Errorf("every %d, block %d: %v", c.every, c.block, err)
			}
		}
		if n := p.Compilations(); n != 1 {
			t.Errorf("every %d, block %d: %d compilations for one shape, want 1", c.every, c.block, n)
		}
	}
}

// TestPlantedBugsAreCaught hands loops with mistakes to the check of the test
// above.
func TestPlantedBugsAreCaught(t *testing.T) {
	const steps, every, block, c = 61, 3, 5, 100
	step := horner.Step
	constants, in := hornerArgs(c)
	for name, bug := range map[string]struct {
		step    func(i *Node, constants, state loop.Nodes) loop.Nodes
		collect func(constants, state loop.Nodes) loop.Nodes
		steps   int
	}{
		"none": {step, horner.Collect, steps},
		"i from 1": {func(i *Node, c, s loop.Nodes) loop.Nodes {
			next := step(AddScalar(i, 1), c, s)
			next["i"] = AddScalar(i, 1)
			return next
		}, horner.Collect, steps},
		"a stale state at the border of a block": {func(i *Node, c, s loop.Nodes) loop.Nodes {
			begins := Equal(ModScalar(i, block), ScalarZero(i.Graph(), i.DType()))
			next := step(i, c, s)
			next["x"] = Where(begins, s["x"], next["x"])
			return next
		}, horner.Collect, steps},
		"constants that do not arrive": {func(i *Node, c, s loop.Nodes) loop.Nodes {
			return step(i, loop.Nodes{"c": ZerosLike(c["c"])}, s)
		}, horner.Collect, steps},
		"rows shifted by one": {step, func(c, s loop.Nodes) loop.Nodes {
			return horner.Collect(c, loop.Nodes{"x": s["x"], "i": AddScalar(s["i"], -1)})
		}, steps},
		"the last partial block left out": {step, horner.Collect, steps - steps%block},
	} {
		p := compile(t, loop.Loop{Step: bug.step, Collect: bug.collect, Every: every, Block: block})
		if err := checkHorner(run(t, p, bug.steps, constants, in), steps, every, c); (err == nil) != (name == "none") {
			t.Errorf("planted %q: %v", name, err)
		}
	}
}

// TestNewShapesCompileOnceEach counts compilations.
func TestNewShapesCompileOnceEach(t *testing.T) {
	p := compile(t, loop.Loop{
		Init: func(in loop.Nodes) loop.Nodes { return loop.Nodes{"x": MulScalar(in["x"], 2)} },
		Step: func(_ *Node, _, state loop.Nodes) loop.Nodes { return loop.Nodes{"x": AddScalar(state["x"], 1)} },
	})
	for _, x := range []any{[]float32{1}, []float32{1, 2}, []float32{3}, []float32{4, 5}} {
		run(t, p, 5, nil, loop.Tensors{"x": tensors.MustFromAnyValue(x)})
	}
	if n := p.Compilations(); n != 4 {
		t.Errorf("%d compilations, want 2 for each of 2 shapes", n)
	}
}

// TestWhileIsAskedBeforeEveryStep halves until it is below a bound.
func TestWhileIsAskedBeforeEveryStep(t *testing.T) {
	for _, block := range []int{0, 1, 3, 4} {
		p := compile(t, loop.Loop{
			Step:    func(_ *Node, _, state loop.Nodes) loop.Nodes { return loop.Nodes{"x": MulScalar(state["x"], 0.5)} },
			While:   func(c, state loop.Nodes) *Node { return GreaterThan(MulScalar(state["x"], 0.5), c["bound"]) },
			Collect: func(_, state loop.Nodes) loop.Nodes { return state },
			Every:   2,
			Block:   block,
		})
		for _, c := range []struct {
			bound float32
			steps int
			kept  []float32
		}{{600, 0, nil}, {300, 1, nil}, {1, 9, []float32{256, 64, 16, 4}}, {0.5, 10, []float32{256, 64, 16, 4, 1}}, {0, 20, nil}} {
			r := run(t, p, 20, loop.Tensors{"bound": tensors.FromValue(c.bound)}, loop.Tensors{"x": tensors.FromValue(float32(1024))})
			if got, want := r.State["x"].Value(), float32(math.Ldexp(1024, -c.steps)); r.Steps != c.steps || got != want {
				t.Errorf("block %d, bound %v: x = %v after %d steps, want %v after %d", block, c.bound, got, r.Steps, want, c.steps)
			}
			if c.kept != nil {
				if d := cmp.Diff(c.kept, r.Collected["x"].Value()); d != "" {
					t.Errorf("block %d, bound %v (-want +kept):\n%s", block, c.bound, d)
				}
			}
		}
	}
}

// TestGradientsNetworksAndStreams runs what samplers and learners need inside a
// body: a network read through scopes twice, its gradient, constants made by
// Const, normals of a carried stream, and a variable that is updated. The block
// and the same step in a graph of its own must agree.
func TestGradientsNetworksAndStreams(t *testing.T) {
	mlp := net.MLP{Hidden: []int{5}, Out: 1, Activation: activation.TypeTanh}
	fresh := func() *model.Store {
		store := model.NewStore()
		scope := store.RootScope().WithInitializer(net.Glorot(3))
		g := NewGraph(backend.MustOpen(), "make")
		defer g.Finalize()
		mlp.Apply(scope, Const(g, [][]float32{{1, 2}}))
		if err := store.InitializeVariables(backend.MustOpen(), nil); err != nil {
			t.Fatal(err)
		}
		return store
	}
	step := func(store *model.Store, i *Node, state loop.Nodes) loop.Nodes {
		f := net.Bind(store.RootScope(), mlp.Apply)
		x := state["x"]
		s, z := rng.Normal(rng.FromNode(state["s"]), x.DType(), x.Shape().Dimensions...)
		energy := Add(ReduceAllSum(Square(f(x))), ReduceAllSum(Square(f(Neg(x)))))
		x = Sub(x, MulScalar(Gradient(energy, x)[0], 0.05))
		x = Add(Add(x, MulScalar(z, 0.1)), Const(x.Graph(), [][]float32{{0.01, -0.01}}))
		w := store.GetVariable("/output/dense/weights")
		w.SetNodeValue(AddScalar(w.NodeValue(x), 0.01))
		return loop.Nodes{"x": x, "s": s.Node()}
	}
	in := func() loop.Tensors {
		return loop.Tensors{"x": tensors.FromValue([][]float32{{1, 2}, {-1, 0.5}, {0, 1}}), "s": tensors.FromValue(append(rng.Key(4), 0))}
	}
	const steps = 50

	store := fresh()
	p := compile(t, loop.Loop{Store: store, Block: 20, Step: func(i *Node, _, state loop.Nodes) loop.Nodes { return step(store, i, state) }})
	r := run(t, p, steps, nil, in())

	hand := fresh()
	one := model.MustNewExec(backend.MustOpen(), hand, func(_ *model.Scope, x, s *Node) (*Node, *Node) {
		next := step(hand, nil, loop.Nodes{"x": x, "s": s})
		return next["x"], next["s"]
	})
	x, s := in()["x"], in()["s"]
	for range steps {
		x, s = one.MustCall2(x, s)
	}
	// 50 steps of some 100 float32 operations on numbers of order 1; the map
	// contracts, so that roundings do not grow.
	if !r.State["x"].InDelta(x, 2e-5) || !r.State["s"].Equal(s) {
		t.Errorf("in a loop %v, one by one %v", r.State["x"], x)
	}
	for v := range hand.IterVariables() {
		if got := store.GetVariable(v.Path()).MustValue(); !got.InDelta(v.MustValue(), 1e-6) {
			t.Errorf("%s is %v, want %v", v.Path(), got, v.MustValue())
		}
	}
	if start := fresh().GetVariable("/output/dense/weights").MustValue(); start.InDelta(store.GetVariable("/output/dense/weights").MustValue(), 0.4) {
		t.Error("the variable that steps update did not move by 50·0.01")
	}
}

// TestRunsGoOnWhereOthersEnded splits 30 steps in two runs.
func TestRunsGoOnWhereOthersEnded(t *testing.T) {
	p := compile(t, loop.Loop{Step: func(_ *Node, _, state loop.Nodes) loop.Nodes {
		x := state["x"]
		return loop.Nodes{"x": Mul(MulScalar(x, 3.9), OneMinus(x))}
	}})
	x := func() loop.Tensors { return loop.Tensors{"x": tensors.FromValue([]float64{0.3})} }
	whole := run(t, p, 30, nil, x())
	in := x()
	first := run(t, p, 13, nil, in)
	again := run(t, p, 17, nil, first.State)
	if !whole.State["x"].Equal(again.State["x"]) {
		t.Errorf("30 steps gave %v, 13 and then 17 gave %v", whole.State["x"], again.State["x"])
	}
	if !in["x"].Equal(x()["x"]) {
		t.Errorf("the run changed its input to %v", in["x"])
	}
	if still := run(t, p, 17, nil, first.State); !still.State["x"].Equal(again.State["x"]) {
		t.Errorf("the run changed the state that it began with")
	}
}

// TestContextsEndRunsBetweenBlocks stops at the third block, and expects what was
// done so far.
func TestContextsEndRunsBetweenBlocks(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	l := horner
	l.Block = 10
	l.Progress = func(done, steps int) {
		if steps != 100 || done%10 != 0 {
			t.Errorf("progress told %d of %d", done, steps)
		}
		if done == 30 {
			cancel()
		}
	}
	constants, in := hornerArgs(1)
	r, err := compile(t, l).Run(ctx, 100, constants, in)
	if !errors.Is(err, context.Canceled) || r == nil || r.Steps != 30 {
		t.Fatalf("the run ended with %v and %+v, want context.Canceled after 30 steps", err, r)
	}
	last, kept, _ := hornerOnHost(30, 1, 1)
	if d := cmp.Diff(kept, r.Collected["x"].Value()); r.State["x"].Value() != last || d != "" {
		t.Errorf("x = %v, want %d; (-want +kept):\n%s", r.State["x"], last, d)
	}
}

// TestAStepThatCannotLoopIsDispatched sorts in every step, which GoMLX cannot do
// inside a While.
func TestAStepThatCannotLoopIsDispatched(t *testing.T) {
	p := compile(t, loop.Loop{Step: func(i *Node, _, state loop.Nodes) loop.Nodes {
		x := Sort(state["x"], 0, true)
		return loop.Nodes{"x": Mul(x, Const(x.Graph(), []float32{-1, 1, 2}))}
	}})
	r := run(t, p, 3, nil, loop.Tensors{"x": tensors.FromValue([]float32{3, 1, 2})})
	if d := cmp.Diff([]float32{-1, 2, 24}, r.State["x"].Value()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if err := p.Stepped(); err == nil {
		t.Error("the program does not say that its steps are dispatched one by one")
	} else {
		t.Log(err)
	}
}

func TestMisuseIsRefused(t *testing.T) {
	keep := func(_ *Node, _, state loop.Nodes) loop.Nodes { return state }
	store := model.NewStore()
	for name, try := range map[string]struct {
		loop loop.Loop
		in   any
		want string
	}{
		"no step":          {loop.Loop{}, float32(0), "without Step"},
		"negative every":   {loop.Loop{Step: keep, Every: -1}, float32(0), "Every"},
		"negative block":   {loop.Loop{Step: keep, Block: -1}, float32(0), "Block"},
		"no state":         {loop.Loop{Step: keep}, nil, "no state"},
		"another shape":    {loop.Loop{Step: func(_ *Node, _, s loop.Nodes) loop.Nodes { return loop.Nodes{"x": ExpandAxes(s["x"], 0)} }}, float32(0), "must keep"},
		"another name":     {loop.Loop{Step: func(_ *Node, _, s loop.Nodes) loop.Nodes { return loop.Nodes{"y": s["x"]} }}, float32(0), "must keep"},
		"one name more":    {loop.Loop{Step: func(i *Node, _, s loop.Nodes) loop.Nodes { return loop.Nodes{"x": s["x"], "y": i} }}, float32(0), "must keep"},
		"a name less":      {loop.Loop{Step: func(_ *Node, _, s loop.Nodes) loop.Nodes { return nil }}, float32(0), "must keep"},
		"while no bool":    {loop.Loop{Step: keep, While: func(_, s loop.Nodes) *Node { return s["x"] }}, float32(0), "bool scalar"},
		"empty collection": {loop.Loop{Step: keep, Collect: func(_, s loop.Nodes) loop.Nodes { return nil }}, float32(0), "Collect"},
		"a panic":          {loop.Loop{Step: func(_ *Node, _, s loop.Nodes) loop.Nodes { panic(errors.New("of the user")) }}, float32(0), "of the user"},
		"no such node":     {loop.Loop{Step: func(_ *Node, _, s loop.Nodes) loop.Nodes { return loop.Nodes{"x": Neg(s["z"])} }}, float32(0), ""},
		"a nil node":       {loop.Loop{Step: func(_ *Node, _, s loop.Nodes) loop.Nodes { return loop.Nodes{"x": nil} }}, float32(0), `no node "x"`},
		"variable made": {loop.Loop{Store: store, Step: func(_ *Node, _, s loop.Nodes) loop.Nodes {
			return loop.Nodes{"x": Add(s["x"], store.RootScope().VariableWithShape("made", s["x"].Shape()).NodeValue(s["x"]))}
		}}, float32(0), "/made"},
		"store not given": {loop.Loop{Step: func(_ *Node, _, s loop.Nodes) loop.Nodes {
			return loop.Nodes{"x": Add(s["x"], store.RootScope().VariableWithValue("other", float32(1)).NodeValue(s["x"]))}
		}}, float32(0), "Loop.Store"},
	} {
		p, err := loop.Compile(backend.MustOpen(), try.loop)
		if err == nil {
			in := loop.Tensors{}
			if try.in != nil {
				in["x"] = tensors.MustFromAnyValue(try.in)
			}
			_, err = p.Run(context.Background(), 3, nil, in)
		}
		if err == nil || !strings.HasPrefix(err.Error(), "loop: ") || !strings.Contains(err.Error(), try.want) {
			t.Errorf("%s: error %v, want one of loop with %q", name, err, try.want)
		}
	}
	p := compile(t, loop.Loop{Step: keep})
	if _, err := p.Run(context.Background(), -1, nil, loop.Tensors{"x": tensors.FromValue(float32(0))}); err == nil {
		t.Error("−1 steps were accepted")
	}
	if _, err := p.Run(context.Background(), 1, nil, loop.Tensors{"x": nil}); err == nil {
		t.Error("an input of nil was accepted")
	}
}

// TestSpread: the numbers are the scalars', in the shape of x, and one alone is refused.
func TestSpread(t *testing.T) {
	exec := MustNewExec(backend.MustOpen(), func(x, a, b *Node) []*Node { return loop.Spread(x, a, b) })
	for i, got := range exec.MustCall([][]float32{{1, 2}, {3, 4}}, float32(5), float32(6)) {
		want := float32(5 + i)
		if diff := cmp.Diff([][]float32{{want, want}, {want, want}}, got.Value()); diff != "" {
			t.Error(diff)
		}
	}
	if err := exceptions.TryCatch[error](func() {
		MustNewExec(backend.MustOpen(), func(x *Node) []*Node { return loop.Spread(x, x) }).MustCall(float32(1))
	}); err == nil {
		t.Error("one scalar: accepted")
	}
}
