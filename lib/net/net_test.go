package net_test

import (
	"fmt"
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
	"gibbs/lib/net"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
)

func Example() {
	store := model.NewStore()
	scope := store.RootScope().WithInitializer(net.Glorot(42))
	mlp := net.MLP{Hidden: []int{64, 64}, Out: 2, Activation: activation.TypeTanh}
	apply := model.MustNewExec(backend.MustOpen(), store, func(_ *model.Scope, x *Node) *Node {
		f := net.Bind(scope, mlp.Apply)
		return Add(f(x), f(x)) // the same weights twice
	})
	y := apply.MustCall1([][]float32{{1, 2}, {3, 4}, {5, 6}})
	fmt.Println(y.Shape(), store.NumParameters(), "weights")
	// Output: (Float32)[3, 2] 4482 weights
}

var mlp = net.MLP{Hidden: []int{3}, Out: 2, Activation: activation.TypeTanh}

// TestMLPIsItsFormula writes the formula out on the host.
func TestMLPIsItsFormula(t *testing.T) {
	store := model.NewStore()
	scope := store.RootScope().WithInitializer(net.Glorot(1))
	x := [][]float64{{0.3, -1.2}, {2, 0.7}}
	got := model.MustNewExec(backend.MustOpen(), store, func(_ *model.Scope, x *Node) *Node {
		return net.Bind(scope, mlp.Apply)(x)
	}).MustCall1(x).Value().([][]float64)

	weight := func(path string) [][]float64 { return store.GetVariable(path).MustValue().Value().([][]float64) }
	w1, w2 := weight("/hidden_0/dense/weights"), weight("/output/dense/weights") // biases start at 0
	for n := range x {
		for out := range 2 {
			want := 0.0
			for h := range 3 {
				want += math.Tanh(x[n][0]*w1[0][h]+x[n][1]*w1[1][h]) * w2[h][out]
			}
			// A sum of 3 products in float64 is off by a few units of 2⁻⁵³.
			if math.Abs(got[n][out]-want) > 1e-14 {
				t.Errorf("y[%d][%d] = %v, want %v", n, out, got[n][out], want)
			}
		}
	}
}

func TestBoundNetworksShareTheirWeights(t *testing.T) {
	store := model.NewStore()
	scope := store.RootScope().WithInitializer(net.Glorot(1))
	x := [][]float32{{1, 2}}
	twice := model.MustNewExec(backend.MustOpen(), store, func(_ *model.Scope, x *Node) []*Node {
		f := net.Bind(scope, mlp.Apply)
		other := net.Bind(scope.In("other"), mlp.Apply)
		return []*Node{f(x), f(x), other(x)}
	}).MustCall(x)
	if !twice[0].InDelta(twice[1], 0) {
		t.Error("a bound network gave two results for one input")
	}
	if twice[0].InDelta(twice[2], 1e-3) {
		t.Error("another scope has the same weights")
	}
	if n := store.NumParameters(); n != 2*17 {
		t.Errorf("%d weights, want two networks of 2·3+3+3·2+2 = 17", n)
	}
}

// TestGlorot checks the bound, and the mean and variance of 64·32 uniform weights
// at |z| < 4.89 (false alarms: 1e-6 each). It catches a bound without the factor
// 6 or 2, and normals in place of uniforms.
func TestGlorot(t *testing.T) {
	const in, out = 64, 32
	draw := func(seed int64) []float64 {
		init := net.Glorot(seed)
		w := MustNewExec(backend.MustOpen(), func(g *Graph) *Node {
			return init(g, tensors.FromScalarAndDimensions(0.0, in, out).Shape())
		}).MustCall1()
		flat := make([]float64, 0, in*out)
		for _, row := range w.Value().([][]float64) {
			flat = append(flat, row...)
		}
		return flat
	}
	w := draw(7)
	a, n := math.Sqrt(6.0/(in+out)), float64(in*out)
	var sum, square, largest float64
	for _, x := range w {
		sum += x
		square += x * x
		largest = max(largest, math.Abs(x))
	}
	if largest >= a || largest < 0.99*a {
		t.Errorf("largest weight %v, want just below %v", largest, a)
	}
	if z := sum / (math.Sqrt(n) * a / math.Sqrt(3)); math.Abs(z) > 4.89 {
		t.Errorf("mean is off by %.1f standard errors", z)
	}
	// Var(x²) = a⁴(1/5 − 1/9) for x uniform in (−a, a).
	if z := (square - n*a*a/3) / (math.Sqrt(n*4/45) * a * a); math.Abs(z) > 4.89 {
		t.Errorf("variance is off by %.1f standard errors", z)
	}
	if other := draw(8); other[0] == w[0] {
		t.Error("two seeds gave the same weights")
	}
}

func TestMisuseIsRefused(t *testing.T) {
	for name, m := range map[string]net.MLP{
		"no activation": {Hidden: []int{4}, Out: 1},
		"no output":     {},
		"empty layer":   {Hidden: []int{0}, Out: 1, Activation: activation.TypeTanh},
	} {
		t.Run(name, func(t *testing.T) {
			store := model.NewStore()
			exec := model.MustNewExec(backend.MustOpen(), store, func(scope *model.Scope, x *Node) *Node { return m.Apply(scope, x) })
			if _, err := exec.Call([][]float32{{1}}); err == nil {
				t.Error("accepted")
			}
		})
	}
}
