package rbm

import (
	"gibbs/lib/mcmc"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
)

// Gibbs is a Markov kernel of package mcmc on the visible units of a machine: one sweep
// of block Gibbs a transition. It has no step size; what a Config says of one is not
// read.
//
// Positions are [chains, visible]. With Betas, which must ascend, each chain has a
// replica at every β, [chains, replicas, visible], and neighbours exchange states in
// every sweep (parallel tempering): even and odd pairs by a coin.
type Gibbs struct {
	Machine *RBM
	Betas   []float64
}

// Init returns the state at x.
func (k Gibbs) Init(x *Node) mcmc.State { return mcmc.State{X: x} }

// Step makes one transition; see [mcmc.Kernel].
func (k Gibbs) Step(s rng.State, _ *Node, at mcmc.State) (rng.State, mcmc.State, mcmc.Info) {
	x := at.X
	m := k.Machine.Model(x.Graph(), x.DType())
	if k.Betas == nil {
		s, x = m.Sweep(s, x)
		return s, mcmc.State{X: x}, mcmc.Info{}
	}
	m.Beta = ConvertDType(Const(x.Graph(), k.Betas), x.DType())
	s, coin := rng.Integers(s, 2)
	s, x, _ = m.Temper(s, Reshape(ConvertDType(coin, dtypes.Int32)), Transpose(x, 0, 1))
	return s, mcmc.State{X: Transpose(x, 0, 1)}, mcmc.Info{}
}

// Cold returns the replicas at the last β: x [chains, replicas, visible] → [chains,
// visible]. It is an Observe of mcmc.Config.
func (k Gibbs) Cold(x *Node) *Node {
	return Squeeze(SliceAxis(x, 1, AxisElem(-1)), 1)
}
