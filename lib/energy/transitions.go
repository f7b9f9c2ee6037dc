package energy

import (
	"gibbs/lib/mcmc"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"
)

// KernelOf makes a Markov kernel that leaves a law unchanged, or nearly; [ULA] and
// [MALA] are two.
type KernelOf func(p prob.LogProber) mcmc.Kernel

// ULA makes unadjusted Langevin steps: biased by their size, never rejected.
func ULA(p prob.LogProber) mcmc.Kernel {
	return mcmc.ULA{Score: func(x *Node) *Node { return prob.ScoreOf(p, x) }}
}

// MALA makes Metropolis-adjusted Langevin steps, which are exact for p.
func MALA(p prob.LogProber) mcmc.Kernel { return mcmc.MALA{Target: p} }

// Transitions makes the Step of an [AIS]: steps transitions of a kernel at f_β,
// with step size stepSize at every β.
func Transitions(kernel KernelOf, logProb func(x, beta *Node) *Node, stepSize float64, steps int) func(s rng.State, x, beta *Node) (rng.State, *Node) {
	return func(s rng.State, x, beta *Node) (rng.State, *Node) {
		p := logProber(func(x *Node) *Node { return logProb(x, beta) })
		return walk(s, kernel(p), ConstAs(x, stepSize), x, steps)
	}
}

// logProber is a law up to a constant, by its function.
type logProber func(x *Node) *Node

func (f logProber) LogProb(x *Node) *Node { return f(x) }

// walk makes transitions from x, written out in the graph, and returns where they
// end. A barrier before each keeps XLA from fusing a transition with what comes
// before it, which would compute the generator's words anew for every later use.
func walk(s rng.State, kernel mcmc.Kernel, stepSize, x *Node, steps int) (rng.State, *Node) {
	at := kernel.Init(x)
	for range steps {
		s, at = apart(s, at)
		s, at, _ = kernel.Step(s, stepSize, at)
	}
	return s, at.X
}

// apart puts a barrier behind the states of a generator and of a kernel.
func apart(s rng.State, at mcmc.State) (rng.State, mcmc.State) {
	nodes := []*Node{s.Node(), at.X}
	for _, n := range []*Node{at.LogP, at.Score} {
		if n != nil {
			nodes = append(nodes, n)
		}
	}
	nodes = OptimizationBarriers(nodes...)
	s, at.X, nodes = rng.FromNode(nodes[0]), nodes[1], nodes[2:]
	for _, n := range []**Node{&at.LogP, &at.Score} {
		if *n != nil {
			*n, nodes = nodes[0], nodes[1:]
		}
	}
	return s, at
}
