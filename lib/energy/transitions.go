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

// walk makes transitions from x, written out in the graph, and returns where they end.
func walk(s rng.State, kernel mcmc.Kernel, stepSize, x *Node, steps int) (rng.State, *Node) {
	at := kernel.Init(x)
	for range steps {
		s, at, _ = kernel.Step(s, stepSize, at)
	}
	return s, at.X
}
