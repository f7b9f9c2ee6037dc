// Package mcmc samples by Markov chains whose transitions are pieces of a graph:
// the Langevin family, Hamiltonian trajectories, what runs them, and the exact answers
// that they are held to.
//
// A [Kernel] is one transition of many chains at once. [Run] repeats it inside one
// compiled program (or, with Block = 1, one dispatch at a time, with the same
// numbers); package native does the same work in plain Go, and package clangevin
// offers that to C.
//
//	ULA    x ← x + ηs(x) + √(2ηT) z         biased by O(η), never rejects
//	MALA   the same proposal, accepted or not  exact for p^{1/T}
//	SGLD   ULA with minibatch scores           for posteriors of large data
//
//	Metropolis                 any proposal, with its ratio
//	Gibbs                      draws from conditional laws
//	Cycle, Mixture, Tempering  kernels made of kernels
//
// On states that can be listed everything can be computed ([Finite],
// [MetropolisHastings]) or counted for a kernel of your own ([CountTransitions]);
// [Joint] tests one where nothing can be listed.
//
// A [Trajectory] is a transition of many steps: [HMC] and [NUTS]. [Sample] finds their
// step size and metric in a warm-up, as Stan does, and draws. One step of its compiled
// program is one leapfrog step of every chain, wherever in its trajectory that is.
//
// [SpectralGap], [ULALaw], [ULAVariance] and [OUWindowVariance] say what a chain
// must do: how fast it relaxes, where its law is after n steps, what it is biased by.
//
// Signs: a score points uphill, ∇ log p. Step sizes η are in units of Langevin
// time: dx = ∇ log p dt + √2 dw, dt = η.
package mcmc

import (
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"
)

// State is the least that a kernel needs of many chains to make the next
// transition. Fields that it does not need are nil; a kernel always fills the
// same ones.
type State struct {
	X     *Node // positions [chains, event…]
	LogP  *Node // log p(X) + const, [chains]
	Score *Node // ∇ log p(X), shaped like X
}

// Info says how a transition went. Fields are nil where nothing is rejected.
type Info struct {
	AcceptProb *Node // probability that the proposal was accepted with, [chains], of X's dtype
	Accepted   *Node // whether it was, bool [chains]
}

// Kernel is one Markov transition of many independent chains, in graph form. Init
// and Step are called while a graph is built, maybe more than once, and panic on
// misuse. A Kernel holds no state: what changes is in State.
type Kernel interface {
	// Init returns the state of chains at x [chains, event…].
	Init(x *Node) State
	// Step makes one transition from at. stepSize is a scalar, or [chains], of
	// the positions' dtype; it may be an input of the graph, so that a new one
	// compiles nothing.
	Step(s rng.State, stepSize *Node, at State) (rng.State, State, Info)
}

// PerChain returns v, a scalar or [chains], in a shape that broadcasts against x
// [chains, event…].
func PerChain(v, x *Node) *Node {
	if v.IsScalar() {
		return v
	}
	v.AssertDims(x.Shape().Dimensions[0])
	for v.Rank() < x.Rank() {
		v = ExpandAxes(v, -1)
	}
	return v
}

// sumEvent sums over all axes but the first: [chains, event…] → [chains].
func sumEvent(x *Node) *Node {
	if x.Rank() == 1 {
		return x
	}
	return ReduceSum(Reshape(x, x.Shape().Dimensions[0], -1), 1)
}

// logProbAndScore returns log p(x) [chains] and ∇ log p(x), shaped like x.
func logProbAndScore(p prob.LogProber, x *Node) (logP, score *Node) {
	logP = p.LogProb(x)
	if p, ok := p.(prob.Scorer); ok {
		return logP, p.Score(x)
	}
	return logP, Gradient(ReduceAllSum(logP), x)[0]
}
