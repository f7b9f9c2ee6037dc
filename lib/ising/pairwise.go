package ising

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Pairwise is any Ising model with couplings between pairs and a field on each spin.
//
//	E(s) = −½ Σᵢⱼ Jᵢⱼ sᵢsⱼ − Σᵢ hᵢsᵢ
type Pairwise struct {
	J mat.Symmetric // couplings; the diagonal is not used
	H []float64     // fields; nil is none
}

// Pairwise returns the lattice as couplings and fields.
func (l Lattice) Pairwise() Pairwise {
	n := l.Sites()
	j, h := mat.NewSymDense(n, nil), make([]float64, n)
	for i := range n {
		h[i] = l.Field
		for _, k := range l.neighbours(i) {
			j.SetSym(i, k, 1)
		}
	}
	return Pairwise{j, h}
}

// MeanField returns the magnetisations of the product law that fits best at
// temperature tau, and its bound: for every product law q, and so here,
//
//	log Z ≥ −F[q]/τ,   F[q] = E(m) − τ Σᵢ s(mᵢ),   mᵢ = tanh((Σⱼ Jᵢⱼmⱼ + hᵢ)/τ)
//
// It starts at start, nil meaning all spins nearly up, and updates one spin after
// another, each of which lowers F, until nothing moves; F may have several minima.
// The error says that 100,000 rounds were not enough, which is so at a critical τ.
func (p Pairwise) MeanField(tau float64, start []float64) (m []float64, bound float64, err error) {
	return p.solve(tau, start, false)
}

// TAP returns the magnetisations of Thouless, Anderson and Palmer, and their estimate
// of log Z, which is no bound: mean field with the next term of Plefka's expansion in β.
//
//	mᵢ = tanh(β(Σⱼ Jᵢⱼmⱼ + hᵢ) − β²mᵢ Σⱼ Jᵢⱼ²(1 − mⱼ²))
//	log Z ≈ −βE(m) + Σᵢ s(mᵢ) + ¼β² Σᵢⱼ Jᵢⱼ²(1 − mᵢ²)(1 − mⱼ²)
//
// It is right to order β² at m = 0, and good where there are many weak couplings. As
// MeanField otherwise. Source: Thouless, Anderson, Palmer, 1977; Plefka, 1982.
func (p Pairwise) TAP(tau float64, start []float64) (m []float64, logZ float64, err error) {
	return p.solve(tau, start, true)
}

func (p Pairwise) solve(tau float64, start []float64, tap bool) (m []float64, logZ float64, err error) {
	n := p.J.SymmetricDim()
	if !(tau > 0) || (start != nil && len(start) != n) || (p.H != nil && len(p.H) != n) {
		return nil, 0, fmt.Errorf("ising: want τ > 0 and a start and fields of %d spins, got %g, %d and %d", n, tau, len(start), len(p.H))
	}
	if m = append(m, start...); start == nil {
		for range n {
			m = append(m, 0.99)
		}
	}
	const rounds = 100_000
	for range rounds {
		moved := 0.0
		for i := range m {
			field, reaction := p.fields(i, m)
			next := math.Tanh(field / tau)
			if tap {
				next = (m[i] + math.Tanh(field/tau-m[i]*reaction/(tau*tau))) / 2 // damped: full steps may cycle
			}
			moved = math.Max(moved, math.Abs(next-m[i]))
			m[i] = next
		}
		if moved < 1e-14 {
			return m, p.logZ(m, tau, tap), nil
		}
	}
	return nil, 0, fmt.Errorf("ising: no solution after %d rounds at τ = %g: take another start or a τ farther from the critical one", rounds, tau)
}

// fields returns Σⱼ Jᵢⱼmⱼ + hᵢ and Σⱼ Jᵢⱼ²(1 − mⱼ²).
func (p Pairwise) fields(i int, m []float64) (field, reaction float64) {
	if p.H != nil {
		field = p.H[i]
	}
	for j, mj := range m {
		if w := p.J.At(i, j); j != i && w != 0 {
			field += w * mj
			reaction += w * w * (1 - mj*mj)
		}
	}
	return field, reaction
}

// logZ is −F/τ of the product law, with TAP's term if asked for.
func (p Pairwise) logZ(m []float64, tau float64, tap bool) float64 {
	sum := 0.0
	for i, mi := range m {
		field, reaction := p.fields(i, m)
		h := 0.0
		if p.H != nil {
			h = p.H[i]
		}
		sum += mi*(field+h)/(2*tau) + Entropy(mi)
		if tap {
			sum += (1 - mi*mi) * reaction / (4 * tau * tau)
		}
	}
	return sum
}
