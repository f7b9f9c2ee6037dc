package mcmc

import (
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Exchange is one transition of replica exchange (parallel tempering): neighbours
// in temperature offer each other their positions. The replicas i and i+1 of a chain
// swap with a probability that leaves the joint law Πᵢ exp(−βᵢE(xᵢ)) unchanged:
//
//	α = min(1, exp((βᵢ − βᵢ₊₁)(E(xᵢ) − E(xᵢ₊₁))))
//
// Pairs whose lower index is even are tried when t is even, the others when it is
// odd, so that no replica is in two pairs. Between exchanges, each replica makes
// steps of its own at its β.
//
//   - t is the number of the exchange, an integer scalar.
//   - beta [replicas] are the inverse temperatures, in order, at least two.
//   - energy [replicas, chains] is E(x), in beta's dtype; an E that is NaN never
//     swaps.
//
// swap moves what belongs to a replica's position, x [replicas, chains, event…] of
// any dtype: call it on each such array, the energies too. accepted, bool
// [replicas−1, chains], says which neighbours swapped: pairs whose turn it is not
// have false. It panics on other shapes.
//
// Source: Hukushima, Nemoto, "Exchange Monte Carlo method and application to spin
// glass simulations", 1996, equations (8) to (10).
//
// Differs: even and odd pairs alternate; there any order is allowed.
func Exchange(s rng.State, t, beta, energy *Node) (next rng.State, swap func(x *Node) *Node, accepted *Node) {
	if beta.Rank() != 1 || energy.Rank() != 2 || beta.DType() != energy.DType() || !t.IsScalar() || !t.DType().IsInt() {
		exceptions.Panicf("mcmc: Exchange takes an integer scalar, β [replicas] and E [replicas, chains] of one dtype, got %s, %s and %s",
			t.Shape(), beta.Shape(), energy.Shape())
	}
	replicas, chains := energy.Shape().Dimensions[0], energy.Shape().Dimensions[1]
	if beta.AssertDims(replicas); replicas < 2 {
		exceptions.Panicf("mcmc: Exchange needs at least two replicas")
	}
	step := func(x *Node) *Node { return Sub(head(x), tail(x)) } // xᵢ − xᵢ₊₁
	logRatio := Mul(ExpandAxes(step(beta), 1), step(energy))     // [replicas−1, chains]
	s, u := rng.Uniform(s, energy.DType(), replicas-1, chains)
	g := t.Graph()
	lower := Iota(g, shapes.Make(dtypes.Int32, replicas-1, chains), 0)
	turn := Equal(BitwiseAnd(Sub(lower, ConvertDType(t, dtypes.Int32)), Const(g, int32(1))), Const(g, int32(0)))
	accepted = And(turn, LessThan(u, Exp(logRatio)))

	never := BroadcastToDims(Const(g, false), 1, chains)
	fromAbove := Concatenate([]*Node{accepted, never}, 0) // [replicas, chains]
	fromBelow := Concatenate([]*Node{never, accepted}, 0)
	swap = func(x *Node) *Node {
		if x.Rank() < 2 || x.Shape().Dimensions[0] != replicas || x.Shape().Dimensions[1] != chains {
			exceptions.Panicf("mcmc: Exchange swaps [replicas=%d, chains=%d, event…], got %s", replicas, chains, x.Shape())
		}
		first, last := SliceAxis(x, 0, AxisElem(0)), SliceAxis(x, 0, AxisElem(-1))
		above, below := Concatenate([]*Node{tail(x), last}, 0), Concatenate([]*Node{first, head(x)}, 0)
		return Where(like(fromAbove, x), above, Where(like(fromBelow, x), below, x))
	}
	return s, swap, accepted
}

// head and tail return all but the last and all but the first along the leading axis.
func head(x *Node) *Node { return SliceAxis(x, 0, AxisRange(0, x.Shape().Dimensions[0]-1)) }
func tail(x *Node) *Node { return SliceAxis(x, 0, AxisRange(1)) }

// like returns mask [a, b] in the shape of x [a, b, event…].
func like(mask, x *Node) *Node {
	for mask.Rank() < x.Rank() {
		mask = ExpandAxes(mask, -1)
	}
	return BroadcastToShape(mask, shapes.Make(dtypes.Bool, x.Shape().Dimensions...))
}
