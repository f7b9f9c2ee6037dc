package mcmc

import (
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

var (
	_ Kernel = Gibbs(nil)
	_ Kernel = Cycle(nil)
	_ Kernel = Mixture{}
)

// Gibbs is a draw of one block of the coordinates from its conditional law, given all
// others: the kernel that is accepted always. The function gets positions
// [chains, event…] and returns them with the block drawn anew. There is no step size.
//
//	x_b ~ p(x_b | x_rest)
//
// A Gibbs sampler is a list of them: [Cycle] is the cyclic scan, [Mixture] the random
// one, and larger blocks make fewer and better draws. A coordinate whose conditional
// law has no name takes a [Metropolis] step in its place in the list. [SetColumns]
// puts a block in its place.
//
// Source: Geman, Geman, "Stochastic relaxation, Gibbs distributions, and the Bayesian
// restoration of images", 1984.
type Gibbs func(s rng.State, x *Node) (rng.State, *Node)

// Init returns the state at x, which is x alone.
func (k Gibbs) Init(x *Node) State { return State{X: x} }

// Step makes one transition; see [Kernel].
func (k Gibbs) Step(s rng.State, _ *Node, at State) (rng.State, State, Info) {
	s, x := k(s, at.X)
	return s, State{X: x}, Info{}
}

// SetColumns returns x [chains, dim] with its columns from first on replaced by block,
// [chains, n], or [chains] for one.
func SetColumns(x *Node, first int, block *Node) *Node {
	if block.Rank() == 1 {
		block = ExpandAxes(block, -1)
	}
	last, dim := first+block.Shape().Dim(1), x.Shape().Dim(1)
	if x.Rank() != 2 || first < 0 || last > dim {
		exceptions.Panicf("mcmc: SetColumns: columns %d to %d of %s", first, last-1, x.Shape())
	}
	parts := []*Node{block}
	if first > 0 {
		parts = append([]*Node{SliceAxis(x, 1, AxisRange(0, first))}, parts...)
	}
	if last < dim {
		parts = append(parts, SliceAxis(x, 1, AxisRange(last)))
	}
	return Concatenate(parts, 1)
}

// Cycle makes a transition of each kernel in turn: one after the other is one
// transition of the cycle. A law that each leaves unchanged stays; detailed balance
// does not.
//
// Every kernel begins from positions alone, so that they need not have the same
// target, and evaluates log p once more than it would without the others. All get the
// same step size. Info's AcceptProb is the mean over the kernels that may reject, and
// Accepted says whether any of them moved; nil if none may.
type Cycle []Kernel

// Init returns the state at x, which is x alone.
func (c Cycle) Init(x *Node) State { return State{X: x} }

// Step makes one transition; see [Kernel].
func (c Cycle) Step(s rng.State, stepSize *Node, at State) (rng.State, State, Info) {
	mustHave("Cycle", c)
	var info Info
	x, rejecting := at.X, 0.0
	for _, k := range c {
		var next State
		var part Info
		s, next, part = k.Step(s, stepSize, k.Init(x))
		x = next.X
		switch {
		case part.AcceptProb == nil:
			continue
		case info.AcceptProb == nil:
			info = part
		default:
			info = Info{Add(info.AcceptProb, part.AcceptProb), Or(info.Accepted, part.Accepted)}
		}
		rejecting++
	}
	if rejecting > 0 {
		info.AcceptProb = DivScalar(info.AcceptProb, rejecting)
	}
	return s, State{X: x}, info
}

// Mixture makes a transition of one of its kernels, which each chain draws anew in
// every step. What each leaves unchanged stays, and if each has detailed balance, so
// has the mixture.
//
// All kernels are computed for all chains, and one of the results is taken: a step
// costs as much as that of a [Cycle]. States and step sizes are as there. Info is that
// of the kernel drawn, 1 and true for one that rejects nothing; nil if none may.
type Mixture struct {
	Kernels []Kernel
	Weights []float64 // of each kernel, not negative, scaled to sum to one; nil: equal
}

// Init returns the state at x, which is x alone.
func (m Mixture) Init(x *Node) State { return State{X: x} }

// Step makes one transition; see [Kernel].
func (m Mixture) Step(s rng.State, stepSize *Node, at State) (rng.State, State, Info) {
	mustHave("Mixture", m.Kernels)
	s, u := rng.Uniform(s, at.X.DType(), at.X.Shape().Dimensions[0])
	next := State{X: at.X}
	info := Info{OnesLike(u), Equal(u, u)}
	rejects := false
	for i, bound := range m.bounds() {
		kernel := m.Kernels[i]
		var moved State
		var part Info
		s, moved, part = kernel.Step(s, stepSize, kernel.Init(at.X))
		drawn := And(GreaterOrEqual(u, ConstAs(u, bound[0])), LessThan(u, ConstAs(u, bound[1])))
		next.X = pick(drawn, moved.X, next.X)
		if part.AcceptProb != nil {
			rejects = true
			info = Info{pick(drawn, part.AcceptProb, info.AcceptProb), pick(drawn, part.Accepted, info.Accepted)}
		}
	}
	if !rejects {
		info = Info{}
	}
	return s, next, info
}

// bounds returns the interval of (0, 1) in which each kernel is drawn.
func (m Mixture) bounds() [][2]float64 {
	weights, sum := m.Weights, 0.0
	for range m.Kernels {
		if m.Weights == nil {
			weights = append(weights, 1)
		}
	}
	for _, w := range weights {
		if !(w >= 0) {
			exceptions.Panicf("mcmc: Mixture: Weights %v: want none negative", weights)
		}
		sum += w
	}
	if len(weights) != len(m.Kernels) || !(sum > 0) {
		exceptions.Panicf("mcmc: Mixture of %d kernels with Weights %v: want one for each, not all 0", len(m.Kernels), weights)
	}
	bounds, low := make([][2]float64, len(weights)), 0.0
	for i, w := range weights {
		bounds[i] = [2]float64{low, low + w/sum}
		low += w / sum
	}
	bounds[len(bounds)-1][1] = 1
	return bounds
}

func mustHave(name string, kernels []Kernel) {
	if len(kernels) == 0 {
		exceptions.Panicf("mcmc: %s has no kernels", name)
	}
}
