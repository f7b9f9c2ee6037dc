package rng

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gibbs/lib/backend"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/stat/distuv"
)

// Every statistical assertion of this file has a false-alarm rate of 1e-6 for
// the fixed seed that it uses: χ² and |z| from their exact limit laws at these
// sizes, Kolmogorov–Smirnov from Massart's bound P(√n·D > t) ≤ 2 exp(−2t²).
const (
	alpha   = 1e-6
	zLimit  = 4.892  // P(|z| > 4.892) = 1e-6
	ksLimit = 2.6933 // √(ln(2/1e-6)/2)
)

func chiLimit(k, alpha float64) float64 { return distuv.ChiSquared{K: k}.Quantile(1 - alpha) }

// chiSquared is Pearson's statistic of counts against shares. A count in a cell
// of share 0 makes it infinite.
func chiSquared(counts, shares []float64) float64 {
	var n, x2 float64
	for _, c := range counts {
		n += c
	}
	for i, c := range counts {
		if want := n * shares[i]; want > 0 {
			x2 += (c - want) * (c - want) / want
		} else if c > 0 {
			return math.Inf(1)
		}
	}
	return x2
}

func uniformShares(k int) []float64 {
	shares := make([]float64, k)
	for i := range shares {
		shares[i] = 1 / float64(k)
	}
	return shares
}

// checkKS compares a sample with a cumulative distribution function. With 2¹⁶
// numbers it catches a distance of 0.0105 between the laws.
func checkKS(sample []float64, cdf func(float64) float64) error {
	xs, n, d := slices.Sorted(slices.Values(sample)), float64(len(sample)), 0.0
	for i, x := range xs {
		p := cdf(x)
		d = max(d, p-float64(i)/n, float64(i+1)/n-p)
	}
	if math.IsNaN(d) || d*math.Sqrt(n) > ksLimit {
		return fmt.Errorf("Kolmogorov–Smirnov √n·D = %.2f, limit %.2f", d*math.Sqrt(n), ksLimit)
	}
	return nil
}

// checkNormal tests a sample for N(0, 1): its law, its variance, its fourth
// moment, and the correlation of numbers and of squares half the sample apart,
// where Box–Muller puts the two of a pair.
func checkNormal(z []float64) error {
	if err := checkKS(z, distuv.UnitNormal.CDF); err != nil {
		return err
	}
	n, half := float64(len(z)), len(z)/2
	var second, fourth, pair, squares float64
	for i, x := range z {
		second += x*x - 1
		fourth += x*x*x*x - 3
		if i < half {
			pair += x * z[i+half]
			squares += (x*x - 1) * (z[i+half]*z[i+half] - 1)
		}
	}
	for _, c := range []struct {
		name    string
		sum, sd float64 // sd of one term: Var x² = 2, Var x⁴ = 96, Var(x²−1)(y²−1) = 4
		terms   float64
	}{
		{"variance", second, math.Sqrt2, n}, {"fourth moment", fourth, math.Sqrt(96), n},
		{"correlation in a pair", pair, 1, n / 2}, {"correlation of squares in a pair", squares, 2, n / 2},
	} {
		if score := c.sum / (c.sd * math.Sqrt(c.terms)); !(math.Abs(score) < zLimit) {
			return fmt.Errorf("%s: z = %.1f", c.name, score)
		}
	}
	return nil
}

// draw runs a graph that draws from the stream of a seed and returns float64s.
func draw(t *testing.T, seed int64, fn func(s State) *graph.Node) []float64 {
	t.Helper()
	out := graph.MustExecOnce(backend.MustOpen(), func(key *graph.Node) *graph.Node {
		return graph.ConvertDType(fn(FromKey(key)), dtypes.Float64)
	}, Key(seed))
	return tensors.MustCopyFlatData[float64](out)
}

func TestUniform(t *testing.T) {
	for _, c := range []struct {
		dtype dtypes.DType
		grid  float64
	}{{dtypes.Float32, 0x1p24}, {dtypes.Float64, 0x1p53}} {
		u := draw(t, 11, func(s State) *graph.Node { _, u := Uniform(s, c.dtype, 256, 256); return u })
		for _, x := range u {
			if k := x * c.grid; !(x > 0 && x < 1 && k == math.Trunc(k) && math.Mod(k, 2) == 1) {
				t.Fatalf("%s: %g is not an odd multiple of 1/%g between 0 and 1", c.dtype, x, c.grid)
			}
		}
		if err := checkKS(u, func(x float64) float64 { return x }); err != nil {
			t.Errorf("%s: %v", c.dtype, err)
		}
	}
	exec := graph.MustNewExec(backend.MustOpen(), func(w *graph.Node) (a, b *graph.Node) { return uniform32(w), uniform64(w, w) })
	for word, ends := range map[uint32][2]float64{0: {0x1p-24, 0x1p-53}, math.MaxUint32: {1 - 0x1p-24, 1 - 0x1p-53}} {
		a, b := exec.MustCall2(word)
		if got := [2]float64{float64(a.Value().(float32)), b.Value().(float64)}; got != ends {
			t.Errorf("word %x: got %v, want %v", word, got, ends)
		}
	}
}

func TestNormal(t *testing.T) {
	for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.Float64} {
		z := draw(t, 12, func(s State) *graph.Node { _, z := Normal(s, dtype, 1<<16); return z })
		if err := checkNormal(z); err != nil {
			t.Errorf("%s: %v", dtype, err)
		}
	}
	if err := checkNormal(NewHost(12).Normal(1 << 16)); err != nil {
		t.Errorf("host: %v", err)
	}
}

// TestNormalShapes checks that a shape does not change the numbers, nor their order.
func TestNormalShapes(t *testing.T) {
	exec := graph.MustNewExec(backend.MustOpen(), func(key *graph.Node) []*graph.Node {
		var out []*graph.Node
		for _, dims := range [][]int{{12}, {1, 12}, {4, 3}, {3, 4}, {2, 1, 6}} {
			_, z := Normal(FromKey(key), dtypes.Float32, dims...)
			z.AssertDims(dims...)
			out = append(out, z)
		}
		return out
	})
	out := exec.MustCall(Key(16))
	want := tensors.MustCopyFlatData[float32](out[0])
	for i, z := range out {
		for k, x := range tensors.MustCopyFlatData[float32](z) {
			if math.Abs(float64(x-want[k])) > 1e-6 {
				t.Errorf("shape %s, number %d: %g, want %g", out[i].Shape(), k, x, want[k])
			}
		}
	}
}

// TestNormalCatchesPlantedBugs builds Box–Muller with mistakes from true uniforms.
func TestNormalCatchesPlantedBugs(t *testing.T) {
	const n = 1 << 16
	for name, pair := range map[string]func(u, v float64) (float64, float64){
		"":                   func(u, v float64) (float64, float64) { return math.Sqrt(-2 * math.Log(u)), 2 * math.Pi * v },
		"no factor 2":        func(u, v float64) (float64, float64) { return math.Sqrt(-math.Log(u)), 2 * math.Pi * v },
		"half a turn":        func(u, v float64) (float64, float64) { return math.Sqrt(-2 * math.Log(u)), math.Pi * v },
		"one uniform twice":  func(u, v float64) (float64, float64) { return math.Sqrt(-2 * math.Log(u)), 2 * math.Pi * u },
		"base 2 logarithm":   func(u, v float64) (float64, float64) { return math.Sqrt(-2 * math.Log2(u)), 2 * math.Pi * v },
		"variance 2 percent": func(u, v float64) (float64, float64) { return math.Sqrt(-2.08 * math.Log(u)), 2 * math.Pi * v },
	} {
		h, z := NewHost(13), make([]float64, n)
		u, v := h.Uniform(n/2), h.Uniform(n/2)
		for i := range u {
			r, angle := pair(u[i], v[i])
			z[i], z[n/2+i] = r*math.Cos(angle), r*math.Sin(angle)
		}
		if err := checkNormal(z); (err == nil) != (name == "") {
			t.Errorf("planted %q: got error %v", name, err)
		}
	}
}

// TestNormalTail checks the radius at the smallest words, without randomness: a
// radius beyond r must have probability exp(−r²/2), which is (k+½)·2⁻³² at word
// k. The largest words must give finite numbers. A radius uniform of 24 bits
// would end at √(2·25·ln 2) = 5.9 and be 256 times too coarse before it.
func TestNormalTail(t *testing.T) {
	exec := graph.MustNewExec(backend.MustOpen(), func(radius *graph.Node) (a, b *graph.Node) {
		zero := graph.ZerosLike(radius)
		return boxMuller([]*graph.Node{radius, zero}, dtypes.Float32),
			boxMuller([]*graph.Node{radius, zero, zero, zero}, dtypes.Float64)
	})
	words := []uint32{0, 1, 2, 3, 10, 100, 1000, 1 << 20, math.MaxUint32}
	out32, out64 := exec.MustCall2(words)
	for i, k := range words {
		r32 := float64(tensors.MustCopyFlatData[float32](out32)[i]) // the angle's word is 0, so this is the radius
		r64 := tensors.MustCopyFlatData[float64](out64)[i]
		if k == math.MaxUint32 {
			if !(math.Abs(r32) < 1e-3 && math.Abs(r64) < 1e-4) {
				t.Errorf("largest word: radii %g, %g", r32, r64)
			}
			continue
		}
		// Angle 2π·2⁻²⁴ costs nothing in float32; logarithm and root cost a few of 2⁻²⁴.
		if want := math.Sqrt(-2 * math.Log((float64(k)+0.5)*0x1p-32)); math.Abs(r32-want) > 2e-6*want {
			t.Errorf("float32 word %d: radius %.7f, want %.7f", k, r32, want)
		}
		if want := math.Sqrt(-2 * math.Log(float64(k)*0x1p-32+0x1p-65)); math.Abs(r64-want) > 1e-14*want {
			t.Errorf("float64 word %d: radius %.16f, want %.16f", k, r64, want)
		}
	}
}

// TestGradientByDraw takes ∂Σx²/∂x = 2x at a draw x, which is not 0 and has nothing
// behind it. The planted bug ends gradients at the draw instead of behind it.
func TestGradientByDraw(t *testing.T) {
	type draw = func(s State, dtype dtypes.DType, dims ...int) (State, *graph.Node)
	difference := func(dtype dtypes.DType, after func(x *graph.Node) *graph.Node, d draw) float64 {
		return tensors.ToScalar[float64](graph.MustNewExec(backend.MustOpen(), func(key *graph.Node) *graph.Node {
			_, x := d(FromKey(key), dtype, 4, 3)
			x = after(x)
			slope := graph.Gradient(graph.ReduceAllSum(graph.Square(x)), x)[0]
			off := graph.Abs(graph.Sub(slope, graph.MulScalar(x, 2)))
			return graph.ConvertDType(graph.ReduceAllMax(off), dtypes.Float64)
		}).MustCall1(Key(1)))
	}
	asIs := func(x *graph.Node) *graph.Node { return x }
	for name, d := range map[string]draw{
		"Normal": Normal, "Uniform": Uniform, "Exponential": Exponential, "Gumbel": Gumbel, "Rademacher": Rademacher,
	} {
		for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.Float64} {
			if off := difference(dtype, asIs, d); off != 0 {
				t.Errorf("%s, %s: ∂Σx²/∂x differs from 2x by %g", name, dtype, off)
			}
		}
	}
	if difference(dtypes.Float32, graph.StopGradient, Normal) == 0 {
		t.Error("planted bug not caught: gradients end at the draw")
	}
}

func TestDiscreteDraws(t *testing.T) {
	const n = 1 << 15
	inf := float32(math.Inf(-1))
	logs := func(weights ...float64) []float32 { // unnormalised: shifted by 300
		out := make([]float32, len(weights))
		for i, w := range weights {
			out[i] = float32(math.Log(w)) + 300
		}
		return out
	}
	for _, c := range []struct {
		name   string
		shares []float64
		fn     func(s State) *graph.Node
	}{
		{"integers below 7", uniformShares(7), func(s State) *graph.Node { _, x := Integers(s, 7, n); return x }},
		{"integers below 1000", uniformShares(1000), func(s State) *graph.Node { _, x := Integers(s, 1000, n); return x }},
		{"signs", []float64{0.5, 0, 0.5}, func(s State) *graph.Node {
			_, x := Rademacher(s, dtypes.Float32, n)
			return graph.AddScalar(x, 1)
		}},
		{"Bernoulli 0.2", []float64{0.8, 0.2}, func(s State) *graph.Node {
			_, x := Bernoulli(s, graph.AddScalar(graph.Zeros(s.Node().Graph(), makeShape(n)), 0.2))
			return x
		}},
		{"Bernoulli 0", []float64{1, 0}, func(s State) *graph.Node {
			_, x := Bernoulli(s, graph.Zeros(s.Node().Graph(), makeShape(n)))
			return x
		}},
		{"Bernoulli 1", []float64{0, 1}, func(s State) *graph.Node {
			_, x := Bernoulli(s, graph.Ones(s.Node().Graph(), makeShape(n)))
			return x
		}},
		{"categories", []float64{0.1, 0, 0.6, 0.3, 0}, func(s State) *graph.Node {
			_, x := Categorical(s, graph.Const(s.Node().Graph(), append(append(logs(1), inf), append(logs(6, 3), inf)...)), n)
			return x
		}},
		{"categories in float64", []float64{0.25, 0.75}, func(s State) *graph.Node {
			_, x := Categorical(s, graph.Const(s.Node().Graph(), []float64{-700, -700 + math.Log(3)}), n)
			return x
		}},
		{"one category", []float64{1}, func(s State) *graph.Node {
			_, x := Categorical(s, graph.Const(s.Node().Graph(), []float32{3}), n)
			return x
		}},
		{"rows of categories, seen as row·2 + category", []float64{0.1, 0.4, 0.35, 0.15}, func(s State) *graph.Node {
			g := s.Node().Graph()
			_, x := Categorical(s, graph.Const(g, [][]float32{logs(2, 8), logs(7, 3)}), n/2)
			x.AssertDims(n/2, 2)
			return graph.Add(x, graph.Const(g, [][]int32{{0, 2}}))
		}},
	} {
		counts := make([]float64, len(c.shares))
		for _, x := range draw(t, 14, c.fn) {
			counts[int(x)]++
		}
		var cells []int // those with a positive share
		for i, p := range c.shares {
			if p > 0 {
				cells = append(cells, i)
			}
		}
		limit := chiLimit(max(float64(len(cells)-1), 1), alpha)
		if x2 := chiSquared(counts, c.shares); x2 > limit {
			t.Errorf("%s: χ² = %.1f, limit %.1f; counts %v", c.name, x2, limit, counts[:min(9, len(counts))])
		}
		if len(cells) > 1 && len(cells) < 10 { // planted: a probability of 0.03 in the wrong cell
			wrong := slices.Clone(c.shares)
			wrong[cells[0]], wrong[cells[1]] = wrong[cells[0]]-0.03, wrong[cells[1]]+0.03
			if x2 := chiSquared(counts, wrong); x2 <= limit {
				t.Errorf("%s: wrong shares not caught, χ² = %.1f", c.name, x2)
			}
		}
	}
}

// TestPerm counts the 24 permutations of 4 numbers.
func TestPerm(t *testing.T) {
	h, counts, index := NewHost(15), make([]float64, 24), map[[4]int]int{}
	for range 24_000 {
		p := [4]int(h.Perm(4))
		if _, ok := index[p]; !ok {
			index[p] = len(index)
		}
		counts[index[p]]++
	}
	if x2, limit := chiSquared(counts, uniformShares(24)), chiLimit(23, alpha); x2 > limit {
		t.Errorf("χ² = %.1f, limit %.1f", x2, limit)
	}
	if got := slices.Sorted(slices.Values(h.Perm(1000))); got[0] != 0 || got[999] != 999 || len(slices.Compact(got)) != 1000 {
		t.Error("Perm(1000) is not a permutation")
	}
	if h.Intn(1) != 0 || len(h.Perm(0)) != 0 {
		t.Error("Intn(1) or Perm(0) is wrong")
	}
}

func makeShape(n int) shapes.Shape { return shapes.Make(dtypes.Float32, n) }
