package rbm

import (
	"context"
	"fmt"

	"gibbs/lib/energy"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/ml/model"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Annealing says how log Z is bracketed by annealed importance sampling along the path
// of [Model], from independent units to the machine.
type Annealing struct {
	Temperatures int       // equal steps of β; 0 means 1000
	Chains       int       // 0 means 100
	Base         []float64 // b₀, [visible]; nil means the machine's own biases b. [LogOdds] of the data is a good one
}

// Annealer brackets log Z of machines of one shape: it compiles for the first, and is
// not for concurrent use.
//
// Source: Salakhutdinov, Murray, "On the quantitative analysis of deep belief
// networks", 2008; both ways: Burda, Grosse, Salakhutdinov, 2015.
type Annealer struct {
	Annealing
	shape  *RBM
	store  *model.Store
	walker *energy.Annealer
}

// NewAnnealer compiles for machines with the units and sizes of m. The walks are in
// float32, log-weights in float64.
func NewAnnealer(b compute.Backend, m *RBM, a Annealing) (*Annealer, error) {
	if a.Temperatures == 0 {
		a.Temperatures = 1000
	}
	if a.Chains == 0 {
		a.Chains = 100
	}
	store, err := m.Store(dtypes.Float32)
	if err != nil {
		return nil, err
	}
	if _, err := store.RootScope().CreateVariable(nameBase, tensorOf(dtypes.Float32, m.B, len(m.B))); err != nil {
		return nil, fmt.Errorf("rbm: %w", err)
	}
	at := func(x, beta *Node) Model {
		path := m.Bind(store.RootScope(), x.Graph())
		path.Base = store.RootScope().GetVariable(nameBase).NodeValue(x)
		path.Beta = beta
		return path
	}
	walker, err := energy.AIS{
		LogProb:      func(x, beta *Node) *Node { return Neg(at(x, beta).FreeEnergy(x)) },
		Step:         func(s rng.State, x, beta *Node) (rng.State, *Node) { return at(x, beta).Sweep(s, x) },
		Temperatures: a.Temperatures,
		Store:        store,
	}.Compile(b)
	if err != nil {
		return nil, fmt.Errorf("rbm: %w", err)
	}
	return &Annealer{a, m, store, walker}, nil
}

// nameBase is the variable of b₀.
const nameBase = "base"

// Bracket returns log Z of m from below, walking from independent units, and from
// above, walking back from target, visible states of m [chains, visible]. With nil they
// are drawn exactly, which takes a layer that can be summed over. Where target is only
// nearly a draw of m (the chains of a sampler), the upper bound is one only as nearly.
func (a *Annealer) Bracket(ctx context.Context, m *RBM, target *mat.Dense, seed int64) (energy.Bracket, error) {
	base, err := a.set(m)
	if err != nil {
		return energy.Bracket{}, err
	}
	if target == nil {
		if target, err = m.Sample(a.Chains, seed); err != nil {
			return energy.Bracket{}, err
		}
	}
	s := rng.NewHost(seed).Fold(1)
	start := mat.NewDense(a.Chains, len(base), nil)
	for i := range a.Chains {
		start.SetRow(i, m.VisibleUnits.draw(s, base))
	}
	logZ0 := float64(len(m.C)) * m.HiddenUnits.cumulant(0)
	for _, b := range base {
		logZ0 += m.VisibleUnits.cumulant(b)
	}
	lower, err := a.walker.Forward(ctx, Tensor(dtypes.Float32, start), logZ0, seed)
	if err != nil {
		return energy.Bracket{}, fmt.Errorf("rbm: %w", err)
	}
	upper, err := a.walker.Reverse(ctx, Tensor(dtypes.Float32, target), logZ0, seed)
	if err != nil {
		return energy.Bracket{}, fmt.Errorf("rbm: %w", err)
	}
	return energy.Bracket{Lower: lower, Upper: upper}, nil
}

// set gives the store the parameters of m, and returns b₀.
func (a *Annealer) set(m *RBM) ([]float64, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if m.VisibleUnits != a.shape.VisibleUnits || m.HiddenUnits != a.shape.HiddenUnits || len(m.B) != len(a.shape.B) || len(m.C) != len(a.shape.C) {
		return nil, fmt.Errorf("rbm: this annealer is for %d %s and %d %s units", len(a.shape.B), a.shape.VisibleUnits, len(a.shape.C), a.shape.HiddenUnits)
	}
	base := a.Base
	if base == nil {
		base = m.B
	}
	if len(base) != len(m.B) {
		return nil, fmt.Errorf("rbm: %d biases in Base for %d visible units", len(base), len(m.B))
	}
	scope := a.store.RootScope()
	for i, value := range m.tensors(dtypes.Float32) {
		if err := scope.GetVariable(names[i]).SetValue(value); err != nil {
			return nil, fmt.Errorf("rbm: %w", err)
		}
	}
	if err := scope.GetVariable(nameBase).SetValue(tensorOf(dtypes.Float32, base, len(base))); err != nil {
		return nil, fmt.Errorf("rbm: %w", err)
	}
	return floats.ScaleTo(make([]float64, len(base)), 1, base), nil
}

// Finalize frees the compiled programs.
func (a *Annealer) Finalize() { a.walker.Finalize() }
