// Package rbm holds restricted Boltzmann machines: two layers of units, visible v
// and hidden h, with couplings between the layers and none inside them.
//
//	E(v, h) = Σᵢ ψ(vᵢ) + Σⱼ ψ(hⱼ) − bᵀv − cᵀh − vᵀWh,   p(v, h) = exp(−E)/Z
//
// Given one layer, the units of the other are independent; that makes sampling in
// blocks, the free energy F(v) = −log Σ_h exp(−E), and the sum over one layer alone
// cheap. [Units] says what a layer's units are, and what ψ is.
//
// [RBM] is a machine on the host in float64, with everything that is exact: log Z by
// a Gray code over the smaller layer, its moments, the likelihood and its gradient,
// the law that contrastive divergence draws from, bounds. [Model] is the same machine
// in a graph, where chains of many examples run: block Gibbs, parallel tempering,
// annealed importance sampling. [Learner] trains through package fit.
//
// Signs: E is energy and τ = 1 unless β says otherwise. All gradients are of the
// mean log-likelihood: they point to where it rises.
package rbm

import (
	"fmt"

	"gibbs/lib/rng"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// RBM is a machine on the host. The zero Units are Bernoulli. Its methods panic on
// states of another length, and change nothing.
type RBM struct {
	VisibleUnits, HiddenUnits Units

	W *mat.Dense // couplings, [visible, hidden]
	B []float64  // visible biases b, [visible]
	C []float64  // hidden biases c, [hidden]
}

// New returns a machine of Bernoulli units with the couplings N(0, std²) and no
// biases. It panics on layers without units.
func New(visible, hidden int, std float64, seed int64) *RBM {
	w := rng.NewHost(seed).Normal(visible * hidden)
	floats.Scale(std, w)
	return &RBM{W: mat.NewDense(visible, hidden, w), B: make([]float64, visible), C: make([]float64, hidden)}
}

// Scaled returns a copy with all parameters multiplied by s: the law of the same
// energy at the temperature 1/s, if its units are discrete.
func (m *RBM) Scaled(s float64) *RBM {
	n := &RBM{m.VisibleUnits, m.HiddenUnits, mat.DenseCopyOf(m.W), append([]float64(nil), m.B...), append([]float64(nil), m.C...)}
	n.W.Scale(s, n.W)
	floats.Scale(s, n.B)
	floats.Scale(s, n.C)
	return n
}

// transposed returns the machine with its layers exchanged.
func (m *RBM) transposed() *RBM {
	return &RBM{m.HiddenUnits, m.VisibleUnits, mat.DenseCopyOf(m.W.T()), m.C, m.B}
}

// Energy returns E(v, h).
func (m *RBM) Energy(v, h []float64) float64 {
	e := m.VisibleUnits.baseSum(v) + m.HiddenUnits.baseSum(h)
	for j, a := range m.HiddenInput(v) {
		e -= a * h[j]
	}
	return e - floats.Dot(m.B, v)
}

// FreeEnergy returns F(v), with exp(−F(v)) = Σ_h exp(−E(v, h)).
//
//	F(v) = Σᵢ ψ(vᵢ) − bᵀv − Σⱼ Γ(cⱼ + Σᵢ vᵢWᵢⱼ)
func (m *RBM) FreeEnergy(v []float64) float64 {
	f := m.VisibleUnits.baseSum(v) - floats.Dot(m.B, v)
	for _, a := range m.HiddenInput(v) {
		f -= m.HiddenUnits.cumulant(a)
	}
	return f
}

// HiddenInput returns c + Wᵀv, what each hidden unit is told by the visible ones.
func (m *RBM) HiddenInput(v []float64) []float64 {
	return m.input(m.W.T(), m.C, v)
}

// VisibleInput returns b + Wh.
func (m *RBM) VisibleInput(h []float64) []float64 {
	return m.input(m.W, m.B, h)
}

func (m *RBM) input(w mat.Matrix, bias, x []float64) []float64 {
	a := mat.NewVecDense(len(bias), nil)
	a.MulVec(w, mat.NewVecDense(len(x), x))
	floats.Add(a.RawVector().Data, bias)
	return a.RawVector().Data
}

// Hidden returns E[h | v]: probabilities of 1 for Bernoulli units.
func (m *RBM) Hidden(v []float64) []float64 {
	return m.HiddenUnits.means(m.HiddenInput(v))
}

// Visible returns E[v | h].
func (m *RBM) Visible(h []float64) []float64 {
	return m.VisibleUnits.means(m.VisibleInput(h))
}

// Features returns E[h | v] of each row of data [examples, visible]: [examples,
// hidden], what a classifier is given.
func (m *RBM) Features(data mat.Matrix) *mat.Dense {
	var a mat.Dense
	a.Mul(data, m.W)
	a.Apply(func(_, j int, x float64) float64 { return m.HiddenUnits.mean(x + m.C[j]) }, &a)
	return &a
}

// check says what is wrong with the machine's fields.
func (m *RBM) check() error {
	if m.W == nil {
		return fmt.Errorf("rbm: the machine has no W")
	}
	if v, h := m.W.Dims(); len(m.B) != v || len(m.C) != h {
		return fmt.Errorf("rbm: W is [%d, %d], so there must be %d biases B and %d C; there are %d and %d", v, h, v, h, len(m.B), len(m.C))
	}
	return nil
}
