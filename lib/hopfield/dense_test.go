package hopfield_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/hopfield"
	"gibbs/lib/loop"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
)

// floatsOf are the states of patterns, as a float64 tensor.
func floatsOf(p *hopfield.Patterns) *tensors.Tensor {
	var flat []float64
	for mu := range p.Len() {
		for _, s := range p.State(mu) {
			flat = append(flat, float64(s))
		}
	}
	return tensors.FromFlatDataAndDimensions(flat, p.Len(), p.Units())
}

// TestDenseUpdate compares both forms of the update and the energy with sums on the
// host, unit by unit; at degree 2 that is Hebb's rule with its ties, and odd degrees
// tell a pattern from its inverse.
func TestDenseUpdate(t *testing.T) {
	const n, m, batch = 12, 4, 9
	p, x := hopfield.RandomPatterns(rng.NewHost(31), m, n), hopfield.RandomPatterns(rng.NewHost(32), batch, n)
	hebb := hopfield.Hebb(p)
	for _, degree := range []int{2, 3, 0} {
		power := func(z float64) float64 {
			if degree == 0 {
				return math.Exp(z)
			}
			return math.Pow(z, float64(degree))
		}
		energy := func(state []int8) (e float64) {
			for _, q := range p.Overlaps(state) {
				e -= power(math.Round(n * q))
			}
			return e
		}
		at := compiled(func(patterns, x *Node) []*Node {
			d := hopfield.Dense{Patterns: patterns, Degree: degree}
			return []*Node{d.Energy(x), d.Step(x), d.Update(x, Const(x.Graph(), int32(7)))}
		})
		got := at(floatsOf(p), floatsOf(x))
		ties := 0
		for k := range batch {
			old := x.State(k)
			want := energy(old) / math.Pow(n, float64(degree))
			if degree == 0 {
				want = -math.Log(-energy(old))
			}
			within(t, "energy", got[0][k], want, 1e-12)
			for i := range n {
				up, down := slices.Clone(old), slices.Clone(old)
				up[i], down[i] = 1, -1
				next, gap := old[i], energy(down)-energy(up)
				if math.Abs(gap) <= 1e-9*math.Abs(energy(up)) {
					ties++
				} else if next = -1; gap > 0 {
					next = 1
				}
				if degree == 2 {
					if h := hebb.Fields(old)[i]; (math.Abs(h) > 1e-12) && h*float64(next) < 0 {
						t.Errorf("degree 2 is not Hebb's rule at state %d, unit %d", k, i)
					}
				}
				if s := got[1][k*n+i]; s != float64(next) {
					t.Errorf("degree %d, state %d: step sets unit %d to %g, want %d", degree, k, i, s, next)
				}
				if i != 7 {
					next = old[i]
				}
				if s := got[2][k*n+i]; s != float64(next) {
					t.Errorf("degree %d, state %d: update of unit 7 leaves unit %d at %g, want %d", degree, k, i, s, next)
				}
			}
		}
		if degree == 2 && ties == 0 {
			t.Error("degree 2: no ties, nothing to test")
		}
	}
}

// TestDenseCapacity stores more patterns than units, beyond any rule that is linear in
// products, and sweeps through the units in a compiled loop from states with an eighth
// of the bits wrong. Hebb's rule would be far beyond α = 0.138.
func TestDenseCapacity(t *testing.T) {
	const n, m = 64, 100
	p := hopfield.RandomPatterns(rng.NewHost(33), m, n)
	start := tensors.MustCopyFlatData[float64](floatsOf(p))
	for k := range start {
		if k%8 == 3 {
			start[k] = -start[k]
		}
	}
	for _, degree := range []int{2, 4, 0} {
		program, err := loop.Compile(backend.MustOpen(), loop.Loop{
			Step: func(i *Node, constants, state loop.Nodes) loop.Nodes {
				d := hopfield.Dense{Patterns: constants["patterns"], Degree: degree}
				return loop.Nodes{"x": d.Update(state["x"], Mod(i, Const(i.Graph(), int32(n))))}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		result, err := program.Run(context.Background(), 2*n, loop.Tensors{"patterns": floatsOf(p)},
			loop.Tensors{"x": tensors.FromFlatDataAndDimensions(slices.Clone(start), m, n)})
		if err != nil {
			t.Fatal(err)
		}
		end, right := tensors.MustCopyFlatData[float64](result.State["x"]), 0
		for mu := range m {
			whole := true
			for i, s := range p.State(mu) {
				whole = whole && float64(s) == end[mu*n+i]
			}
			if whole {
				right++
			}
		}
		t.Logf("degree %d: %d of %d recalled", degree, right, m)
		if degree == 2 && right > 0 || degree != 2 && right < 98 {
			t.Errorf("degree %d: %d of %d patterns recalled", degree, right, m)
		}
	}
}

// TestDenseBitError compares degree 2 with the classical estimate, and degree 3 with a
// count over random patterns.
func TestDenseBitError(t *testing.T) {
	within(t, "degree 2", hopfield.DenseBitError(1_000_000, 138_000, 2), hopfield.BitError(1_000_001, 138_001), 1e-12)
	const n, m = 100, 400
	at := compiled(func(patterns *Node) *Node {
		d := hopfield.Dense{Patterns: patterns, Degree: 3}
		first := Slice(patterns, AxisRange(0, 20))
		return ReduceAllMean(ConvertDType(NotEqual(d.Step(first), first), patterns.DType()))
	})
	var shares []float64
	for seed := range int64(12) {
		shares = append(shares, at(floatsOf(hopfield.RandomPatterns(rng.NewHost(34).Fold(seed), m, n)))[0][0])
	}
	mean, se := meanError(shares)
	want := hopfield.DenseBitError(n, m, 3) // 2e-3, good to a tenth at this N
	statistic(t, "wrong bits at degree 3", mean, se+0.1*want, want)
}
