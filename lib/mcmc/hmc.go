package mcmc

import (
	"maps"

	"gibbs/lib/loop"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/support/exceptions"
)

// HMC is Hamiltonian Monte Carlo: momenta p ~ N(0, M) are drawn, a trajectory of
// LeapfrogSteps steps is followed, and its end accepted or not.
//
//	α = min(1, exp(H(x, p) − H(x′, p′)))
//
// Without the last part it would not leave p unchanged: of N(0, 1) it would make
// variance 1/(1 − ε²/4). With a fixed length it may move in circles: where ε·steps is
// a period of a coordinate, nothing is ever forgotten. Jitter breaks that.
//
// Source: Duane et al., "Hybrid Monte Carlo", 1987; Neal, "MCMC using Hamiltonian
// dynamics", 2011, section 3.
type HMC struct {
	Target        prob.LogProber // p; its Score is used if it has one
	LeapfrogSteps int            // steps of a trajectory; positive
	// Jitter j draws the step size of each transition from ε·U(1 − j, 1 + j); in [0, 1).
	Jitter     float64
	Integrator Integrator // the zero value is Leapfrog
}

// The state of a trajectory, for each chain:
//
//	at      the draw: where the transition began
//	leaf    the end of the trajectory
//	energy  H where it began
//	scale   of the step size, by Jitter
//	n       steps done, int32
//	accept, leaves  as for NUTS: the probability of the end that is accepted or not
//	done    whether the last step ended a transition, bool

func (k HMC) target() prob.LogProber { return k.Target }

// begin returns the state of chains at x, which will begin a transition.
func (k HMC) begin(x *Node) loop.Nodes {
	if k.LeapfrogSteps < 1 || !(k.Jitter >= 0 && k.Jitter < 1) {
		exceptions.Panicf("mcmc: HMC: LeapfrogSteps %d must be positive and Jitter %g in [0, 1)", k.LeapfrogSteps, k.Jitter)
	}
	at := stateAt(k.Target, x)
	count := Zeros(x.Graph(), shapes.Make(dtypes.Int32, x.Shape().Dim(0)))
	state := loop.Nodes{
		"energy": ZerosLike(at.LogP), "scale": OnesLike(at.LogP), "n": count, "done": Equal(count, count),
		"accept": ZerosLike(at.LogP), "leaves": count, "depth": count,
	}
	putState(state, "at", at)
	putPhase(state, "leaf", Phase{at, ZerosLike(x)})
	return state
}

// step makes one leapfrog step of every chain.
func (k HMC) step(s rng.State, stepSize *Node, metric Metric, state loop.Nodes) (rng.State, loop.Nodes) {
	return k.follow(s, stepSize, metric, MulScalar(OnesLike(state["n"]), k.LeapfrogSteps), state)
}

// follow makes one leapfrog step of trajectories that have so many steps, int32 [chains].
func (k HMC) follow(s rng.State, stepSize *Node, metric Metric, steps *Node, state loop.Nodes) (rng.State, loop.Nodes) {
	next := maps.Clone(state)
	x, at := state["at.x"], getState(state, "at")
	s, z := rng.Normal(s, x.DType(), x.Shape().Dimensions...)
	s, u := rng.Uniform(s, x.DType(), 2, x.Shape().Dim(0))

	p, fresh := metric.Momentum(z), state["done"]
	leaf := pickPhase(fresh, Phase{at, p}, getPhase(state, "leaf"))
	energy := pick(fresh, metric.energy(Phase{at, p}), state["energy"])
	scale := pick(fresh, AddScalar(MulScalar(row(u, 0), 2*k.Jitter), 1-k.Jitter), state["scale"])
	n := AddScalar(pick(fresh, ZerosLike(state["n"]), state["n"]), 1)

	leaf = k.Integrator.Step(k.Target, metric, Mul(scale, stepSize), leaf)
	gain, lost := metric.gain(energy, leaf)
	done := Equal(n, steps)
	diverged := And(done, lost)
	accept := Exp(MinScalar(gain, 0))
	putState(next, "at", Select(And(done, LessThan(row(u, 1), accept)), leaf.State, at))
	putPhase(next, "leaf", leaf)
	maps.Copy(next, loop.Nodes{
		"energy": energy, "scale": scale, "n": n, "leaves": n, "done": done,
		"accept": Mul(accept, ConvertDType(n, accept.DType())), "diverged": diverged,
	})
	return s, next
}
