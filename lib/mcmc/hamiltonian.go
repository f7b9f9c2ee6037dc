package mcmc

import (
	"math"

	"gibbs/lib/prob"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

// Integrator is a splitting of Hamiltonian dynamics with H = −log p(x) + ½pᵀM⁻¹p:
// kicks and drifts in turn, a kick first and last.
//
//	p ← p + aᵢε ∇log p(x),   x ← x + bᵢε M⁻¹p
//
// Every such map keeps volume; one whose coefficients read the same backwards is
// undone by turning p round. A step costs as many gradients as it has drifts. The
// zero value is [Leapfrog].
type Integrator struct {
	Kicks  []float64 // aᵢ, one more than drifts; they sum to 1
	Drifts []float64 // bᵢ; they sum to 1
}

// Leapfrog is of order 2 and costs one gradient; it is also called velocity Verlet.
var Leapfrog = Integrator{Kicks: []float64{0.5, 0.5}, Drifts: []float64{1}}

// McLachlan is of order 2 with the least error of its kind, at two gradients.
//
// Source: McLachlan, "On the numerical integration of ordinary differential
// equations by symmetric composition methods", 1995; Blanes, Casas, Sanz-Serna,
// "Numerical integrators for the hybrid Monte Carlo method", 2014, section 4.
var McLachlan = Integrator{
	Kicks:  []float64{0.1931833275037836, 1 - 2*0.1931833275037836, 0.1931833275037836},
	Drifts: []float64{0.5, 0.5},
}

// Yoshida is of order 4, at three gradients, the middle one of a step back.
//
//	w₁ = 1/(2 − ∛2),   w₀ = −∛2 w₁
//
// Source: Yoshida, "Construction of higher order symplectic integrators", 1990,
// equation (2.11).
var Yoshida = yoshida()

func yoshida() Integrator {
	w1 := 1 / (2 - math.Cbrt(2))
	w0 := -math.Cbrt(2) * w1
	return Integrator{Kicks: []float64{w1 / 2, (w0 + w1) / 2, (w0 + w1) / 2, w1 / 2}, Drifts: []float64{w1, w0, w1}}
}

// coefficients returns those of the integrator, with its default.
func (g Integrator) coefficients() (kicks, drifts []float64) {
	if g.Kicks == nil && g.Drifts == nil {
		g = Leapfrog
	}
	if len(g.Kicks) != len(g.Drifts)+1 || len(g.Drifts) == 0 {
		exceptions.Panicf("mcmc: an Integrator has one kick more than drifts, got %d and %d", len(g.Kicks), len(g.Drifts))
	}
	return g.Kicks, g.Drifts
}

// Phase is where a Hamiltonian trajectory is: a state with momenta.
type Phase struct {
	State
	P *Node // p, shaped like X
}

// Step moves at along the trajectory by ε, a scalar or [chains], which may be
// negative.
func (g Integrator) Step(target prob.LogProber, metric Metric, epsilon *Node, at Phase) Phase {
	kicks, drifts := g.coefficients()
	epsilon = PerChain(epsilon, at.X)
	for i, b := range drifts {
		at.P = Add(at.P, Mul(MulScalar(epsilon, kicks[i]), at.Score))
		at.X = Add(at.X, Mul(MulScalar(epsilon, b), metric.Velocity(at.P)))
		at.LogP, at.Score = logProbAndScore(target, at.X)
	}
	at.P = Add(at.P, Mul(MulScalar(epsilon, kicks[len(drifts)]), at.Score))
	return at
}

// Metric is the mass matrix M of momenta p ~ N(0, M), by its inverse, which is best
// near the covariance of the target: its shape, and not its size, decides how far a
// trajectory gets. The zero value is the identity. Positions are [chains, dim].
type Metric struct {
	// InverseMass is M⁻¹: [groups, dim] for a diagonal, [groups, dim, dim] for a
	// dense one, with 1 group for all chains or one for each.
	InverseMass *Node
	// Root is A with AAᵀ = M, of the same shape.
	Root *Node
}

// Velocity returns M⁻¹p for p [chains, dim], or [chains, n, dim].
func (m Metric) Velocity(p *Node) *Node { return apply(m.InverseMass, p) }

// Momentum returns momenta from normal numbers, Az, for z [chains, dim].
func (m Metric) Momentum(z *Node) *Node { return apply(m.Root, z) }

// Kinetic returns ½pᵀM⁻¹p, [chains].
func (m Metric) Kinetic(p *Node) *Node { return MulScalar(sumEvent(Mul(p, m.Velocity(p))), 0.5) }

// squaredNorm returns xᵀMx, [chains], for a metric of one group.
func (m Metric) squaredNorm(x *Node) *Node {
	switch {
	case m.Root == nil:
	case m.Root.Rank() == 2:
		x = Mul(x, m.Root)
	default:
		x = Einsum("cj,ji->ci", x, Squeeze(m.Root, 0))
	}
	return sumEvent(Square(x))
}

// energy returns H = ½pᵀM⁻¹p − log p(x), [chains].
func (m Metric) energy(at Phase) *Node { return Sub(m.Kinetic(at.P), at.LogP) }

// divergence is the error of H from which on a trajectory is taken to be lost.
const divergence = 1000

// gain returns H₀ − H at the end of a step, −∞ where H is NaN, and whether the
// trajectory is lost, [chains] each.
func (m Metric) gain(start *Node, at Phase) (gain, lost *Node) {
	gain = Sub(start, m.energy(at))
	gain = pick(IsNaN(gain), Infinity(gain.Graph(), gain.DType(), -1), gain)
	return gain, LessThan(gain, ConstAs(gain, -divergence))
}

// apply multiplies each row of v, [chains, dim] or [chains, n, dim], by a matrix.
func apply(matrix, v *Node) *Node {
	switch {
	case matrix == nil:
		return v
	case matrix.Rank() == 2 && v.Rank() == 3:
		return Mul(v, ExpandAxes(matrix, 1))
	case matrix.Rank() == 2:
		return Mul(v, matrix)
	}
	subscripts := map[int]string{2: "cj,cij->ci", 3: "cnj,cij->cni"}[v.Rank()]
	if matrix.Shape().Dim(0) == 1 { // one for all chains
		if matrix = Squeeze(matrix, 0); v.Rank() == 2 {
			return Product(matrix, v)
		}
		subscripts = "cnj,ij->cni"
	}
	return Einsum(subscripts, v, matrix)
}

// fewRows is up to how many rows Product multiplies one by one.
const fewRows = 8

// Product returns Mv for each row v of x: for M [n, k] and x [chains, k] it is
// [chains, n]. Each of few chains is multiplied by itself: of a matrix and a vector XLA's
// CPU compiler makes vectorised code, while for two matrices it calls a library, which
// packs M anew each time.
func Product(matrix, x *Node) *Node {
	if x.Shape().Dim(0) > fewRows {
		return Einsum("nk,ck->cn", matrix, x)
	}
	var all []*Node
	for c := range x.Shape().Dim(0) {
		all = append(all, Dot(matrix, row(x, c)).Product())
	}
	return Stack(all, 0)
}
