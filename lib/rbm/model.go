package rbm

import (
	"gibbs/lib/mcmc"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Model is a machine in a graph, or the whole path of laws from independent units to
// that machine:
//
//	f_β(v, h) = exp(−Σψ(v) − Σψ(h) + b₀ᵀv + β[(b − b₀)ᵀv + cᵀh + vᵀWh])
//
// At β = 1 it is the machine, at β = 0 the visible units are independent with the
// biases b₀ and the hidden ones with none. Nodes have one float dtype, which is that
// of all states.
type Model struct {
	VisibleUnits, HiddenUnits Units

	W, B, C *Node // [visible, hidden], [visible], [hidden]

	// Beta is β: a scalar, or [replicas] for states [replicas, chains, units]; nil: 1.
	Beta *Node
	// Base is b₀, [visible]; nil: 0.
	Base *Node
}

// Model returns the machine with its parameters as constants of a graph.
func (m *RBM) Model(g *Graph, dtype dtypes.DType) Model {
	v, h := m.W.Dims()
	constant := func(x []float64, dims ...int) *Node { return ConvertDType(Reshape(Const(g, x), dims...), dtype) }
	return Model{
		VisibleUnits: m.VisibleUnits, HiddenUnits: m.HiddenUnits,
		W: constant(couplings(m.W), v, h), B: constant(m.B, v), C: constant(m.C, h),
	}
}

// Bind returns the machine with its parameters read from a scope whose variables W, b
// and c [RBM.Store] made: other values of the store compile nothing.
func (m *RBM) Bind(scope *model.Scope, g *Graph) Model {
	read := func(name string) *Node { return scope.GetVariable(name).NodeValue(g) }
	return Model{VisibleUnits: m.VisibleUnits, HiddenUnits: m.HiddenUnits, W: Transpose(read(nameW), 0, 1), B: read(nameB), C: read(nameC)}
}

// HiddenInput returns β(c + vW): v [chains, visible] → [chains, hidden]; leading axes
// may be more.
func (m Model) HiddenInput(v *Node) *Node {
	return m.tempered(add(DotGeneral(v, []int{v.Rank() - 1}, nil, m.W, []int{0}, nil), m.C))
}

// VisibleInput returns b₀ + β(b − b₀ + hWᵀ): h [chains, hidden] → [chains, visible].
func (m Model) VisibleInput(h *Node) *Node {
	a := DotGeneral(h, []int{h.Rank() - 1}, nil, m.W, []int{1}, nil)
	if m.Base == nil {
		return m.tempered(add(a, m.B))
	}
	return add(m.tempered(add(a, Sub(m.B, m.Base))), m.Base)
}

// FreeEnergy returns F_β(v) = −log Σ_h f_β(v, h): v [chains, visible] → [chains].
func (m Model) FreeEnergy(v *Node) *Node { return m.freeEnergy(v, m.HiddenInput(v)) }

// freeEnergy is FreeEnergy(v) where HiddenInput(v) is known.
func (m Model) freeEnergy(v, input *Node) *Node {
	f := Neg(Add(ReduceSum(m.HiddenUnits.Cumulant(input), -1), m.biasTerm(v)))
	if base := m.VisibleUnits.baseNode(v); base != nil {
		f = Add(f, base)
	}
	return f
}

// energy is E[E(v, h) | v] of discrete hidden units, whose gradient by the parameters
// at constant v and E[h | v] is that of the free energy.
func (m Model) energy(v, input *Node) *Node {
	h := StopGradient(m.HiddenUnits.Mean(input))
	return Neg(Add(ReduceSum(Mul(h, input), -1), m.biasTerm(v)))
}

// biasTerm is [b₀ + β(b − b₀)]ᵀv.
func (m Model) biasTerm(v *Node) *Node {
	if m.Base == nil {
		return m.tempered(dot(v, m.B))
	}
	return Add(m.tempered(dot(v, Sub(m.B, m.Base))), dot(v, m.Base))
}

// SampleHidden draws h given v [chains, visible]: [chains, hidden].
func (m Model) SampleHidden(s rng.State, v *Node) (rng.State, *Node) {
	return m.HiddenUnits.Sample(s, m.HiddenInput(v))
}

// SampleVisible draws v given h [chains, hidden]: [chains, visible].
func (m Model) SampleVisible(s rng.State, h *Node) (rng.State, *Node) {
	return m.VisibleUnits.Sample(s, m.VisibleInput(h))
}

// Sweep is one sweep of block Gibbs, v → h → v′. It leaves f_β unchanged and is
// reversible in v; the pair (v, h) that a sweep of both layers makes is not.
func (m Model) Sweep(s rng.State, v *Node) (rng.State, *Node) {
	s, h := m.SampleHidden(s, v)
	return m.SampleVisible(s, h)
}

// Temper is one sweep of each replica at its own β, with an exchange of neighbours
// between its two halves: v [replicas, chains, visible], Beta [replicas]. t counts the
// sweeps; see [mcmc.Exchange]. accepted, bool [replicas−1, chains], says who swapped.
func (m Model) Temper(s rng.State, t, v *Node) (next rng.State, after, accepted *Node) {
	s, h := m.SampleHidden(s, v)
	s, swap, accepted := mcmc.Exchange(s, t, m.Beta, m.coupling(v, h))
	s, v = m.SampleVisible(s, swap(h)) // of the pair that moves, only h has a say in what follows
	return s, v, accepted
}

// coupling is the energy that β multiplies, −[(b − b₀)ᵀv + cᵀh + vᵀWh].
func (m Model) coupling(v, h *Node) *Node {
	cold := m
	cold.Beta = nil
	b := m.B
	if m.Base != nil {
		b = Sub(b, m.Base)
	}
	return Neg(Add(ReduceSum(Mul(h, cold.HiddenInput(v)), -1), dot(v, b)))
}

// LogZ returns log Z at β by a sum over the states of the smaller discrete layer, a
// scalar with a gradient: the exact negative phase. It panics for layers of more than
// 16 units, which [RBM.LogZ] does on the host.
func (m Model) LogZ() *Node {
	visible, hidden := m.B.Shape().Size(), m.C.Shape().Size()
	var logs *Node // [states]
	switch {
	case m.VisibleUnits != Gaussian && (m.HiddenUnits == Gaussian || visible <= hidden):
		logs = Neg(m.FreeEnergy(m.VisibleUnits.list(m.B, visible)))
	case m.HiddenUnits != Gaussian:
		h := m.HiddenUnits.list(m.B, hidden)
		logs = Add(ReduceSum(m.VisibleUnits.Cumulant(m.VisibleInput(h)), -1), m.tempered(dot(h, m.C)))
	default:
		exceptions.Panicf("rbm: Gaussian units have no states to sum over")
	}
	top := StopGradient(ReduceAllMax(logs))
	return Add(top, Log(ReduceAllSum(Exp(Sub(logs, top)))))
}

// list returns all states of n discrete units, [2ⁿ, n], in the dtype of like.
func (u Units) list(like *Node, n int) *Node {
	if n > 16 {
		exceptions.Panicf("rbm: %d units are too many to list in a graph: at most 16", n)
	}
	g, shape := like.Graph(), shapes.Make(dtypes.Int32, 1<<n, n)
	bit := BitwiseAnd(BitwiseShiftRightLogical(Iota(g, shape, 0), Iota(g, shape, 1)), OnesLike(Iota(g, shape, 0)))
	scale, shift := u.fromBits()
	return AddScalar(MulScalar(ConvertDType(bit, like.DType()), scale), shift)
}

// tempered returns β·x, x having the leading axes of states.
func (m Model) tempered(x *Node) *Node {
	if m.Beta == nil {
		return x
	}
	return Mul(mcmc.PerChain(m.Beta, x), x)
}

// add adds bias [units] to x […, units].
func add(x, bias *Node) *Node { return Add(x, ExpandLeftToRank(bias, x.Rank())) }

// dot is x·bias over the last axis of x […, units].
func dot(x, bias *Node) *Node {
	return DotGeneral(x, []int{x.Rank() - 1}, nil, bias, []int{0}, nil)
}
