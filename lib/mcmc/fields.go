package mcmc

import (
	"gibbs/lib/loop"
	"gibbs/lib/prob"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/shapes"
)

// States and phases among the named nodes of a loop.

func stateAt(target prob.LogProber, x *Node) State {
	logP, score := logProbAndScore(target, x)
	return State{x, logP, score}
}

func putState(nodes loop.Nodes, name string, s State) {
	nodes[name+".x"], nodes[name+".logp"], nodes[name+".score"] = s.X, s.LogP, s.Score
}

func getState(nodes loop.Nodes, name string) State {
	return State{nodes[name+".x"], nodes[name+".logp"], nodes[name+".score"]}
}

// putPhase keeps a phase without its log p: what goes on from it computes that anew.
func putPhase(nodes loop.Nodes, name string, at Phase) {
	nodes[name+".x"], nodes[name+".score"], nodes[name+".p"] = at.X, at.Score, at.P
}

func getPhase(nodes loop.Nodes, name string) Phase {
	return Phase{State{X: nodes[name+".x"], Score: nodes[name+".score"]}, nodes[name+".p"]}
}

// pickPhase returns a where mask, bool [chains], is true, and b elsewhere, without log p.
func pickPhase(mask *Node, a, b Phase) Phase {
	return Phase{State{X: pick(mask, a.X, b.X), Score: pick(mask, a.Score, b.Score)}, pick(mask, a.P, b.P)}
}

// pick returns a where mask is true and b elsewhere. The axes of mask are the leading
// ones of b; a broadcasts to b.
func pick(mask, a, b *Node) *Node {
	for mask.Rank() < b.Rank() {
		mask = ExpandAxes(mask, -1)
	}
	mask = BroadcastToShape(mask, shapes.Make(mask.DType(), b.Shape().Dimensions...))
	if !a.Shape().Equal(b.Shape()) {
		a = BroadcastToShape(a, b.Shape())
	}
	return Where(mask, a, b)
}

// row returns row i of a matrix.
func row(m *Node, i int) *Node { return Squeeze(SliceAxis(m, 0, AxisElem(i)), 0) }
