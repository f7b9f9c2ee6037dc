package mcmc

import (
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

var _ Kernel = Joint{}

// Joint moves parameters and data together, to test a kernel by Geweke's method: data
// drawn anew given the parameters, then a step of the kernel on the parameters given
// the data. If the kernel leaves the posterior of every data set unchanged, the chain
// leaves the joint law of parameters and data unchanged, which can be drawn from
// directly; see diag.JointTest.
//
//	y ~ p(y|θ),   θ ← kernel of p(θ|y)
//
// Positions are [chains, parameters + data]. Info is that of the kernel.
//
// Source: Geweke, "Getting it right: joint distribution tests of posterior simulators",
// 2004, section 2.
type Joint struct {
	Parameters int                                               // the first columns of a position
	Data       func(s rng.State, theta *Node) (rng.State, *Node) // y [chains, data] given θ [chains, parameters]
	Posterior  func(y *Node) Kernel                              // the kernel under test, of p(θ|y) with a y for each chain
}

// Init returns the state at x, which is x alone.
func (k Joint) Init(x *Node) State { return State{X: x} }

// Step makes one transition; see [Kernel].
func (k Joint) Step(s rng.State, stepSize *Node, at State) (rng.State, State, Info) {
	if k.Parameters < 1 || at.X.Rank() != 2 || at.X.Shape().Dim(1) <= k.Parameters {
		exceptions.Panicf("mcmc: Joint of %d parameters: want positions [chains, parameters + data], got %s", k.Parameters, at.X.Shape())
	}
	theta := SliceAxis(at.X, 1, AxisRange(0, k.Parameters))
	s, y := k.Data(s, theta)
	y = StopGradient(y) // given: its score does not reach the parameters that it was drawn with
	kernel := k.Posterior(y)
	s, next, info := kernel.Step(s, stepSize, kernel.Init(theta))
	return s, State{X: Concatenate([]*Node{next.X, y}, 1)}, info
}
