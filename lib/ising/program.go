package ising

import (
	"gibbs/lib/loop"
	"gibbs/lib/mcmc"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// The graph functions of a Sampler's loop. Its state is
//
//	00, 01, 10, 11   the quarters
//	rng              the random stream, one lane for each spin of a quarter
//	bonds, total     the bond energy and Σ sᵢ, int32 [lattices]; unless FinalOnly
//	swaps            the exchanges accepted so far, int32 [replicas−1]; with Exchange

func (s *Sampler) lattices() int { return len(s.compiled.Tau) * s.compiled.Chains }

// dims are those of a quarter.
func (s *Sampler) dims() []int {
	half := s.lattice.L / 2
	if n := s.lattices(); n > 1 {
		return []int{half, half, n}
	}
	return []int{half, half}
}

func (x quarters) state() loop.Nodes {
	return loop.Nodes{"00": x[0][0], "01": x[0][1], "10": x[1][0], "11": x[1][1]}
}

func (s *Sampler) init(in loop.Nodes) loop.Nodes {
	g := in["key"].Graph()
	shape := shapes.Make(dtypes.Int32, s.dims()...)
	stream := rng.FromKey(in["key"]).FoldInt(0).Lanes(shape.Size())
	var x quarters
	for a := range 2 {
		for b := range 2 {
			if x[a][b] = Ones(g, shape); s.compiled.Hot {
				var spins *Node
				stream, spins = rng.Rademacher(stream, dtypes.Float32, shape.Dimensions...)
				x[a][b] = ConvertDType(spins, dtypes.Int32)
			}
		}
	}
	state := x.state()
	state["rng"] = stream.Node()
	if s.measures() {
		sum := ReduceSum(x[0][0], 0, 1)
		state["bonds"], state["total"] = ZerosLike(sum), ZerosLike(sum)
	}
	if s.compiled.Exchange {
		state["swaps"] = Zeros(g, shapes.Make(dtypes.Int32, len(s.compiled.Tau)-1))
	}
	return state
}

// measures says whether a sweep computes bonds and total.
func (s *Sampler) measures() bool { return s.compiled.Exchange || !s.compiled.FinalOnly }

func (s *Sampler) step(i *Node, constants, state loop.Nodes) loop.Nodes {
	x := quarters{{state["00"], state["01"]}, {state["10"], state["11"]}}
	stream, x, around := x.sweep(rng.FromNode(state["rng"]), constants["table"])
	next := loop.Nodes{"rng": stream.Node()}
	if s.measures() {
		next["bonds"], next["total"] = x.sums(around)
	}
	if s.compiled.Exchange {
		x, next["bonds"], next["total"], next["swaps"] = s.exchange(i, constants, x, next["bonds"], next["total"])
		next["swaps"] = Add(next["swaps"], state["swaps"])
	}
	for name, node := range x.state() {
		next[name] = node
	}
	return next
}

// exchange swaps lattices of neighbours in temperature, with their energies; swaps
// [replicas−1] counts the accepted ones over the chains.
func (s *Sampler) exchange(i *Node, constants loop.Nodes, x quarters, bonds, total *Node) (_ quarters, _, _, swaps *Node) {
	replicas, chains, half := len(s.compiled.Tau), s.compiled.Chains, s.lattice.L/2
	of := func(n *Node) *Node { return Reshape(n, replicas, chains) }
	e := ConvertDType(of(bonds), dtypes.Float32)
	if s.lattice.Field != 0 {
		e = Sub(e, MulScalar(ConvertDType(of(total), dtypes.Float32), s.lattice.Field))
	}
	stream := rng.FromKey(constants["key"]).FoldInt(1).Fold(i)
	_, swap, accepted := mcmc.Exchange(stream, i, constants["beta"], e)
	for a := range 2 {
		for b := range 2 {
			leading := Reshape(TransposeAllAxes(x[a][b], 2, 0, 1), replicas, chains, half, half)
			x[a][b] = TransposeAllAxes(Reshape(swap(leading), replicas*chains, half, half), 1, 2, 0)
		}
	}
	swaps = ReduceSum(ConvertDType(accepted, dtypes.Int32), 1)
	return x, Reshape(swap(of(bonds)), -1), Reshape(swap(of(total)), -1), swaps
}
