package mcmc

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/loop"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// TestWindows holds the phases of a warm-up to Stan's.
func TestWindows(t *testing.T) {
	type phases struct {
		First int
		Slow  []int
		Last  int
	}
	for warmup, want := range map[int]phases{
		1000: {75, []int{25, 50, 100, 200, 500}, 50},
		2000: {75, []int{25, 50, 100, 200, 400, 1100}, 50},
		150:  {75, []int{25}, 50},
		100:  {15, []int{75}, 10},
		10:   {10, nil, 0},
	} {
		first, slow, last := windows(warmup)
		if diff := cmp.Diff(want, phases{first, slow, last}); diff != "" {
			t.Errorf("%d transitions: want -, got +:\n%s", warmup, diff)
		}
	}
}

// TestAverage makes 50 updates of dual averaging in the graph, for two chains apart and
// together, and on the host. Chain 1 ends a transition in every third step only.
func TestAverage(t *testing.T) {
	const steps, target = 50, 0.8
	accept := func(i int) []float64 { return []float64{0.5 + 0.4*math.Sin(float64(i)), 0.9} }
	ends := func(i int) []bool { return []bool{true, i%3 == 0} }
	for _, groups := range []int{1, 2} {
		program, err := loop.Compile(backend.MustOpen(), loop.Loop{
			Step: func(i *Node, constants, state loop.Nodes) loop.Nodes {
				at := func(name string) *Node { return Squeeze(Gather(constants[name], Reshape(i, 1, 1)), 0) }
				return average(constants, state, at("ends"), at("accepts"))
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer program.Finalize()
		var accepts [][]float64
		var ended [][]bool
		for i := range steps {
			accepts, ended = append(accepts, accept(i)), append(ended, ends(i))
		}
		zero := func() *tensors.Tensor { return tensors.FromValue(make([]float64, groups)) }
		r, err := program.Run(context.Background(), steps, loop.Tensors{
			"mu": tensors.FromValue(slices.Repeat([]float64{1}, groups)), "accept": tensors.FromScalar(target),
			"adapting": tensors.FromScalar(true), "accepts": tensors.FromValue(accepts), "ends": tensors.FromValue(ended),
		}, loop.Tensors{"log step": zero(), "log step mean": zero(), "h": zero(), "updates": zero(), "heard": zero(), "heard accept": zero()})
		if err != nil {
			t.Fatal(err)
		}
		for g := range groups {
			log, mean, h, n := 0.0, 0.0, 0.0, 0.0
			sum, count := 0.0, 0.0
			for i := range steps {
				a, e := accept(i), ends(i)
				for c := g; c < 2; c += groups {
					if e[c] {
						sum, count = sum+a[c], count+1
					}
				}
				if count < 2/float64(groups) {
					continue
				}
				n++
				h = (1-1/(n+10))*h + (target-sum/count)/(n+10)
				sum, count = 0, 0
				log = 1 - math.Sqrt(n)/0.05*h
				w := math.Pow(n, -0.75)
				mean = w*log + (1-w)*mean
			}
			got := []float64{flat(r.State["log step"])[g], flat(r.State["log step mean"])[g]}
			if d := floats.Distance(got, []float64{log, mean}, math.Inf(1)); !(d < 1e-10) {
				t.Errorf("%d groups, group %d: %v, want %v", groups, g, got, []float64{log, mean})
			}
		}
	}
}

// TestEstimate holds a metric to what it must be: the inverse mass is the regularised
// covariance, and the root A has AAᵀ = M.
func TestEstimate(t *testing.T) {
	draws := [][]float64{{1, 2}, {2, 1}, {4, 5}, {-1, 0}, {0, 3}}
	x := mat.NewDense(5, 2, slices.Concat(draws...))
	for _, shape := range []Shape{DiagonalMetric, DenseMetric} {
		m := unitMass(shape, 1, 2)
		if err := m.estimate(0, draws); err != nil {
			t.Fatal(err)
		}
		var want mat.SymDense
		covariance(&want, x)
		want.ScaleSym(0.5, &want) // n/(n + 5)
		want.SetSym(0, 0, want.At(0, 0)+5e-4)
		want.SetSym(1, 1, want.At(1, 1)+5e-4)
		inverse, root := mat.NewDense(2, 2, nil), mat.NewDense(2, 2, nil)
		if shape == DenseMetric {
			inverse.Copy(mat.NewDense(2, 2, m.inverse[0]))
			root.Copy(mat.NewDense(2, 2, m.root[0]))
		} else {
			inverse.Copy(mat.NewDiagDense(2, m.inverse[0]))
			root.Copy(mat.NewDiagDense(2, m.root[0]))
			want.SetSym(0, 1, 0)
		}
		var mass, product mat.Dense
		mass.Mul(root, root.T())
		product.Mul(&mass, inverse)
		if !mat.EqualApprox(inverse, &want, 1e-12) || !mat.EqualApprox(&product, mat.NewDiagDense(2, []float64{1, 1}), 1e-12) {
			t.Errorf("shape %d: inverse %v, AAᵀM⁻¹ %v", shape, mat.Formatted(inverse), mat.Formatted(&product))
		}
	}
	if err := unitMass(DiagonalMetric, 1, 1).estimate(0, [][]float64{{1}, {math.NaN()}}); err == nil || !strings.Contains(err.Error(), "finite") {
		t.Errorf("draws that are not finite: %v", err)
	}
}

// covariance is the textbook's.
func covariance(out *mat.SymDense, x *mat.Dense) {
	n, dim := x.Dims()
	*out = *mat.NewSymDense(dim, nil)
	for a := range dim {
		for b := range dim {
			ma, mb := floats.Sum(mat.Col(nil, a, x))/float64(n), floats.Sum(mat.Col(nil, b, x))/float64(n)
			sum := 0.0
			for i := range n {
				sum += (x.At(i, a) - ma) * (x.At(i, b) - mb) / float64(n-1)
			}
			out.SetSym(a, b, sum)
		}
	}
}
