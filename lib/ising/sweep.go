package ising

import (
	"math"

	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
)

// Rule is how a spin is drawn given its neighbours.
type Rule int

const (
	// HeatBath draws the spin from its law given its neighbours, whatever it was:
	// P(up) = 1/(1 + exp(−2β(Σⱼsⱼ + h))). Also called Glauber dynamics.
	HeatBath Rule = iota
	// Metropolis turns the spin over with probability min(1, exp(−βΔE)). It turns
	// over whatever costs nothing, so that at β = 0 it is periodic.
	Metropolis
)

// up returns the probability that a spin is +1 after its update, given that it was old
// and that its neighbours sum to sum. It rises with the sum for either old.
func (r Rule) up(old, sum int, field, tau float64) float64 {
	total := float64(sum) + field
	if r == HeatBath {
		return 1 / (1 + math.Exp(-2*total/tau))
	}
	turn := math.Min(1, math.Exp(-2*float64(old)*total/tau))
	if old > 0 {
		return 1 - turn
	}
	return turn
}

// thresholds returns, for each temperature and every neighbour sum −4, −2, …, 4, the
// number of the 2³² words below which a spin becomes +1: [olds][5][replicas·chains], with
// olds = 1 where the old spin does not matter, else 2: from −1 and from +1. So
// probabilities are exact to 2⁻³².
func (r Rule) thresholds(field float64, tau []float64, chains int) [][][]uint32 {
	olds := []int{0}
	if r == Metropolis {
		olds = []int{-1, 1}
	}
	table := make([][][]uint32, len(olds))
	for i, old := range olds {
		for sum := -4; sum <= 4; sum += 2 {
			var row []uint32
			for _, t := range tau {
				word := uint32(math.Min(math.Round(r.up(old, sum, field, t)*(1<<32)), math.MaxUint32))
				for range chains {
					row = append(row, word)
				}
			}
			table[i] = append(table[i], row)
		}
	}
	return table
}

// quarters are the spins ±1, int32, of many lattices in one layout that needs no mask:
// quarters[a][b] holds the sites (2r+a, 2c+b), as [L/2, L/2, lattices], or [L/2, L/2] for
// one lattice. Even sites are those with a = b. Lattices lie innermost, where a vector
// of them is next to each other in memory, also when L is small.
type quarters [2][2]*Node

// neighbours returns the sum of the four neighbours of each site of quarter [a][b].
func (x quarters) neighbours(a, b int) *Node {
	beside, above := x[a][1-b], x[1-a][b]
	return Add(Add(beside, roll(beside, 1, 2*b-1)), Add(above, roll(above, 0, 2*a-1)))
}

// sweep updates the even sites and then the odd ones. around are the neighbour sums of
// the odd sites, in the quarters [0][1] and [1][0], after the sweep.
func (x quarters) sweep(s rng.State, table *Node) (_ rng.State, _ quarters, around [2]*Node) {
	for parity := range 2 {
		for a := range 2 {
			around[a] = x.neighbours(a, a^parity)
		}
		for a := range 2 {
			s, x[a][a^parity] = draw(s, x[a][a^parity], around[a], table)
		}
	}
	return s, x, around
}

// sums returns the bond energy −Σ_⟨ij⟩ sᵢsⱼ and Σ sᵢ, int32 [lattices] or scalars. Every
// bond joins an even to an odd site, so what is around the odd sites has all bonds. The
// barrier keeps XLA from computing the spins again inside of the sums.
func (x quarters) sums(around [2]*Node) (bonds, total *Node) {
	bonds = Neg(Add(Mul(around[0], x[0][1]), Mul(around[1], x[1][0])))
	total = Add(Add(x[0][0], x[0][1]), Add(x[1][0], x[1][1]))
	both := OptimizationBarriers(bonds, total)
	return ReduceSum(both[0], 0, 1), ReduceSum(both[1], 0, 1)
}

// draw returns the spins after an update: one word for each. A word is below the
// thresholds of all sums from some sum on, as they rise, so that counting them says from
// which: up where sum/2 + 2 ≥ 5 − count.
func draw(s rng.State, old, sum, table *Node) (rng.State, *Node) {
	s, words := rng.Bits(s, old.Shape().Dimensions...)
	count := below(words, table, 0)
	if olds := table.Shape().Dimensions[0]; olds == 2 {
		count = Where(LessThan(old, ScalarZero(old.Graph(), dtypes.Int32)), count, below(words, table, 1))
	}
	up := ConvertDType(GreaterThan(Add(sum, Add(count, count)), Const(sum.Graph(), int32(5))), dtypes.Int32)
	return s, Sub(Add(up, up), Const(sum.Graph(), int32(1)))
}

// below counts the five thresholds of a row of the table that each word is below.
func below(words, table *Node, row int) *Node {
	var count *Node
	for k := range 5 {
		threshold := Reshape(Slice(table, AxisElem(row), AxisElem(k)), words.Shape().Dimensions[2:]...)
		if !threshold.IsScalar() {
			threshold = BroadcastToShape(ExpandLeftToRank(threshold, 3), words.Shape())
		}
		one := ConvertDType(LessThan(words, threshold), dtypes.Int32)
		if count == nil {
			count = one
		} else {
			count = Add(count, one)
		}
	}
	return count
}
