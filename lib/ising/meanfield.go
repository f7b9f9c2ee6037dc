package ising

import (
	"fmt"
	"math"
	"slices"
)

// MeanField is the Ising model in which every group of P spins of the complete graph
// is coupled alike, in the limit of many spins: energy and entropy are functions of m.
//
//	E/N = −J m^P − h m,   f(m) = −J m^P − h m − τ s(m)
//	s(m) = −½(1+m) ln ½(1+m) − ½(1−m) ln ½(1−m)
//
// P = 2 is the Curie–Weiss model; with J = z/2 its f is the free energy of the naive
// mean field of a lattice with z neighbours each, and an upper bound of the lattice's
// own: f ≥ −τ log Z/N at every m. P = 3 is the first-order reference, in which m jumps.
type MeanField struct {
	P     int     // spins in a group; 0 means 2
	J     float64 // coupling of the whole; 0 means 1
	Field float64 // h
}

// OfLattice returns the mean field of a lattice with z neighbours for each spin, J =
// z/2, whose τ_c is z: wrong where neighbours are few (2.269 for z = 4, none for z = 2).
func OfLattice(z int) MeanField { return MeanField{P: 2, J: float64(z) / 2} }

func (f MeanField) p() float64 {
	if f.P == 0 {
		return 2
	}
	return float64(f.P)
}

func (f MeanField) j() float64 {
	if f.J == 0 {
		return 1
	}
	return f.J
}

// Energy returns E/N at magnetisation m.
func (f MeanField) Energy(m float64) float64 { return -f.j()*math.Pow(m, f.p()) - f.Field*m }

// Entropy returns s(m), the entropy of one spin of mean m in nats, for −1 ≤ m ≤ 1.
func Entropy(m float64) float64 {
	s := 0.0
	for _, p := range []float64{(1 + m) / 2, (1 - m) / 2} {
		if p > 0 {
			s -= p * math.Log(p)
		}
	}
	return s
}

// FreeEnergy returns f(m) at temperature tau: E/N − τ s(m).
func (f MeanField) FreeEnergy(m, tau float64) float64 { return f.Energy(m) - tau*Entropy(m) }

// Stationary returns the solutions of m = tanh((PJm^{P−1} + h)/τ) in increasing order:
// minima, maxima and barriers of f. It panics unless tau is positive.
func (f MeanField) Stationary(tau float64) []float64 {
	if !(tau > 0) {
		panic(fmt.Sprintf("ising: mean field at τ = %g: want τ > 0", tau))
	}
	// In the coordinate a = atanh m, f′ is smooth up to |m| = 1, and has no zero beyond
	// |a| = (PJ + |h|)/τ.
	slope := func(a float64) float64 {
		return tau*a - f.p()*f.j()*math.Pow(math.Tanh(a), f.p()-1) - f.Field
	}
	end := (f.p()*math.Abs(f.j())+math.Abs(f.Field))/tau + 1
	const cells = 4001 // odd, so that 0 is inside a cell
	var solutions []float64
	at := func(k int) float64 { return end * math.Pow(2*float64(k)/cells-1, 3) } // barriers may lie close to 0
	for k := range cells {
		if low, high := at(k), at(k+1); (slope(low) < 0) != (slope(high) < 0) {
			solutions = append(solutions, math.Tanh(bisect(slope, low, high)))
		}
	}
	if f.Field == 0 { // f′(0) = 0 exactly, with or without a change of sign
		solutions = append(slices.DeleteFunc(solutions, func(m float64) bool { return math.Abs(m) < 1e-6 }), 0)
		slices.Sort(solutions)
	}
	return solutions
}

// bisect returns the place in [low, high] where f changes its sign.
func bisect(f func(x float64) float64, low, high float64) float64 {
	negative := f(low) < 0
	for range 200 {
		middle := low + (high-low)/2
		if middle == low || middle == high {
			break
		}
		if (f(middle) < 0) == negative {
			low = middle
		} else {
			high = middle
		}
	}
	return low + (high-low)/2
}

// Solve returns the magnetisation of the least free energy at temperature tau, and
// that free energy. Of two equally deep minima it takes the one with m ≥ 0.
func (f MeanField) Solve(tau float64) (m, free float64) {
	free = math.Inf(1)
	for _, at := range f.Stationary(tau) {
		if value := f.FreeEnergy(at, tau); value < free+1e-13 {
			m, free = at, value
		}
	}
	return m, free
}

// FirstOrder is where a MeanField with P > 2 jumps.
type FirstOrder struct {
	Tau, M            float64 // the transition temperature, and m just below it; 0 just above
	Latent            float64 // E/N above less E/N below: the heat that the jump takes
	BarrierM, Barrier float64 // the top between the two phases: its m, and its f above theirs
	Spinodal          float64 // above this temperature the ordered phase is not even metastable
	SpinodalM         float64 // its m there
}

// FirstOrder returns the transition of the model without field. The error says that
// P ≤ 2, where m is continuous, or that there is a field or J < 0.
func (f MeanField) FirstOrder() (FirstOrder, error) {
	if f.p() <= 2 || f.Field != 0 || f.j() < 0 {
		return FirstOrder{}, fmt.Errorf("ising: FirstOrder: want P > 2, J > 0 and no field, got P = %g, J = %g, h = %g", f.p(), f.j(), f.Field)
	}
	p, j := f.p(), f.j()
	// τ(m) = PJm^{P−1}/atanh m has f′(m) = 0; the spinodal is its largest value.
	tau := func(m float64) float64 { return p * j * math.Pow(m, p-1) / math.Atanh(m) }
	rising := func(m float64) float64 { return (p-1)*(1-m*m)*math.Atanh(m) - m } // sign of τ′
	var t FirstOrder
	t.SpinodalM = bisect(rising, 0.3, 1-1e-12)
	t.Spinodal = tau(t.SpinodalM)
	// Along the ordered branch, above the spinodal's m, the phases are level at f(m) = f(0).
	level := func(m float64) float64 { return f.FreeEnergy(m, tau(m)) - f.FreeEnergy(0, tau(m)) }
	t.M = bisect(level, t.SpinodalM, 1-1e-15)
	t.Tau = tau(t.M)
	t.Latent = f.Energy(0) - f.Energy(t.M)
	t.BarrierM = bisect(func(m float64) float64 { return tau(m) - t.Tau }, 1e-6, t.SpinodalM)
	t.Barrier = f.FreeEnergy(t.BarrierM, t.Tau) - f.FreeEnergy(0, t.Tau)
	return t, nil
}
