package hopfield

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Hebb returns the network of Hebb's rule, with no weight of a unit on itself.
//
//	Wᵢⱼ = (1/N) Σ_μ ξᵢ^μ ξⱼ^μ for i ≠ j,   Wᵢᵢ = 0
//
// Source: Hopfield, 1982, equation (2). Differs: divided by N, so that a pattern's
// energy is about −N/2. Without the zero the diagonal would be M/N for any patterns.
func Hebb(p *Patterns) *Network {
	w := mat.NewSymDense(p.n, nil)
	for i := range p.n {
		for j := i + 1; j < p.n; j++ {
			w.SetSym(i, j, float64(product(p.units[i], p.units[j], p.m))/float64(p.n))
		}
	}
	return mustNetwork(w)
}

// Storkey returns the network of Storkey's rule, which learns the patterns one after
// the other and takes off what the weights already say. It is local and holds more
// than Hebb's rule.
//
//	Wᵢⱼ ← Wᵢⱼ + (1/N)(ξᵢξⱼ − ξᵢhⱼᵢ − hᵢⱼξⱼ),   hᵢⱼ = Σ_{k≠i,j} Wᵢₖξₖ,   Wᵢᵢ = 0
//
// Source: Storkey, "Increasing the capacity of a Hopfield network without sacrificing
// functionality", 1997, equation (3).
func Storkey(p *Patterns) *Network {
	w := mat.NewSymDense(p.n, nil)
	for mu := range p.m {
		xi := p.State(mu)
		h := mustNetwork(w).Fields(xi) // W as it was before this pattern
		next := mat.NewSymDense(p.n, nil)
		for i := range p.n {
			for j := i + 1; j < p.n; j++ {
				old, a, b := w.At(i, j), float64(xi[i]), float64(xi[j])
				hij, hji := h[i]-old*b, h[j]-old*a
				next.SetSym(i, j, old+(a*b-a*hji-hij*b)/float64(p.n))
			}
		}
		w = next
	}
	return mustNetwork(w)
}

// PseudoInverse returns the network of the projection rule, for which every linearly
// independent pattern is a fixed point. The error says that they are dependent, as
// more than N always are, or so nearly that rounding decides.
//
//	Wᵢⱼ = (1/N) Σ_μν ξᵢ^μ (Q⁻¹)_μν ξⱼ^ν for i ≠ j,   Q_μν = (1/N) ξ^μ·ξ^ν,   Wᵢᵢ = 0
//
// With its diagonal W projects onto the patterns, Wξ = ξ; without it hᵢ = (1 − Wᵢᵢ)ξᵢ.
//
// Source: Personnaz, Guyon, Dreyfus, "Information storage and retrieval in spin-glass
// like neural networks", 1985; Kanter, Sompolinsky, 1987, for the diagonal.
func PseudoInverse(p *Patterns) (*Network, error) {
	q := mat.NewSymDense(p.m, nil)
	xi := mat.NewDense(p.m, p.n, nil)
	for mu := range p.m {
		for nu := mu; nu < p.m; nu++ {
			q.SetSym(mu, nu, float64(product(p.states[mu], p.states[nu], p.n))/float64(p.n))
		}
		for i, s := range p.State(mu) {
			xi.Set(mu, i, float64(s))
		}
	}
	var factor mat.Cholesky
	if !factor.Factorize(q) || factor.Cond() > 1e12 {
		return nil, fmt.Errorf("hopfield: the %d patterns of %d units are linearly dependent; leave some out", p.m, p.n)
	}
	var solved, product mat.Dense
	if err := factor.SolveTo(&solved, xi); err != nil {
		return nil, fmt.Errorf("hopfield: %w", err)
	}
	product.Mul(xi.T(), &solved)
	w := mat.NewSymDense(p.n, nil)
	for i := range p.n {
		for j := i + 1; j < p.n; j++ {
			w.SetSym(i, j, (product.At(i, j)+product.At(j, i))/float64(2*p.n))
		}
	}
	return mustNetwork(w), nil
}

// mustNetwork is NewNetwork for weights that are right by construction.
func mustNetwork(w mat.Symmetric) *Network {
	net, err := NewNetwork(w, nil)
	if err != nil {
		panic(err)
	}
	return net
}
