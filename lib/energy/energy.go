// Package energy holds Gibbs laws: densities that are given by an energy.
//
//	p_τ(x) = exp(−E(x)/τ)/Z(τ),   Z(τ) = ∫ exp(−E(x)/τ) dx
//
// An [Energy] and a [prob.LogProber] are one thing with two signs: [Of] and
// [Tempered] convert. What Z is and what follows from it comes from
//
//   - [Levels]: a finite list of energies, where all of it is a sum; a [Grid] turns
//     an integral over a box into such a list;
//   - [Importance]: draws of another law, with a standard error;
//   - [AIS]: annealed importance sampling from both ends, which brackets log Z;
//   - [Integrate]: thermodynamic integration of mean energies.
//
// [Likelihood] trains neural energies: the gradient of the negative log-likelihood
// is the mean of ∂E over data less that over the model, and the negatives, which
// stand for the model, come from any Markov chain, or exactly from a grid.
//
// Boltzmann's constant is 1: τ is in the units of E.
package energy

import (
	"math"

	"gibbs/lib/prob"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

// Energy is an energy function: low where its law has mass.
type Energy interface {
	// Energy returns E(x) of each example, up to a constant. x [batch, event…] → [batch].
	Energy(x *Node) *Node
}

// Gradienter is an energy whose gradient is known in closed form.
type Gradienter interface {
	// Gradient returns ∇ₓE, shaped like x. It points uphill in energy.
	Gradient(x *Node) *Node
}

// Func is an energy that is written as a function: x [batch, event…] → [batch].
type Func func(x *Node) *Node

// Energy returns f(x).
func (f Func) Energy(x *Node) *Node { return f(x) }

// GradientOf returns ∇ₓE(x), shaped like x: e's Gradient if it is a [Gradienter],
// else the derivative of its Energy.
func GradientOf(e Energy, x *Node) *Node {
	if e, ok := e.(Gradienter); ok {
		return e.Gradient(x)
	}
	return Gradient(ReduceAllSum(e.Energy(x)), x)[0]
}

// Of returns the energy of a law at τ = 1, with the law's own score if it has one.
//
//	E(x) = −log p(x)
//
// Where LogProb is normalised, Z(1) = 1.
func Of(p prob.LogProber) Energy {
	if p, ok := p.(scored); ok {
		return scoredEnergy{p}
	}
	return Func(func(x *Node) *Node { return Neg(p.LogProb(x)) })
}

// scored is a law with its score.
type scored interface {
	prob.LogProber
	prob.Scorer
}

type scoredEnergy struct{ law scored }

func (e scoredEnergy) Energy(x *Node) *Node   { return Neg(e.law.LogProb(x)) }
func (e scoredEnergy) Gradient(x *Node) *Node { return Neg(e.law.Score(x)) }

// Tempered is the Gibbs law of an energy at a temperature, up to its constant.
//
//	LogProb(x) = −E(x)/τ,   Score(x) = −∇E(x)/τ
//
// It is a [prob.LogProber] and a [prob.Scorer]: what samplers and tests take.
type Tempered struct {
	E   Energy  // required
	Tau float64 // τ, positive; 0 means 1
}

var (
	_ prob.LogProber = Tempered{}
	_ prob.Scorer    = Tempered{}
)

// LogProb returns −E(x)/τ. x [batch, event…] → [batch]. It panics on a negative τ.
func (p Tempered) LogProb(x *Node) *Node { return MulScalar(p.E.Energy(x), -1/p.tau()) }

// Score returns −∇E(x)/τ, shaped like x. It panics on a negative τ.
func (p Tempered) Score(x *Node) *Node { return MulScalar(GradientOf(p.E, x), -1/p.tau()) }

func (p Tempered) tau() float64 {
	switch {
	case p.Tau == 0:
		return 1
	case !(p.Tau > 0) || math.IsInf(p.Tau, 1):
		exceptions.Panicf("energy: Tempered: Tau must be positive and finite, or 0 for 1, got %g", p.Tau)
	}
	return p.Tau
}
