// Package ising holds the Ising model on the square lattice and on the complete
// graph: exact answers, samplers that are held to them, and mean fields.
//
//	E(s) = −Σ_⟨ij⟩ sᵢsⱼ − h Σᵢ sᵢ,   sᵢ = ±1,   p(s) = exp(−E(s)/τ)/Z
//
// The coupling is 1, so energies and temperatures τ are in its units, and k_B = 1.
// (An antiferromagnet without field is this model with every second spin turned
// over.) N is the number of spins, m = Σ sᵢ/N the magnetisation.
//
//   - exact: [Lattice.Enumerate] (up to 5×5), [Kaufman] (any finite torus), [Onsager]
//     (the infinite lattice), [Ring] (one dimension), [CompleteGraph];
//   - samplers: [Run] makes sweeps of heat bath or Metropolis on the device, many
//     temperatures and lattices at once, with replica exchange; [Spins] makes
//     local and cluster moves on the host; [WangLandau] estimates the density of
//     states;
//   - approximations: [MeanField], [Bethe], [Pairwise] (naive mean field and TAP for
//     any couplings);
//   - [Measure] makes U, C, χ, |m| and Binder's cumulant of draws, with errors.
package ising

import (
	"fmt"
	"math"

	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/support/exceptions"
)

// TauC is the critical temperature of the infinite square lattice, 2/ln(1 + √2).
//
// Source: Kramers, Wannier, 1941; Onsager, 1944.
const TauC = 2.26918531421302196814

// Lattice is the Ising model on an L×L square lattice whose opposite edges meet: N =
// L² spins, each with four neighbours. As an energy in graph form it is an
// energy.Energy.
type Lattice struct {
	L     int     // at least 3; even where sublattices are updated
	Field float64 // h; 0 is none
}

// Sites returns N = L².
func (l Lattice) Sites() int { return l.L * l.L }

// Energy returns E(x) of lattices of spins ±1, x [batch, L, L] → [batch].
func (l Lattice) Energy(x *Node) *Node {
	l.assertGraph(x)
	right, below := roll(x, 2, 1), roll(x, 1, 1)
	pairs := Mul(x, Add(right, below))
	return Neg(ReduceSum(Add(pairs, MulScalar(x, l.Field)), 1, 2))
}

// HeatBath makes one sweep of the lattices x [batch, L, L], float, at the inverse
// temperature beta, a scalar of x's dtype: all spins of one sublattice, then all of
// the other, each from its law given its four neighbours.
//
//	P(sᵢ = +1 | neighbours) = 1/(1 + exp(−2β(Σⱼ sⱼ + h)))
//
// It leaves exp(−βE) unchanged, for use as a step in a graph. [Run] makes the same
// sweeps faster. L must be even.
func (l Lattice) HeatBath(s rng.State, x, beta *Node) (rng.State, *Node) {
	l.assertGraph(x)
	if l.L%2 != 0 {
		exceptions.Panicf("ising: a sublattice update needs an even L, got %d", l.L)
	}
	g, dims := x.Graph(), x.Shape().Dimensions
	rows, cols := Iota(g, shapes.Make(dtypes.Int32, dims...), 1), Iota(g, shapes.Make(dtypes.Int32, dims...), 2)
	odd := BitwiseAnd(Add(rows, cols), Const(g, int32(1)))
	for parity := range int32(2) {
		sum := Add(Add(roll(x, 1, 1), roll(x, 1, -1)), Add(roll(x, 2, 1), roll(x, 2, -1)))
		up := Sigmoid(Mul(MulScalar(AddScalar(sum, l.Field), 2), beta))
		var yes *Node
		s, yes = rng.Bernoulli(s, up)
		drawn := AddScalar(MulScalar(ConvertDType(yes, x.DType()), 2), -1)
		x = Where(Equal(odd, Const(g, parity)), drawn, x)
	}
	return s, x
}

// roll returns x with its value at i+by, around the axis, at i; by is 1 or −1.
func roll(x *Node, axis, by int) *Node {
	cut := (x.Shape().Dimensions[axis] + by) % x.Shape().Dimensions[axis]
	return Concatenate([]*Node{SliceAxis(x, axis, AxisRange(cut)), SliceAxis(x, axis, AxisRange(0, cut))}, axis)
}

// check says what is wrong with a model.
func (l Lattice) check() error {
	if l.L < 3 {
		return fmt.Errorf("ising: L = %d: on a torus with L < 3 some neighbours are the same spin; want L ≥ 3", l.L)
	}
	if math.IsNaN(l.Field) || math.IsInf(l.Field, 0) {
		return fmt.Errorf("ising: the field is %g", l.Field)
	}
	return nil
}

// assertGraph panics unless x is [batch, L, L] of floats.
func (l Lattice) assertGraph(x *Node) {
	if err := l.check(); err != nil {
		panic(err)
	}
	if x.Rank() != 3 || x.Shape().Dimensions[1] != l.L || x.Shape().Dimensions[2] != l.L || !x.DType().IsFloat() {
		exceptions.Panicf("ising: want spins [batch, %d, %d] of a float dtype, got %s", l.L, l.L, x.Shape())
	}
}
