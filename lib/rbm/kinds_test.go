package rbm_test

import (
	"math"
	"testing"

	"gibbs/lib/rbm"
	"gibbs/lib/rng"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// random returns a machine with normal parameters of the given size.
func random(visible, hidden int, v, h rbm.Units, size float64, seed int64) *rbm.RBM {
	m := rbm.New(visible, hidden, size, seed)
	m.VisibleUnits, m.HiddenUnits = v, h
	s := rng.NewHost(seed).Fold(1)
	floats.AddScaled(m.B, size, s.Normal(visible))
	floats.AddScaled(m.C, size, s.Normal(hidden))
	return m
}

// kinds are machines of all units that have a Z that can be summed.
func kinds() (all []*rbm.RBM) {
	units := []rbm.Units{rbm.Bernoulli, rbm.Spin, rbm.Gaussian}
	for _, v := range units {
		for _, h := range units {
			if v != rbm.Gaussian || h != rbm.Gaussian {
				all = append(all, random(3, 2, v, h, 0.4, 7))
			}
		}
	}
	return all
}

// grid are the values that a unit is summed over, and the log of their measure. The
// integrals over Gaussian units converge like those of normal densities.
func grid(u rbm.Units) (values []float64, logMeasure float64) {
	switch u {
	case rbm.Bernoulli:
		return []float64{0, 1}, 0
	case rbm.Spin:
		return []float64{-1, 1}, 0
	}
	for x := -9.0; x <= 9; x += 0.75 {
		values = append(values, x)
	}
	return values, math.Log(0.75)
}

// brute sums over everything that a machine can be: log Z, ⟨v⟩, ⟨h⟩ and ⟨vhᵀ⟩.
func brute(m *rbm.RBM) (logZ float64, moments []float64) {
	vs, lv := grid(m.VisibleUnits)
	hs, lh := grid(m.HiddenUnits)
	nv, nh := len(m.B), len(m.C)
	v, h := make([]float64, nv), make([]float64, nh)
	moments = make([]float64, nv*nh+nv+nh)
	z := 0.0
	var over func(i int)
	over = func(i int) {
		switch {
		case i < nv:
			for _, x := range vs {
				v[i] = x
				over(i + 1)
			}
		case i < nv+nh:
			for _, x := range hs {
				h[i-nv] = x
				over(i + 1)
			}
		default:
			p := math.Exp(-m.Energy(v, h) + float64(nv)*lv + float64(nh)*lh)
			z += p
			for i := range v {
				moments[nv*nh+i] += p * v[i]
				for j := range h {
					moments[i*nh+j] += p * v[i] * h[j]
				}
			}
			for j := range h {
				moments[nv*nh+nv+j] += p * h[j]
			}
		}
	}
	over(0)
	floats.Scale(1/z, moments)
	return math.Log(z), moments
}

// TestAllUnits holds log Z and the moments of machines of all units to sums over both
// layers.
func TestAllUnits(t *testing.T) {
	for _, m := range kinds() {
		name := m.VisibleUnits.String() + " " + m.HiddenUnits.String()
		wantZ, wantMoments := brute(m)
		logZ, moments, err := m.Moments()
		if err != nil {
			t.Fatal(err)
		}
		near(t, name+": log Z", []float64{logZ, must(m.LogZ())}, []float64{wantZ, wantZ}, 1e-9)
		near(t, name+": moments", moments.Flat(), wantMoments, 1e-9)
	}
	m := random(2, 2, rbm.Gaussian, rbm.Gaussian, 0.1, 1)
	if _, err := m.LogZ(); err == nil {
		t.Error("Gaussian layers were summed over")
	}
}

// TestGrayCode: layers of more than one block give the same by either layer, with the
// products of exponentials and, for couplings too large for those, with sums of logs.
func TestGrayCode(t *testing.T) {
	for _, size := range []float64{0.3, 40} {
		for _, units := range []rbm.Units{rbm.Bernoulli, rbm.Spin} {
			m := random(14, 13, units, rbm.Bernoulli, size, 5)
			a, b := must(m.LogZOverVisible()), must(m.LogZOverHidden())
			near(t, "log Z by both layers", []float64{a / b}, []float64{1}, 1e-12)
			logZ, s, err := m.Moments()
			if err != nil {
				t.Fatal(err)
			}
			near(t, "log Z with moments", []float64{logZ / a}, []float64{1}, 1e-12)
			m.B[3] += 1e-4 / size
			up := must(m.LogZ())
			m.B[3] -= 2e-4 / size
			near(t, "∂log Z/∂b₃ = ⟨v₃⟩", []float64{(up - must(m.LogZ())) / 2e-4 * size}, []float64{s.V[3]}, 1e-5)
		}
	}
}

// TestSample: exact draws have the machine's moments, for layers that are summed over
// and those that are not. 20,000 draws catch an error of 0.02 in a mean.
func TestSample(t *testing.T) {
	const n = 20_000
	for _, m := range append(kinds(), random(14, 20, rbm.Spin, rbm.Bernoulli, 0.3, 2), random(20, 14, rbm.Bernoulli, rbm.Spin, 0.3, 2)) {
		draws := must(m.Sample(n, 11))
		_, s, err := m.Moments()
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range s.V {
			x := mat.Col(nil, i, draws)
			if z := off(x, want); !(math.Abs(z) < alpha) {
				t.Errorf("%v, %v: ⟨v%d⟩ is off by %.1f standard errors", m.VisibleUnits, m.HiddenUnits, i, z)
			}
		}
	}
}

// TestHopfieldBridge: with Gaussian hidden units summed out, spins have Hopfield's
// quadratic energy.
//
//	W = √(β/N) ξᵀ:   −F(s) = β/(2N) Σ_μ (ξ_μ·s)² + (P/2) log 2π
func TestHopfieldBridge(t *testing.T) {
	const n, patterns, beta = 7, 3, 1.3
	m := rbm.New(n, patterns, 1, 4)
	m.VisibleUnits, m.HiddenUnits = rbm.Spin, rbm.Gaussian
	m.W.Apply(func(_, _ int, w float64) float64 { return math.Copysign(math.Sqrt(beta/n), w) }, m.W)
	for k := range 1 << n {
		s := make([]float64, n)
		for i := range s {
			s[i] = float64(k>>i&1)*2 - 1
		}
		quadratic := 0.0
		for mu := range patterns {
			overlap := 0.0
			for i := range s {
				overlap += math.Copysign(1, m.W.At(i, mu)) * s[i]
			}
			quadratic += beta / (2 * n) * overlap * overlap
		}
		near(t, "−F", []float64{-m.FreeEnergy(s)}, []float64{quadratic + patterns/2.0*math.Log(2*math.Pi)}, 1e-12)
	}
}
