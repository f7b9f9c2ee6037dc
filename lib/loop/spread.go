package loop

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

// Spread returns scalars in the shape of x, for a step that multiplies arrays by
// them: step sizes, noise levels. XLA's CPU compiler fuses such a step with the
// drawing of its noise into one loop, which is slower if it reads a scalar in each
// turn (`go run ./lib/bench -job '^langevin$'` shows it); behind the barrier that
// Spread puts, it reads an array. A barrier of one node alone would not last, so it panics on fewer than two.
func Spread(x *Node, scalars ...*Node) []*Node {
	if len(scalars) < 2 {
		exceptions.Panicf("loop: Spread takes at least two scalars, got %d", len(scalars))
	}
	spread := make([]*Node, len(scalars))
	for i, scalar := range scalars {
		spread[i] = BroadcastToShape(scalar, x.Shape())
	}
	return OptimizationBarriers(spread...)
}
