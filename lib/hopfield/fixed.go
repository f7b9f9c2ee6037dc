package hopfield

import (
	"fmt"
	"math"
)

// MaxEnumerated is the largest network whose states FixedPoints lists: 2²⁰ of them.
const MaxEnumerated = 20

// FixedPoint is a state that no update of a single unit changes.
type FixedPoint struct {
	State  []int8
	Energy float64
	// Stability is minᵢ xᵢhᵢ: how much field the least certain unit has to spare.
	// 0 is a tie: the state stays only because of the rule for ties, and is no
	// strict fixed point.
	Stability float64
}

// FixedPoints lists all states that the rule leaves as they are, in the order of
// their bits (unit 0 lowest, +1 set), by trying all 2^N. The error says that N is
// above MaxEnumerated.
func (net *Network) FixedPoints() ([]FixedPoint, error) {
	n := net.Units()
	if n > MaxEnumerated {
		return nil, fmt.Errorf("hopfield: %d units have too many states to list; at most %d", n, MaxEnumerated)
	}
	var found []FixedPoint
	x := make([]int8, n)
	for s := range uint64(1) << n {
		for i := range x {
			x[i] = spin([]uint64{s}, i)
		}
		if stability, ok := net.stability(x); ok {
			found = append(found, FixedPoint{append([]int8(nil), x...), net.Energy(x), stability})
		}
	}
	return found, nil
}

// stability returns minᵢ xᵢhᵢ, with what counts as 0 set to it, and whether no unit
// would change.
func (net *Network) stability(x []int8) (least float64, ok bool) {
	least = math.Inf(1)
	for i, h := range net.Fields(x) {
		switch own := float64(x[i]) * h; {
		case own < -net.slack[i]:
			return 0, false
		case own <= net.slack[i]:
			least = 0
		default:
			least = min(least, own)
		}
	}
	return least, true
}

// Mixture returns sign(Σ_μ ξ^μ) over the given patterns, a state that Hebb's rule
// makes stable without being asked to. It panics unless their number is odd, so that
// no sum is 0.
func (p *Patterns) Mixture(patterns ...int) []int8 {
	if len(patterns)%2 == 0 {
		panic(fmt.Sprintf("hopfield: a mixture of %d patterns has ties; want an odd number", len(patterns)))
	}
	x := make([]int8, p.n)
	for i := range x {
		sum := 0
		for _, mu := range patterns {
			sum += int(spin(p.states[mu], i))
		}
		x[i] = -1
		if sum > 0 {
			x[i] = 1
		}
	}
	return x
}
