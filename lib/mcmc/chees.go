package mcmc

import (
	"maps"
	"math"

	"gibbs/lib/loop"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/support/exceptions"
)

// ChEES is Hamiltonian Monte Carlo for many chains at once, whose trajectories all have
// one length, found in the warm-up: the one that changes most how far positions are
// from their mean.
//
//	ChEES(t) = ¼ E (‖x′ − E x′‖² − ‖x − E x‖²)²
//	dChEES/dt = E (‖x′ − E x′‖² − ‖x − E x‖²)(x′ − E x′)·p′,   ‖x‖² = xᵀMx
//
// A transition has ⌈uλ⌉ steps, with u spread evenly over (0, 1) from one to the next,
// so that no length repeats; log λ climbs the gradient by Adam, and begins anew with each new
// metric but the last. All chains do the same
// number of steps, so that none waits: on a device where a thousand chains cost as much
// as ten, this beats [NUTS]. It adapts all chains together, wants two at the least and
// many to be good, and a mean acceptance of 0.651.
//
// Source: Hoffman, Radul, Sountsov, "An adaptive-MCMC scheme for setting trajectory
// lengths in Hamiltonian Monte Carlo", 2021. Differs: distances in the metric, so that
// units of coordinates do not matter; multiples of the golden ratio for Halton's
// sequence; the count of steps adapts and not the length, so that a new metric keeps it;
// the arithmetic mean of acceptances for the harmonic one.
type ChEES struct {
	Target     prob.LogProber // p; its Score is used if it has one
	Integrator Integrator     // the zero value is Leapfrog
}

// Of the search for the count of steps: Adam's rate and memory, and bounds.
const (
	cheesAccept = 0.651
	cheesRate   = 0.025
	cheesMemory = 0.95
	cheesFirst  = 2    // λ where the warm-up begins
	cheesMost   = 1000 // its largest value
)

// The state is that of HMC and, for all chains, [1]:
//
//	u                          the share of λ that the transition under way takes
//	log steps, log steps mean  log λ, and its mean of late
//	square, turns              Adam's mean square of the gradient, and its updates
//
// and steps [chains], int32: those of the transition under way.

func (k ChEES) target() prob.LogProber { return k.Target }

func (k ChEES) hmc() HMC { return HMC{Target: k.Target, Integrator: k.Integrator, LeapfrogSteps: 1} }

// begin returns the state of chains at x, which will begin a transition.
func (k ChEES) begin(x *Node) loop.Nodes {
	if x.Shape().Dim(0) < 2 {
		exceptions.Panicf("mcmc: ChEES compares chains with each other; it needs two or more, not %d", x.Shape().Dim(0))
	}
	state := k.hmc().begin(x)
	zero := Zeros(x.Graph(), shapes.Make(x.DType(), 1))
	log := AddScalar(zero, math.Log(cheesFirst))
	maps.Copy(state, loop.Nodes{
		"u": zero, "log steps": log, "log steps mean": log, "square": zero, "turns": zero, "steps": state["n"],
	})
	return state
}

// step makes one leapfrog step of every chain.
func (k ChEES) step(s rng.State, stepSize *Node, metric Metric, state loop.Nodes) (rng.State, loop.Nodes) {
	fresh := SliceAxis(state["done"], 0, AxisRange(0, 1)) // all chains begin together
	u := AddScalar(state["u"], math.Phi-1)
	u = Where(fresh, Sub(u, Floor(u)), state["u"])
	steps := MaxScalar(ConvertDType(Ceil(Mul(u, Exp(state["log steps"]))), dtypes.Int32), 1)
	steps = pick(state["done"], steps, state["steps"])
	s, next := k.hmc().follow(s, stepSize, metric, steps, state)
	next["u"], next["steps"] = u, steps
	return s, next
}

// adapt moves log λ by what a transition that ended tells of the gradient, unless its
// step size was so large that half as many were accepted as should be.
func (k ChEES) adapt(constants loop.Nodes, metric Metric, before, after loop.Nodes) loop.Nodes {
	accept := Div(after["accept"], ConvertDType(after["leaves"], after["accept"].DType()))
	g := cheesGradient(metric, before["at.x"], getPhase(after, "leaf"), accept)
	time := Mul(ConvertDType(SliceAxis(after["n"], 0, AxisRange(0, 1)), g.DType()), SliceAxis(after["step"], 0, AxisRange(0, 1)))
	g = Mul(g, time) // with respect to log λ

	turns := AddScalar(before["turns"], 1)
	square := Add(MulScalar(before["square"], cheesMemory), MulScalar(Square(g), 1-cheesMemory))
	unbiased := Div(square, OneMinus(Exp(MulScalar(turns, math.Log(cheesMemory)))))
	log := Add(before["log steps"], MulScalar(Div(g, Sqrt(unbiased)), cheesRate))
	log = ClipScalar(log, 0, math.Log(cheesMost))
	slow := Exp(MulScalar(Log(turns), -averagingDecay))
	mean := Add(Mul(slow, log), Mul(OneMinus(slow), before["log steps mean"]))

	heard := And(constants["adapting"], SliceAxis(after["done"], 0, AxisRange(0, 1)))
	heard = And(heard, GreaterThan(ReduceAllMean(accept), MulScalar(constants["accept"], 0.5)))
	heard = And(heard, IsFinite(Add(log, square)))
	next := loop.Nodes{"turns": turns, "square": square, "log steps": log, "log steps mean": mean}
	for name, v := range next {
		next[name] = Where(heard, v, before[name])
	}
	return next
}

func (k ChEES) settle(state loop.Tensors) { state["log steps"] = state["log steps mean"] }

// restart begins from few steps again, because the criterion has a local maximum at
// every length at which the target's coordinates have come round once more, of which
// the shortest is wanted. The last new metric is so near to the one before it that the
// count stands.
func (k ChEES) restart(tensor func(v []float64, dims ...int) *tensors.Tensor) loop.Tensors {
	few := tensor([]float64{math.Log(cheesFirst)})
	return loop.Tensors{"log steps": few, "log steps mean": few, "square": tensor([]float64{0}), "turns": tensor([]float64{0})}
}

// cheesGradient returns dChEES/dt, [1], for transitions from x to the ends of
// trajectories, weighted by the probabilities of accepting them.
func cheesGradient(metric Metric, x *Node, end Phase, accept *Node) *Node {
	reached := And(IsFinite(accept), GreaterThan(accept, ZerosLike(accept)))
	weight := pick(reached, accept, ZerosLike(accept))
	centred := func(x *Node) *Node { return Sub(x, ReduceAndKeep(x, ReduceMean, 0)) }
	from := centred(x)
	to := centred(pick(reached, end.X, x))
	pull := sumEvent(Mul(to, pick(reached, end.P, ZerosLike(x))))
	change := Sub(metric.squaredNorm(to), metric.squaredNorm(from))
	sum := ReduceAllSum(Mul(weight, Mul(change, pull)))
	return Reshape(Div(sum, MaxScalar(ReduceAllSum(weight), 1e-30)), 1)
}
