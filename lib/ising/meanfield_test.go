package ising_test

import (
	"math"
	"testing"

	"gibbs/lib/ising"
	"gibbs/lib/rng"
)

// TestMeanFieldSolutions: the Curie–Weiss magnetisation, its value near τ_c, the number
// of solutions, and that f is stationary at each.
func TestMeanFieldSolutions(t *testing.T) {
	m, _ := ising.MeanField{P: 2, J: 0.5}.Solve(1 / 1.5)
	within(t, "m = tanh 1.5m", m, .858560, 5.1e-7)
	m, _ = ising.OfLattice(4).Solve(3.9)
	within(t, "m at 3.9", m, .271111, 5.1e-7)
	for _, c := range []struct {
		f    ising.MeanField
		tau  float64
		want int
	}{
		{ising.OfLattice(4), 3.9, 3}, {ising.OfLattice(4), 4.1, 1}, {ising.MeanField{P: 3}, 1.7, 3},
		{ising.MeanField{P: 3}, 1.8, 1}, {ising.MeanField{P: 2, J: 2, Field: 0.1}, 2, 3}, {ising.MeanField{P: 2, J: 2, Field: 3}, 2, 1},
		{ising.MeanField{P: 4}, 1, 5}, {ising.MeanField{P: 3}, 0.05, 3},
	} {
		at := c.f.Stationary(c.tau)
		if len(at) != c.want {
			t.Errorf("%+v at τ = %g: stationary at %v, want %d places", c.f, c.tau, at, c.want)
		}
		for _, m := range at {
			const h = 1e-6
			if math.Abs(m)+h >= 1 {
				continue // saturated
			}
			slope := (c.f.FreeEnergy(m+h, c.tau) - c.f.FreeEnergy(m-h, c.tau)) / (2 * h)
			within(t, "slope", slope, 0, 1e-6)
		}
	}
}

// TestFirstOrder holds the 3-spin model to six digits computed apart, by bisection of the
// same conditions in another program.
func TestFirstOrder(t *testing.T) {
	f := ising.MeanField{P: 3}
	at, err := f.FirstOrder()
	if err != nil {
		t.Fatal(err)
	}
	within(t, "τ_t", at.Tau, 1.487908, 5.1e-7)
	within(t, "m", at.M, .948059, 5.1e-7)
	within(t, "latent heat", at.Latent, .852131, 5.1e-7)
	within(t, "latent heat is τΔs", at.Latent, at.Tau*(math.Ln2-ising.Entropy(at.M)), 1e-12)
	within(t, "Δs", math.Ln2-ising.Entropy(at.M), .572704, 5.1e-7)
	within(t, "barrier's m", at.BarrierM, .560668, 5.1e-7)
	within(t, "barrier", at.Barrier, .071733, 5.1e-7)
	within(t, "spinodal", at.Spinodal, 1.747749, 5.1e-7)
	within(t, "spinodal's m", at.SpinodalM, .796388, 5.1e-7)
	if m, _ := f.Solve(at.Tau - 1e-6); m < 0.9 {
		t.Errorf("just below τ_t: m = %g", m)
	}
	if m, _ := f.Solve(at.Tau + 1e-6); math.Abs(m) > 1e-6 {
		t.Errorf("just above τ_t: m = %g", m)
	}
	if _, err := (ising.MeanField{P: 2}).FirstOrder(); err == nil {
		t.Error("P = 2: want an error")
	}
}

// TestCompleteGraph: log Z by all states of 10 spins, the sampler against the exact law
// of k after one sweep from it (20,000 draws catch 2 % of a common probability), and the
// mean-field limit.
func TestCompleteGraph(t *testing.T) {
	c := ising.CompleteGraph{MeanField: ising.MeanField{P: 3, Field: 0.1}, N: 10}
	const tau = 1.2
	z := 0.0
	for state := range 1 << c.N {
		k := 0
		for i := range c.N {
			k += state >> i & 1
		}
		z += math.Exp(-float64(c.N) * c.Energy(c.M()[k]) / tau)
	}
	within(t, "log Z", c.Levels().At(tau).LogZ, math.Log(z), 1e-10)

	const n = 20_000
	probs := c.Levels().Probs(tau)
	counts := make([]float64, c.N+1)
	h := rng.NewHost(4)
	for _, u := range h.Uniform(n) {
		k := 0
		for ; u > probs[k] && k < c.N; k++ {
			u -= probs[k]
		}
		counts[c.Sweep(h, k, tau)]++
	}
	for k, p := range probs {
		if z := (counts[k] - n*p) / math.Sqrt(n*p*(1-p)); math.Abs(z) > alpha {
			t.Errorf("k = %d: %g of %d, probability %.4f: off by %.1f standard errors", k, counts[k], n, p, z)
		}
	}

	large := ising.CompleteGraph{MeanField: ising.MeanField{P: 3}, N: 4000}
	_, f := large.Solve(1.3)
	within(t, "F/N of 4,000 spins", large.Levels().At(1.3).F/4000, f, 1e-3)
}

// TestPairwise holds the general mean field to the lattice's, its bound below the exact
// log Z at every product law, and TAP's error to the order β³ at high temperature.
func TestPairwise(t *testing.T) {
	lattice := ising.Lattice{L: 4}
	p, exact := lattice.Pairwise(), enumerated(t, lattice).Levels()
	for _, tau := range []float64{1, 2.5, 3.5, 5, 10} {
		m, bound, err := p.MeanField(tau, nil)
		if err != nil {
			t.Fatal(err)
		}
		wantM, f := ising.OfLattice(4).Solve(tau)
		within(t, "m", m[7], wantM, 1e-9)
		within(t, "bound", bound, -16*f/tau, 1e-9)
		if logZ := exact.At(tau).LogZ; bound > logZ {
			t.Errorf("τ = %g: bound %g above log Z = %g", tau, bound, logZ)
		}
	}
	var off [2]float64
	for i, tau := range []float64{20, 40} {
		_, tap, err := p.TAP(tau, nil)
		if err != nil {
			t.Fatal(err)
		}
		off[i] = math.Abs(tap - exact.At(tau).LogZ)
		_, bound, err := p.MeanField(tau, nil)
		if err != nil {
			t.Fatal(err)
		}
		if naive := exact.At(tau).LogZ - bound; off[i] > naive/50 {
			t.Errorf("τ = %g: TAP off by %g, naive by %g", tau, off[i], naive)
		}
	}
	within(t, "TAP's error falls like β⁴ here", math.Log2(off[0]/off[1]), 4, 0.1)

	// With a field on every spin and all of them different, and one coupling each way.
	random := rng.NewHost(6)
	for i := range p.H {
		p.H[i] = random.Normal(1)[0]
	}
	m, bound, err := p.MeanField(3, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m { // a maximum of the bound in each mᵢ
		moved := append([]float64(nil), m...)
		moved[i] += 1e-4
		_, again, err := p.MeanField(3, moved)
		if err != nil {
			t.Fatal(err)
		}
		within(t, "the same solution", again, bound, 1e-10)
	}
	if _, _, err := p.MeanField(-1, nil); err == nil {
		t.Error("τ < 0: want an error")
	}
}

// alpha is the bound of assertions on fixed seeds: 1e-6 each.
const alpha = 4.89
