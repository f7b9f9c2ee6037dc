package hopfield_test

import (
	"math"
	"slices"
	"testing"

	"gibbs/lib/hopfield"
	"gibbs/lib/rng"

	"gonum.org/v1/gonum/mat"
)

// cube holds the 8 sign triples as columns: three orthogonal patterns of 8 units.
func cube() *hopfield.Patterns {
	rows := make([][]int8, 3)
	for s := range 8 {
		for mu := range rows {
			rows[mu] = append(rows[mu], int8(2*(s>>mu&1)-1))
		}
	}
	return signs(rows...)
}

func energyOf(w mat.Matrix, x []int8) float64 {
	e := 0.0
	for i := range x {
		for j := range x {
			e -= w.At(i, j) * float64(x[i]) * float64(x[j]) / 2
		}
	}
	return e
}

// TestPacking checks overlaps and Hebb's weights against sums over units, at sizes
// around the words' ends.
func TestPacking(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {3, 63}, {5, 64}, {70, 65}} {
		p := hopfield.RandomPatterns(rng.NewHost(3), size[0], size[1])
		x := hopfield.RandomPatterns(rng.NewHost(4), 1, size[1]).State(0)
		w := hopfield.Hebb(p).Weights()
		for mu, got := range p.Overlaps(x) {
			sum := 0
			for i, s := range p.State(mu) {
				sum += int(s) * int(x[i])
			}
			within(t, "overlap", got, float64(sum)/float64(size[1]), 1e-15)
		}
		for i := range size[1] {
			for j := range size[1] {
				sum := 0
				for mu := range size[0] {
					sum += int(p.State(mu)[i]) * int(p.State(mu)[j])
				}
				if i == j {
					sum = 0
				}
				if got := w.At(i, j); math.Abs(got-float64(sum)/float64(size[1])) > 1e-15 {
					t.Fatalf("%v: W(%d, %d) = %g, want %d/%d", size, i, j, got, sum, size[1])
				}
			}
		}
	}
}

// TestDescent checks on random networks with biases and a diagonal that the energy
// told is that of the state told, that it falls by (xᵢ_old − xᵢ_new)(hᵢ − Wᵢᵢxᵢ) at each
// change, and that the end is a fixed point.
func TestDescent(t *testing.T) {
	const n = 30
	for seed := range int64(20) {
		h := rng.NewHost(seed)
		z := h.Normal(n*n + n)
		w := mat.NewSymDense(n, nil)
		for i := range n {
			for j := i; j < n; j++ {
				w.SetSym(i, j, z[i*n+j])
			}
			w.SetSym(i, i, math.Abs(z[i*n+i])*float64(seed%2))
		}
		bias := z[n*n:]
		net, err := hopfield.NewNetwork(w, bias)
		if err != nil {
			t.Fatal(err)
		}
		order := h
		if seed%3 == 0 {
			order = nil
		}
		last, changes := math.Inf(1), 0
		end, sweeps, err := net.Recall(hopfield.RandomPatterns(h, 1, n).State(0), order, func(x []int8, e float64) {
			want := energyOf(w, x)
			for i := range x {
				want -= bias[i] * float64(x[i])
			}
			within(t, "energy told", e, want, 1e-11)
			within(t, "Energy", net.Energy(x), want, 1e-11)
			if !(e < last) {
				t.Errorf("seed %d: energy went from %g to %g", seed, last, e)
			}
			last = e
			changes++
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range net.Fields(end) {
			if f*float64(end[i]) < 0 {
				t.Errorf("seed %d: unit %d is against its field at the end", seed, i)
			}
		}
		if changes < 2 || sweeps < 2 {
			t.Errorf("seed %d: %d states told in %d sweeps: nothing to test", seed, changes, sweeps)
		}
	}
}

// TestTies checks the tie rule, with fields that are 0 and fields that rounding keeps
// from it.
func TestTies(t *testing.T) {
	w := mat.NewSymDense(4, nil)
	for j, v := range []float64{0.1, 0.2, -0.3} { // 0.1 + 0.2 − 0.3 ≠ 0 in float64
		w.SetSym(0, j+1, v)
	}
	net, err := hopfield.NewNetwork(w, []float64{0, 1, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []int8{-1, 1} {
		x := []int8{s, 1, 1, 1}
		if h := net.Fields(x)[0]; h == 0 {
			t.Fatal("the field is exactly 0: nothing to test")
		}
		end, _, err := net.Recall(x, nil, nil)
		if err != nil || !slices.Equal(end, x) {
			t.Errorf("start %v: end %v, %v; want the start, by the tie rule", x, end, err)
		}
	}
}

// TestSynchronousCycle is row E9.6: two units that chase each other at E = 1.
func TestSynchronousCycle(t *testing.T) {
	net, err := hopfield.NewNetwork(mat.NewSymDense(2, []float64{0, 1, 1, 0}), nil)
	if err != nil {
		t.Fatal(err)
	}
	x := []int8{1, -1}
	end, period, err := net.RecallSync(x)
	if err != nil || period != 2 || net.Energy(end) != 1 || net.Energy(x) != 1 {
		t.Errorf("synchronous: %v, period %d, E = %g, %v; want a cycle of 2 at E = 1", end, period, net.Energy(end), err)
	}
	end, _, err = net.Recall(x, nil, nil)
	if err != nil || net.Energy(end) != -1 {
		t.Errorf("asynchronous: %v, E = %g, %v; want E = −1", end, net.Energy(end), err)
	}
	if _, period, err := net.RecallSync([]int8{1, 1}); err != nil || period != 1 {
		t.Errorf("from a fixed point: period %d, %v", period, err)
	}
}

// TestFourUnits is row E9.7: what is and what is not an attractor of two patterns.
func TestFourUnits(t *testing.T) {
	p := signs([]int8{1, 1, 1, 1}, []int8{1, -1, -1, 1})
	net := hopfield.Hebb(p)
	x := []int8{1, -1, 1, -1}
	if h := net.Fields(x); !slices.Equal(h, []float64{-.5, .5, -.5, .5}) || net.Energy(x) != 1 {
		t.Errorf("field %v, E = %g; want (−½, ½, −½, ½) and 1", h, net.Energy(x))
	}
	points, err := net.FixedPoints()
	if err != nil || len(points) != 4 {
		t.Fatalf("%d fixed points, %v; want 4", len(points), err)
	}
	for _, f := range points {
		if f.Energy != -1 || !(f.Stability > 0) || math.Abs(p.Overlaps(f.State)[0])+math.Abs(p.Overlaps(f.State)[1]) != 1 {
			t.Errorf("fixed point %+v, want ±ξ at E = −1", f)
		}
	}
	w := net.Weights()
	for i := range 4 {
		w.SetSym(i, i, 0.5) // M/N: the formula's own diagonal
	}
	kept, err := hopfield.NewNetwork(w, nil)
	if err != nil {
		t.Fatal(err)
	}
	if h := kept.Fields(x); !slices.Equal(h, make([]float64, 4)) {
		t.Errorf("with the diagonal kept: field %v, want 0", h)
	}
	ties, err := kept.FixedPoints()
	if err != nil || len(ties) <= 4 {
		t.Fatalf("with the diagonal kept: %d fixed points, %v; want more than 4", len(ties), err)
	}
}

// TestMixtures is row E9.8: 14 strict fixed points of three orthogonal patterns.
func TestMixtures(t *testing.T) {
	p := cube()
	net := hopfield.Hebb(p)
	points, err := net.FixedPoints()
	if err != nil {
		t.Fatal(err)
	}
	patterns, mixtures := 0, 0
	for _, f := range points {
		if f.Stability == 0 {
			continue
		}
		m := p.Overlaps(f.State)
		top := slices.Max([]float64{math.Abs(m[0]), math.Abs(m[1]), math.Abs(m[2])})
		switch {
		case top == 1 && f.Energy == -2.5:
			patterns++
		case top == 0.5 && f.Energy == -1.5 && f.Stability >= 0.125:
			mixtures++
		default:
			t.Errorf("fixed point %+v with overlaps %v", f, m)
		}
	}
	if patterns != 6 || mixtures != 8 {
		t.Errorf("%d patterns and inverses, %d mixtures; want 6 and 8", patterns, mixtures)
	}
	if m := p.Overlaps(p.Mixture(0, 1, 2)); !slices.Equal(m, []float64{.5, .5, .5}) {
		t.Errorf("overlaps of the mixture %v, want ½ each", m)
	}
}

// TestRules checks what the other rules promise: Storkey's weights for two patterns
// by hand, and that the projection holds N/2 random patterns, where Hebb fails.
func TestRules(t *testing.T) {
	first := signs([]int8{1, 1, -1, 1})
	if !mat.Equal(hopfield.Storkey(first).Weights(), hopfield.Hebb(first).Weights()) {
		t.Error("one pattern: Storkey's rule is not Hebb's")
	}
	// Pattern (1,1,1) then (1,1,−1) of 3 units. After the first all weights are ⅓. For the
	// second h = (0, 0, ⅔); pair (0, 1): hᵢⱼ = hⱼᵢ = −⅓, so ⅓ + ⅓(1 + ⅔) = 8/9; pair (0, 2):
	// h₀₂ = ⅓, h₂₀ = ⅓, so ⅓ + ⅓(−1 − ⅓ + ⅓) = 0.
	w := hopfield.Storkey(signs([]int8{1, 1, 1}, []int8{1, 1, -1})).Weights()
	within(t, "Storkey (0, 1)", w.At(0, 1), 8./9, 1e-15)
	within(t, "Storkey (0, 2)", w.At(0, 2), 0, 1e-15)
	within(t, "Storkey (1, 2)", w.At(1, 2), 0, 1e-15)

	p := hopfield.RandomPatterns(rng.NewHost(5), 50, 100)
	projection, err := hopfield.PseudoInverse(p)
	if err != nil {
		t.Fatal(err)
	}
	stable := func(net *hopfield.Network) (count int) {
		for mu := range p.Len() {
			if end, _, _ := net.Recall(p.State(mu), nil, nil); slices.Equal(end, p.State(mu)) {
				count++
			}
		}
		return count
	}
	if got := stable(projection); got != 50 {
		t.Errorf("projection: %d of 50 patterns are fixed points", got)
	}
	few := hopfield.RandomPatterns(rng.NewHost(5), 50, 100)
	if hebb, storkey := stable(hopfield.Hebb(few)), stable(hopfield.Storkey(few)); hebb != 0 || storkey <= hebb {
		t.Errorf("Hebb holds %d of 50, Storkey %d; want 0 and more", hebb, storkey)
	}
	for i, h := range projection.Fields(p.State(7)) { // hᵢ = (1 − Wᵢᵢ)ξᵢ with Σ Wᵢᵢ = M
		if h*float64(p.State(7)[i]) <= 0 || math.Abs(h) >= 1 {
			t.Errorf("unit %d: field %g of a projected pattern", i, h)
		}
	}
	if _, err := hopfield.PseudoInverse(signs([]int8{1, -1, 1}, []int8{-1, 1, -1})); err == nil {
		t.Error("a pattern and its inverse: no error")
	}
}

// TestThermal compares the overlap of one pattern in a large network with m = tanh βm;
// TestHeatBath has the frequencies of single states.
func TestThermal(t *testing.T) {
	p := hopfield.RandomPatterns(rng.NewHost(7), 1, 1000)
	var overlaps []float64
	_, err := hopfield.Hebb(p).Thermal(rng.NewHost(8), p.State(0), 1.5, 300, func(x []int8) {
		overlaps = append(overlaps, p.Overlaps(x)[0])
	})
	if err != nil {
		t.Fatal(err)
	}
	// A Gaussian about m has the variance (1−m²)/(N(1−β(1−m²))); blocks of 20 sweeps are
	// nearly independent; the mean lies O(1/N) below the root.
	var blocks []float64
	for k := 20; k+20 <= len(overlaps); k += 20 {
		sum := 0.0
		for _, m := range overlaps[k : k+20] {
			sum += m / 20
		}
		blocks = append(blocks, sum)
	}
	mean, se := meanError(blocks)
	statistic(t, "overlap at β = 1.5", mean, se+0.001, hopfield.MeanField(1.5))
}

func meanError(v []float64) (mean, se float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		se += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(se / float64(len(v)*(len(v)-1)))
}

func TestNetworkErrors(t *testing.T) {
	w := mat.NewSymDense(2, []float64{0, 1, 1, 0})
	if _, err := hopfield.NewNetwork(w, []float64{1}); err == nil {
		t.Error("one bias for two units: no error")
	}
	if _, err := hopfield.NewNetwork(mat.NewSymDense(1, []float64{-1}), nil); err == nil {
		t.Error("a negative diagonal: no error")
	}
	if _, err := hopfield.NewNetwork(mat.NewSymDense(1, []float64{math.NaN()}), nil); err == nil {
		t.Error("NaN: no error")
	}
	net, err := hopfield.NewNetwork(w, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := net.Recall([]int8{1}, nil, nil); err == nil {
		t.Error("a state of one unit: no error")
	}
	if _, _, err := net.RecallSync([]int8{1, 0}); err == nil {
		t.Error("a unit of 0: no error")
	}
	if _, err := net.Thermal(rng.NewHost(1), []int8{1, 1}, -1, 1, nil); err == nil {
		t.Error("a negative β: no error")
	}
	if _, err := hopfield.Hebb(hopfield.RandomPatterns(rng.NewHost(1), 1, 21)).FixedPoints(); err == nil {
		t.Error("21 units: no error")
	}
	if _, err := hopfield.NewPatterns([]int8{1, 1}, []int8{1}); err == nil {
		t.Error("patterns of unequal length: no error")
	}
	if _, err := (hopfield.Trial{Units: 10, Patterns: 2, Matrices: 1}).Recall(); err == nil {
		t.Error("a trial of one matrix: no error")
	}
}
