package mcmc

import (
	"maps"
	"math/bits"

	"gibbs/lib/loop"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/support/exceptions"
)

// NUTS is the no-U-turn sampler: Hamiltonian trajectories that double in length,
// forwards or backwards at random, until going on would bring an end nearer to the
// other, and a draw from all their points.
//
//	a trajectory turns when  v₋·ρ ≤ 0 or v₊·ρ ≤ 0,   ρ = Σp − ½(p₋ + p₊),   v = M⁻¹p
//
// with p₋ and p₊ the momenta at its ends, checked for the whole and for every subtree
// of it. Points are drawn with weights e^{−H}: evenly inside the half that a doubling
// adds, and with a preference for that half over what was there (biased progressive
// sampling).
//
// Chains of one program grow trees of different sizes. So one step of the program is
// not a transition but one leapfrog step of every chain, each at its own place in its
// own tree, and none waits for another.
//
// Source: Hoffman, Gelman, "The No-U-Turn sampler", 2014; Betancourt, "A conceptual
// introduction to Hamiltonian Monte Carlo", 2017, appendix A (multinomial weights, ρ);
// Phan, Pradhan, Jankowiak, "Composable effects for flexible and accelerated
// probabilistic programming in NumPyro", 2019 (no recursion); Dance, Glaser, Orbanz,
// Adams, "Efficiently vectorized MCMC on modern accelerators", 2025 (no waiting).
type NUTS struct {
	Target     prob.LogProber // p; its Score is used if it has one
	MaxDepth   int            // doublings, at most 12; 0 means 10: 1,023 leapfrog steps
	Integrator Integrator     // the zero value is Leapfrog
}

// The state of a tree, for each chain. Names with a dot are fields of a Phase or a
// State; all are [chains] or [chains, dim].
//
//	at      the draw: inside a transition, what it will be as far as is known
//	leaf    the end of the tree that grows, or of the half that it grows by
//	other   its other end
//	half    the draw of that half
//	rho, rho half       Σp over the tree, and over the half
//	weight, weight half log Σ exp(H₀ − H), likewise
//	energy  H₀, after the momenta were drawn
//	depth, n            doublings done, and leapfrog steps of this one, int32
//	forwards            which way this one goes, bool
//	marks p, marks rho  p and rho half at the left ends of the subtrees that are open,
//	                    [chains, levels, dim]
//	accept, leaves      Σ min(1, exp(H₀ − H)), and of how many steps
//	done    whether the last step ended a transition, bool

func (k NUTS) target() prob.LogProber { return k.Target }

// begin returns the state of chains at x, which will begin a transition.
func (k NUTS) begin(x *Node) loop.Nodes {
	at := stateAt(k.Target, x)
	g, chains, dim := x.Graph(), x.Shape().Dim(0), x.Shape().Dim(1)
	number, count := Zeros(g, shapes.Make(x.DType(), chains)), Zeros(g, shapes.Make(dtypes.Int32, chains))
	marks := Zeros(g, shapes.Make(x.DType(), chains, k.levels(), dim))
	yes := Equal(count, count)
	state := loop.Nodes{
		"rho": ZerosLike(x), "rho half": ZerosLike(x), "weight": number, "weight half": number, "energy": number,
		"depth": count, "n": count, "forwards": yes, "marks p": marks, "marks rho": marks,
		"accept": number, "leaves": count, "done": yes,
	}
	putState(state, "at", at)
	putState(state, "half", at)
	for _, end := range []string{"leaf", "other"} {
		putPhase(state, end, Phase{at, ZerosLike(x)})
	}
	return state
}

// step makes one leapfrog step of every chain.
func (k NUTS) step(s rng.State, stepSize *Node, metric Metric, state loop.Nodes) (rng.State, loop.Nodes) {
	next := maps.Clone(state)
	x := state["at.x"]
	s, z := rng.Normal(s, x.DType(), x.Shape().Dimensions...)
	s, u := rng.Uniform(s, x.DType(), 3, x.Shape().Dim(0))
	k.refresh(next, metric, metric.Momentum(z))
	k.turnTo(next, LessThan(row(u, 0), ConstAs(u, 0.5)))
	diverged := k.grow(next, stepSize, metric, row(u, 1))
	turned := k.check(next, metric)
	k.merge(next, metric, Or(diverged, turned), row(u, 2))
	next["diverged"] = diverged
	return s, next
}

// refresh draws momenta where a transition begins: a tree of one point.
func (k NUTS) refresh(state loop.Nodes, metric Metric, p *Node) {
	fresh, at := state["done"], getState(state, "at")
	for _, end := range []string{"leaf", "other"} {
		putPhase(state, end, pickPhase(fresh, Phase{at, p}, getPhase(state, end)))
	}
	zero, none := ZerosLike(state["weight"]), ZerosLike(state["depth"])
	state["rho"] = pick(fresh, p, state["rho"])
	state["energy"] = pick(fresh, metric.energy(Phase{at, p}), state["energy"])
	state["weight"], state["accept"] = pick(fresh, zero, state["weight"]), pick(fresh, zero, state["accept"])
	state["depth"], state["leaves"] = pick(fresh, none, state["depth"]), pick(fresh, none, state["leaves"])
	state["n"] = pick(fresh, none, state["n"])
}

// turnTo chooses the way of a doubling where one begins.
func (k NUTS) turnTo(state loop.Nodes, forwards *Node) {
	begins := Equal(state["n"], ZerosLike(state["n"]))
	swap := And(begins, LogicalXor(forwards, state["forwards"]))
	leaf, other := getPhase(state, "leaf"), getPhase(state, "other")
	putPhase(state, "leaf", pickPhase(swap, other, leaf))
	putPhase(state, "other", pickPhase(swap, leaf, other))
	state["forwards"] = pick(begins, forwards, state["forwards"])
	state["rho half"] = pick(begins, ZerosLike(leaf.P), state["rho half"])
	nothing := Infinity(leaf.P.Graph(), leaf.P.DType(), -1)
	state["weight half"] = pick(begins, Add(ZerosLike(state["weight"]), nothing), state["weight half"])
}

// grow adds a point to the half, and makes it the half's draw with the probability
// that leaves all of its points drawn by weight.
func (k NUTS) grow(state loop.Nodes, stepSize *Node, metric Metric, u *Node) *Node {
	leaf := getPhase(state, "leaf")
	way := pick(state["forwards"], OnesLike(u), Neg(OnesLike(u)))
	leaf = k.Integrator.Step(k.Target, metric, Mul(way, stepSize), leaf)
	gain, diverged := metric.gain(state["energy"], leaf)

	weight := logAddExp(state["weight half"], gain)
	take := LessThan(u, Exp(Sub(gain, weight)))
	putState(state, "half", Select(take, leaf.State, getState(state, "half")))
	putPhase(state, "leaf", leaf)
	state["weight half"] = weight
	state["rho half"] = Add(state["rho half"], leaf.P)
	state["accept"] = Add(state["accept"], Exp(MinScalar(gain, 0)))
	state["leaves"] = AddScalar(state["leaves"], 1)
	return diverged
}

// check says whether a subtree that this point completes turns. The points of a half
// are numbered from 0: an even one opens subtrees, whose left end it marks, at the
// level that is the number of ones in n/2; an odd one completes as many as it ends in
// ones, whose marks lie just below.
func (k NUTS) check(state loop.Nodes, metric Metric) (turned *Node) {
	n, p, rho := state["n"], state["leaf.p"], state["rho half"]
	g := n.Graph()
	var top, ends []int32
	for i := range 1 << (k.depth() - 1) {
		top = append(top, int32(bits.OnesCount(uint(i)>>1)))
		ends = append(ends, int32(bits.TrailingZeros(^uint(i))))
	}
	at := func(table []int32) *Node { // [chains, 1]
		return ExpandAxes(Gather(Const(g, table), ExpandAxes(n, -1)), -1)
	}
	level := Iota(g, shapes.Make(dtypes.Int32, n.Shape().Dim(0), k.levels()), 1)
	here, count := at(top), at(ends)
	// No point does both: what it completes is read from the marks before its own, and
	// they are set after it, so that XLA sets them in place.
	closes := And(LessOrEqual(level, here), GreaterThan(level, Sub(here, count))) // [chains, levels]
	marks := state["marks p"]
	between := Add(Sub(ExpandAxes(rho, 1), state["marks rho"]), marks)
	last := Add(ZerosLike(marks), ExpandAxes(p, 1))
	turned = ReduceLogicalOr(And(closes, turns(metric, marks, last, between)), 1)
	opens := And(And(Equal(level, here), Equal(count, ZerosLike(count))), Not(ExpandAxes(turned, -1)))
	state["marks p"] = pick(opens, ExpandAxes(p, 1), marks)
	state["marks rho"] = pick(opens, ExpandAxes(rho, 1), state["marks rho"])
	return turned
}

// merge ends a half that is complete or must stop, and the transition with it where
// it stops, turns as a whole, or is as deep as allowed.
func (k NUTS) merge(state loop.Nodes, metric Metric, stop, u *Node) {
	n, depth := AddScalar(state["n"], 1), state["depth"]
	one := OnesLike(n)
	full := And(Equal(n, BitwiseShiftLeft(one, depth)), Not(stop))
	take := And(full, LessThan(u, Exp(MinScalar(Sub(state["weight half"], state["weight"]), 0))))
	putState(state, "at", Select(take, getState(state, "half"), getState(state, "at")))
	state["rho"] = pick(full, Add(state["rho"], state["rho half"]), state["rho"])
	state["weight"] = pick(full, logAddExp(state["weight"], state["weight half"]), state["weight"])
	state["depth"] = pick(full, AddScalar(depth, 1), depth)

	whole := turns(metric, ExpandAxes(state["leaf.p"], 1), ExpandAxes(state["other.p"], 1), ExpandAxes(state["rho"], 1))
	last := GreaterOrEqual(state["depth"], MulScalar(one, k.depth()))
	state["done"] = Or(stop, And(full, Or(Squeeze(whole, 1), last)))
	state["n"] = pick(Or(full, state["done"]), ZerosLike(n), n)
}

// turns says for momenta [chains, n, dim] whether their trajectories turn, [chains, n].
func turns(metric Metric, left, right, rho *Node) *Node {
	v := metric.Velocity(Sub(rho, MulScalar(Add(left, right), 0.5)))
	back := func(p *Node) *Node { d := ReduceSum(Mul(p, v), -1); return LessOrEqual(d, ZerosLike(d)) }
	return Or(back(left), back(right))
}

// depth returns MaxDepth with its default.
func (k NUTS) depth() int {
	if k.MaxDepth < 0 || k.MaxDepth > 12 {
		exceptions.Panicf("mcmc: NUTS: MaxDepth must lie between 1 and 12, or be 0 for 10, got %d", k.MaxDepth)
	}
	if k.MaxDepth == 0 {
		return 10
	}
	return k.MaxDepth
}

// levels is how many subtrees of a half can be open at once: the largest half has
// 2^(depth−1) points.
func (k NUTS) levels() int { return max(1, k.depth()-1) }

// logAddExp returns log(eᵃ + eᵇ), also where one or both are −∞.
func logAddExp(a, b *Node) *Node {
	top := Max(a, b)
	low := pick(IsFinite(top), Sub(Min(a, b), top), ZerosLike(top))
	return pick(IsFinite(top), Add(top, Log1P(Exp(low))), top)
}
