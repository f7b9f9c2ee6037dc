package hopfield_test

import (
	"math"
	"testing"

	"gibbs/lib/hopfield"
)

// TestAGS compares with the lecture's root and its column of m(α), and with the two
// sides of the equation that defines it.
func TestAGS(t *testing.T) {
	alpha, m := hopfield.AGSCapacity()
	t.Logf("α_c = %.12f, m_c = %.12f", alpha, m)
	within(t, "α_c", alpha, 0.137906, 5e-7)
	within(t, "m_c", m, 0.967417, 5e-7)
	for a, want := range map[float64]float64{0.05: 0.999992, 0.08: 0.999557, 0.10: 0.997999, 0.12: 0.993223} {
		within(t, "m(α)", hopfield.AGSOverlap(a), want, 5e-7)
		y := math.Erfinv(hopfield.AGSOverlap(a))
		within(t, "√(2α)", math.Erf(y)/y-2/math.SqrtPi*math.Exp(-y*y), math.Sqrt(2*a), 1e-9)
	}
	within(t, "m at α_c", hopfield.AGSOverlap(alpha*(1-1e-12)), m, 1e-5)
	if got := hopfield.AGSOverlap(0.138); got != 0 {
		t.Errorf("m(0.138) = %g above α_c, want 0", got)
	}
	if got := hopfield.AGSOverlap(0); got != 1 {
		t.Errorf("m(0) = %g, want 1", got)
	}
}

// TestBitError compares with the lecture's rows E9.3, E9.5, E9.9.
func TestBitError(t *testing.T) {
	phi := func(alpha float64) float64 { return math.Erfc(1/math.Sqrt(2*alpha)) / 2 }
	for alpha, want := range map[float64]float64{0.10: .000783, 0.138: .003552, 0.184: .009870, 0.185: .010037} {
		const n = 100_000_001
		within(t, "Φ(−1/√α)", hopfield.BitError(n, 1+int(math.Round(alpha*(n-1)))), phi(alpha), 1e-9)
		within(t, "Φ(−1/√α)", phi(alpha), want, 6e-7)
	}
	within(t, "N=500, M=50", hopfield.BitError(500, 50), .000708, 5e-7)
	within(t, "N=500, M=69", hopfield.BitError(500, 69), .003375, 5e-7)
	within(t, "N=1000, M=140", hopfield.BitError(1000, 140), .0036716, 5e-7)
	within(t, "all bits stable", math.Pow(1-hopfield.BitError(1000, 140), 1000), .025, 5e-4)
	wrong, tie := hopfield.BitErrorExact(100, 14)
	within(t, "exact, N=100, M=14, ties to a coin", wrong+tie/2, .0028926, 5e-8) // the lecture's number
	within(t, "exact, N=100, M=14", wrong, .0026460, 5e-8)
	// N=3, M=2: two fair signs against a signal of 2, which they can cancel only.
	// N=3, M=3: four signs. N=4, M=2: three signs against 3.
	for _, row := range []struct {
		n, m       int
		wrong, tie float64
	}{{100, 1, 0, 0}, {3, 2, 0, 1. / 4}, {3, 3, 1. / 16, 4. / 16}, {4, 2, 0, 1. / 8}, {2, 3, 1. / 4, 0}, {2, 4, 1. / 8, 3. / 8}} {
		wrong, tie := hopfield.BitErrorExact(row.n, row.m)
		within(t, "wrong", wrong, row.wrong, 1e-15)
		within(t, "tie", tie, row.tie, 1e-15)
	}
	one, all := hopfield.PerfectCapacity(1000)
	within(t, "N/(2 ln N)", one, 72, 0.5)
	within(t, "N/(4 ln N)", all, 36, 0.5)
}

// TestMeanField compares with numbers.md, group C, and with the equation.
func TestMeanField(t *testing.T) {
	within(t, "m at β = 1.5", hopfield.MeanField(1.5), .858560, 5e-7)
	for _, k := range []float64{1 + 1e-9, 1.0001, 1.1, 2, 5, 40} {
		m := hopfield.MeanField(k)
		if !(m > 0) {
			t.Errorf("k = %g: m = %g, want a positive one", k, m)
		}
		within(t, "tanh km", math.Tanh(k*m), m, 1e-15)
	}
	for _, k := range []float64{-1, 0, 0.5, 1, math.NaN()} {
		if m := hopfield.MeanField(k); m != 0 {
			t.Errorf("k = %g: m = %g, want 0", k, m)
		}
	}
}

// TestMergeWeight compares with the lecture's row E6.6: two patterns 0.3 radians apart.
func TestMergeWeight(t *testing.T) {
	distance := 2 * math.Sin(0.15)
	within(t, "β_c", 4/(distance*distance), 44.7793, 5e-5)
	for beta, want := range map[float64]float64{44: .5, 45: .56053, 50: .76794, 60: .88990} {
		within(t, "w(β)", hopfield.MergeWeight(beta, distance), want, 5e-6)
	}
}

// TestCapacity compares with the lecture's row E6.4 and the equation of c.
func TestCapacity(t *testing.T) {
	c, n := hopfield.Capacity(20, 3, 1, 0.001)
	within(t, "c, d=20, K=3", c, 3.154611, 5e-7)
	within(t, "N, d=20, K=3", n, 7.41, 5e-3)
	c, n = hopfield.Capacity(75, 1, 1, 0.001)
	within(t, "c, d=75, K=1", c, 1.371878, 5e-7)
	within(t, "N, d=75, K=1", n, 10.97, 5e-3)
	w := 2. * 1 / 5 / c
	a := 2. / 74 * (1 + math.Log(2*0.001*74))
	within(t, "W + log W", w+math.Log(w), a+math.Log(0.4), 1e-12)
}

// TestBasin checks that both radii solve the equation that defines them, and that
// they meet and go where the pattern is no longer held.
func TestBasin(t *testing.T) {
	const beta, delta, m, count = 8., 1., 1., 8
	step := func(r float64) float64 { return 2 * m * (count - 1) * math.Exp(-beta*(delta-2*m*r)) }
	inner, outer, ok := hopfield.Basin(beta, delta, m, count)
	if !ok || !(inner < outer) {
		t.Fatalf("radii %g and %g, %v", inner, outer, ok)
	}
	within(t, "inner", step(inner), inner, 1e-14)
	within(t, "outer", step(outer), outer, 1e-14)
	if middle := (inner + outer) / 2; !(step(middle) < middle) {
		t.Errorf("no contraction between the radii")
	}
	if _, _, ok := hopfield.Basin(4, delta, m, count); ok {
		t.Error("β = 4: a basin, where 4m²β(M−1) > e^{βΔ−1}")
	}
}
