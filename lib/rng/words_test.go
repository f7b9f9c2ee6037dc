package rng

import (
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"gibbs/lib/backend"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// history draws a sequence that uses every way to make a stream, in a graph. The
// key is an input, step an integer scalar.
func history(key, step *graph.Node) []*graph.Node {
	root := FromKey(key)
	var out []*graph.Node
	draw := func(s State, dims ...int) State {
		s, words := Bits(s, dims...)
		out = append(out, words)
		return s
	}
	s := draw(root)   // a scalar
	s = draw(s, 7)    // an odd number of words
	s = draw(s, 3, 4) // two axes
	draw(root, 3, 4)  // the root again
	left, right := s.Split()
	draw(left, 5)
	draw(right, 5)
	draw(draw(root.Fold(step), 6), 6)
	draw(root.FoldInt(-3).FoldInt(1<<40), 6)
	s, integers := Integers(root.FoldInt(1), 1000, 50)
	out = append(out, integers)
	s, uniform := Uniform(s, dtypes.Float64, 33)
	out = append(out, uniform)
	_, normal := Normal(s, dtypes.Float64, 33)
	return append(out, normal)
}

// hostHistory is history on the host.
func hostHistory(seed, step int64) []any {
	var out []any
	draw := func(h *Host, n int) *Host {
		out = append(out, h.Bits(n))
		return h
	}
	root := NewHost(seed)
	h := draw(draw(draw(NewHost(seed), 1), 7), 12)
	draw(NewHost(seed), 12)
	left, right := h.Split()
	draw(left, 5)
	draw(right, 5)
	draw(draw(root.Fold(step), 6), 6)
	draw(root.Fold(-3).Fold(1<<40), 6)
	h = root.Fold(1)
	integers := make([]int32, 50)
	for i, word := range h.Bits(50) {
		integers[i] = int32(below(word, 1000))
	}
	return append(out, integers, h.Uniform(33), h.Normal(33))
}

func flat(t *tensors.Tensor) any {
	switch t.DType() {
	case dtypes.Uint32:
		return tensors.MustCopyFlatData[uint32](t)
	case dtypes.Int32:
		return tensors.MustCopyFlatData[int32](t)
	case dtypes.Float32:
		return tensors.MustCopyFlatData[float32](t)
	}
	return tensors.MustCopyFlatData[float64](t)
}

// same compares two flat results: words, integers and uniforms exactly, normals to 1e-12.
func same(a, b any, exact bool) bool {
	switch a := a.(type) {
	case []uint32:
		return slices.Equal(a, b.([]uint32))
	case []int32:
		return slices.Equal(a, b.([]int32))
	case []float64:
		return slices.EqualFunc(a, b.([]float64), func(x, y float64) bool {
			return x == y || !exact && math.Abs(x-y) < 1e-12
		})
	}
	return false
}

func TestGraphDrawsTheHostsWords(t *testing.T) {
	checkBackend(t, backend.MustOpen())
}

// TestBackendsDrawTheSameWords compares pure Go with the host too where the open
// backend, which TestGraphDrawsTheHostsWords compares with it, is another one.
func TestBackendsDrawTheSameWords(t *testing.T) {
	choice, err := backend.Choose()
	if err != nil {
		t.Fatal(err)
	}
	if choice.Name == backend.Go {
		t.Skipf("only the pure-Go backend is here (%s): nothing to compare it with", choice.Why)
	}
	pureGo, err := compute.NewWithConfig("go")
	if err != nil {
		t.Fatal(err)
	}
	checkBackend(t, pureGo)
	checkLanes(t, pureGo)
}

func checkBackend(t *testing.T, b compute.Backend) {
	t.Helper()
	exec := graph.MustNewExec(b, history)
	for _, seed := range []int64{0, 1, -1, 42, math.MinInt64, 0x123456789ABCDEF} {
		for _, step := range []int64{0, 7, -7, 1 << 40, -1 << 40} {
			want := hostHistory(seed, step)
			for i, tensor := range exec.MustCall(Key(seed), step) {
				if got := flat(tensor); !same(got, want[i], i < len(want)-1) {
					t.Fatalf("%s: seed %d step %v draw %d:\ngot  %v\nwant %v", b.Name(), seed, step, i, got, want[i])
				}
			}
		}
	}
}

// TestFoldTakesEveryIntegerDType checks that equal integers name equal streams.
func TestFoldTakesEveryIntegerDType(t *testing.T) {
	exec := graph.MustNewExec(backend.MustOpen(), func(key, n *graph.Node) *graph.Node { return FromKey(key).Fold(n).Node() })
	for _, c := range []struct {
		n    any
		same int64
	}{
		{int8(-5), -5}, {int16(300), 300}, {int32(-7), -7}, {int64(-1) << 40, -1 << 40},
		{uint8(200), 200}, {uint32(1) << 31, 1 << 31}, {uint64(1) << 63, math.MinInt64},
	} {
		key := NewHost(9).Fold(c.same).Key()
		if got := tensors.MustCopyFlatData[uint32](exec.MustCall1(Key(9), c.n)); !slices.Equal(got, append(key, 0)) {
			t.Errorf("%T %v: got %x, want key %x", c.n, c.n, got, key)
		}
	}
}

// TestStateCrossesALoop threads both kinds of State through a compiled loop and
// compares the words of its last draw with the host's. It draws before the loop what
// it draws inside: constants that the two shared would fail to build.
func TestStateCrossesALoop(t *testing.T) {
	exec := graph.MustNewExec(backend.MustOpen(), func(key *graph.Node) (words, more *graph.Node) {
		keyed, lanes := FromKey(key), FromKey(key).Lanes(3)
		_, a := Normal(keyed, dtypes.Float32, 4)
		_, b := Normal(lanes, dtypes.Float32, 4)
		out := repeat(10, func(in []*graph.Node) []*graph.Node {
			keyed, words := Bits(FromNode(in[0]), 5)
			lanes, more := Bits(FromNode(in[1]), 5)
			_, a := Normal(keyed, dtypes.Float32, 4)
			_, b := Normal(lanes, dtypes.Float32, 4)
			return []*graph.Node{keyed.Node(), lanes.Node(), words, more, a, b}
		}, keyed.Node(), lanes.Node(), graph.Const(key.Graph(), make([]uint32, 5)), graph.Const(key.Graph(), make([]uint32, 5)), a, b)
		return out[2], out[3]
	})
	words, more := exec.MustCall2(Key(3))
	for i, h := range []*Host{NewHost(3), NewHost(3).Lanes(3)} {
		var want []uint32
		for range 10 {
			want = h.Bits(5)
		}
		if got := tensors.MustCopyFlatData[uint32]([]*tensors.Tensor{words, more}[i]); !slices.Equal(got, want) {
			t.Errorf("state %d, words of draw 10: got %x, want %x", i, got, want)
		}
	}
}

// repeat applies a step n times in a compiled loop.
func repeat(n int, step func(in []*graph.Node) []*graph.Node, init ...*graph.Node) []*graph.Node {
	g := init[0].Graph()
	params := func(g *graph.Graph) (i *graph.Node, in []*graph.Node) {
		i = graph.Parameter(g, "i", shapes.Make(dtypes.Int32))
		for k, n := range init {
			in = append(in, graph.Parameter(g, fmt.Sprint("in", k), n.Shape()))
		}
		return i, in
	}
	cond := graph.NewClosure(g, func(g *graph.Graph) []*graph.Node {
		i, _ := params(g)
		return []*graph.Node{graph.LessThan(i, graph.Const(g, int32(n)))}
	})
	body := graph.NewClosure(g, func(g *graph.Graph) []*graph.Node {
		i, in := params(g)
		return append([]*graph.Node{graph.Add(i, graph.Const(g, int32(1)))}, step(in)...)
	})
	return graph.While(cond, body, append([]*graph.Node{graph.Const(g, int32(0))}, init...)...)[1:]
}

// BenchmarkNormal draws 20,000 float32 normals in each of 1,000 steps of a compiled
// loop and adds them up, from either kind of State.
func BenchmarkNormal(b *testing.B) {
	const rows, steps = 10_000, 1000
	for name, start := range map[string]func(s State) State{
		"none":  func(s State) State { return s },
		"keyed": func(s State) State { return s },
		"lanes": func(s State) State { return s.Lanes(rows) },
	} {
		b.Run(name, func(b *testing.B) {
			exec := graph.MustNewExec(backend.MustOpen(), func(key *graph.Node) *graph.Node {
				s := start(FromKey(key))
				zero := graph.Zeros(key.Graph(), shapes.Make(dtypes.Float32, rows, 2))
				out := repeat(steps, func(in []*graph.Node) []*graph.Node {
					if name == "none" {
						return []*graph.Node{in[0], graph.Add(in[1], graph.Const(in[1].Graph(), float32(1)))}
					}
					s, z := Normal(FromNode(in[0]), dtypes.Float32, rows, 2)
					return []*graph.Node{s.Node(), graph.Add(in[1], z)}
				}, s.Node(), zero)
				return graph.ReduceAllMax(out[1])
			})
			exec.MustCall1(Key(1))
			for b.Loop() {
				exec.MustCall1(Key(1))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*steps*rows*2), "ns/normal")
		})
	}
}

func TestMisusePanics(t *testing.T) {
	for name, build := range map[string]func(g *graph.Graph) *graph.Node{
		"key of three words":  func(g *graph.Graph) *graph.Node { return FromKey(graph.Const(g, []uint32{1, 2, 3})).Node() },
		"key of floats":       func(g *graph.Graph) *graph.Node { return FromKey(graph.Const(g, []float32{1, 2})).Node() },
		"fold of a float":     func(g *graph.Graph) *graph.Node { return New(g, 1).Fold(graph.Const(g, float32(1))).Node() },
		"fold of a vector":    func(g *graph.Graph) *graph.Node { return New(g, 1).Fold(graph.Const(g, []int32{1})).Node() },
		"zero dimension":      func(g *graph.Graph) *graph.Node { _, x := Bits(New(g, 1), 0); return x },
		"too many words":      func(g *graph.Graph) *graph.Node { _, x := Bits(New(g, 1), 1<<20, 1<<20); return x },
		"normals of int32":    func(g *graph.Graph) *graph.Node { _, x := Normal(New(g, 1), dtypes.Int32, 2); return x },
		"uniforms of half":    func(g *graph.Graph) *graph.Node { _, x := Uniform(New(g, 1), dtypes.Float16, 2); return x },
		"no lanes":            func(g *graph.Graph) *graph.Node { return New(g, 1).Lanes(0).Node() },
		"lanes of lanes":      func(g *graph.Graph) *graph.Node { return New(g, 1).Lanes(4).Lanes(2).Node() },
		"fold of lanes":       func(g *graph.Graph) *graph.Node { return New(g, 1).Lanes(4).FoldInt(1).Node() },
		"split of lanes":      func(g *graph.Graph) *graph.Node { s, _ := New(g, 1).Lanes(4).Split(); return s.Node() },
		"2000 advances":       func(g *graph.Graph) *graph.Node { _, x := Bits(New(g, 1).Lanes(1), 2000); return x },
		"three rows of lanes": func(g *graph.Graph) *graph.Node { return FromNode(graph.Const(g, [][]uint32{{1}, {2}, {3}})).Node() },
		"permutation of none": func(g *graph.Graph) *graph.Node { _, x := Permutation(New(g, 1), 0); return x },
		"waits of int32":      func(g *graph.Graph) *graph.Node { _, x := Exponential(New(g, 1), dtypes.Int32, 2); return x },
		"integers below 0":    func(g *graph.Graph) *graph.Node { _, x := Integers(New(g, 1), 0, 2); return x },
	} {
		if _, err := graph.CallOnce(backend.MustOpen(), build); err == nil {
			t.Errorf("%s: no panic", name)
		}
	}
}

func TestMain(m *testing.M) {
	choice, err := backend.Choose()
	if err == nil {
		println("rng: backend", choice.String())
	}
	os.Exit(m.Run())
}
