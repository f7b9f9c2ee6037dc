package mcmc

import (
	"gibbs/lib/loop"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/shapes"
)

// The graph functions of a Sampler's loops. Their state is
//
//	x, logp, score      the kernel's State, as far as it is there
//	rng                 the random stream
//	accept [chains]     the mean acceptance probability so far
//	mean, variance      of what is observed, so far; with KeepMoments

// init makes the state of the chains at in["x"].
func (s *Sampler) init(in loop.Nodes) loop.Nodes {
	x := in["x"]
	stream := rng.FromKey(in["key"]).Fold(in["first"]).Lanes(s.lanes(x))
	state := nodesOf(s.kernel.Init(x))
	state["rng"] = stream.Node()
	state["accept"] = Zeros(x.Graph(), shapes.Make(x.DType(), x.Shape().Dimensions[0]))
	return state
}

// step makes transition i of a phase.
func (s *Sampler) step(i *Node, constants, state loop.Nodes) loop.Nodes {
	x := state["x"]
	stepSize := constants["step size"]
	if s.compiled.Schedule != nil {
		t := ConvertDType(Add(i, constants["first"]), x.DType())
		stepSize = s.compiled.Schedule(t, stepSize)
	}
	at := State{x, state["logp"], state["score"]}
	stream, at, info := s.kernel.Step(rng.FromNode(state["rng"]), stepSize, at)
	next := nodesOf(at)
	next["rng"] = stream.Node()
	next["accept"] = state["accept"]
	if s.rejects = info.AcceptProb != nil; s.rejects {
		next["accept"] = towards(state["accept"], info.AcceptProb, i)
	}
	return next
}

// initMoments is init with moments of nothing.
func (s *Sampler) initMoments(in loop.Nodes) loop.Nodes {
	state := s.init(in)
	state["mean"] = ZerosLike(s.observe(in["x"]))
	state["variance"] = ZerosLike(state["mean"])
	return state
}

// stepMoments is step, with the moments of the states after it by Welford's
// recurrence.
//
//	m′ = m + (x − m)/n,   v′ = v + ((x − m)(x − m′) − v)/n
func (s *Sampler) stepMoments(i *Node, constants, state loop.Nodes) loop.Nodes {
	next := s.step(i, constants, state)
	x := s.observe(next["x"])
	mean := towards(state["mean"], x, i)
	next["mean"] = mean
	next["variance"] = towards(state["variance"], Mul(Sub(x, state["mean"]), Sub(x, mean)), i)
	return next
}

// towards returns the mean of i+1 numbers, from that of the first i and the last.
func towards(mean, last, i *Node) *Node {
	return Add(mean, Div(Sub(last, mean), AddScalar(ConvertDType(i, mean.DType()), 1)))
}

// observe returns what is kept of positions.
func (s *Sampler) observe(x *Node) *Node {
	if s.compiled.Observe == nil {
		return x
	}
	return s.compiled.Observe(x)
}

// lanes returns how many parallel generators serve a step at x: enough that one
// advance yields most of what it draws.
func (s *Sampler) lanes(x *Node) int {
	if kernel, ok := s.kernel.(interface{ lanes(x *Node) int }); ok {
		return kernel.lanes(x)
	}
	return normalLanes(x)
}

// normalLanes is for a step that draws normals like x: two words of each lane in
// float32, four in float64. Fewer than 256 would save nothing.
func normalLanes(x *Node) int { return max(256, (x.Shape().Size()+1)/2) }

// nodesOf returns the nodes of a kernel's state that are there.
func nodesOf(at State) loop.Nodes {
	state := loop.Nodes{"x": at.X}
	if at.LogP != nil {
		state["logp"] = at.LogP
	}
	if at.Score != nil {
		state["score"] = at.Score
	}
	return state
}
