package rbm

import (
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"gonum.org/v1/gonum/mat"
)

// The variables of training beside the machine's own.
const (
	nameChains = "chains" // hidden states [chains, hidden]; with Tempering visible ones [replicas, chains, visible]
	nameStream = "stream" // the random lanes
)

// phase is the negative phase of one update.
type phase struct {
	*trainer
	scope  *model.Scope
	m      Model
	data   *Node
	chains *model.Variable // nil for CD
	stream *model.Variable
	s      rng.State
}

// phase begins the negative phase of an update: chains and random lanes as they are.
func (t *trainer) phase(scope *model.Scope, m Model, data *Node) *phase {
	p := &phase{trainer: t, scope: scope, m: m, data: data}
	chains := t.Chains
	if chains == 0 || t.Negatives == CD {
		chains = data.Shape().Dimensions[0]
	}
	replicas := 1
	if t.Negatives == Tempering {
		replicas = len(t.Betas)
	}
	lanes := max(256, replicas*chains*max(t.visible, t.Hidden)) // a draw is one advance: what XLA makes fast code of
	p.stream = p.state(nameStream, shapes.Make(dtypes.Uint32, 4, lanes), func(g *Graph) *Node {
		return rng.New(g, t.seed).FoldInt(1).Lanes(lanes).Node()
	})
	p.s = rng.FromNode(p.stream.NodeValue(data))
	start := func(u Units, dims ...int) {
		shape := shapes.Make(data.DType(), dims...)
		p.chains = p.state(nameChains, shape, func(g *Graph) *Node {
			_, x := u.Sample(rng.New(g, t.seed).FoldInt(2), Zeros(g, shape))
			return x
		})
	}
	switch t.Negatives {
	case CD:
	case Tempering:
		start(t.VisibleUnits, replicas, chains, t.visible)
	default:
		start(t.HiddenUnits, chains, t.Hidden)
	}
	return p
}

// untrained returns a variable that the gradient leaves alone.
func (t *trainer) untrained(scope *model.Scope, name string, shape shapes.Shape, start func(g *Graph) *Node) *model.Variable {
	initial := func(g *Graph, _ shapes.Shape) *Node { return start(g) }
	return scope.WithInitializer(initial).VariableWithShape(name, shape).SetTrainable(false)
}

func (p *phase) state(name string, shape shapes.Shape, start func(g *Graph) *Node) *model.Variable {
	return p.untrained(p.scope, name, shape, start)
}

// negatives draws the visible states that stand for the model, [chains, visible].
func (p *phase) negatives() (v *Node) {
	var h *Node
	m := p.sampled()
	switch p.Negatives {
	case Tempering:
		return p.temper()
	case CD:
		p.s, h = m.SampleHidden(p.s, p.data)
	default:
		h = p.chains.NodeValue(p.data)
	}
	for sweep := range p.Sweeps {
		if sweep > 0 {
			p.s, h = m.SampleHidden(p.s, v)
		}
		p.s, v = m.SampleVisible(p.s, h)
		v = p.settle(v)
	}
	if p.Negatives == FastPCD {
		p.s, h = m.SampleHidden(p.s, v)
		p.chains.SetNodeValue(h)
	}
	return v
}

// settle keeps XLA from fusing the words of one sweep into those of the next, which
// would compute them again and again, and compile for minutes.
func (p *phase) settle(v *Node) *Node {
	settled := OptimizationBarriers(p.s.Node(), v)
	p.s = rng.FromNode(settled[0])
	return settled[1]
}

// keep ends the phase, given the hidden inputs at the negatives: they say where PCD's
// chains go on.
func (p *phase) keep(input *Node) {
	if p.Negatives == PCD {
		var h *Node
		p.s, h = p.HiddenUnits.Sample(p.s, input)
		p.chains.SetNodeValue(h)
	}
	p.stream.SetNodeValue(p.s.Node())
}

// sampled is the machine that the chains follow.
func (p *phase) sampled() Model {
	m := p.m
	if p.Negatives != FastPCD {
		return m
	}
	part := func(name string, dims ...int) *Node {
		return p.fast(p.scope, name, shapes.Make(p.data.DType(), dims...)).NodeValue(p.data)
	}
	m.W = Add(m.W, Transpose(part(nameW, p.Hidden, p.visible), 0, 1))
	m.B, m.C = Add(m.B, part(nameB, p.visible)), Add(m.C, part(nameC, p.Hidden))
	return m
}

// fast returns the fast part of a parameter.
func (t *trainer) fast(scope *model.Scope, name string, shape shapes.Shape) *model.Variable {
	return t.untrained(scope, ofFast+name, shape, func(g *Graph) *Node { return Zeros(g, shape) })
}

// temper makes the sweeps of the replicas, and returns those at β = 1.
func (p *phase) temper() *Node {
	g, v := p.data.Graph(), p.chains.NodeValue(p.data)
	m := p.m
	m.Beta = ConvertDType(Const(g, p.Betas), v.DType())
	update := optimizer.GetGlobalStepVar(p.scope.Store()).NodeValue(g)
	for sweep := range p.Sweeps {
		t := AddScalar(MulScalar(update, p.Sweeps), sweep)
		p.s, v, _ = m.Temper(p.s, t, v)
		v = p.settle(v)
	}
	p.chains.SetNodeValue(v)
	return Squeeze(Slice(v, AxisElem(-1)), 0)
}

// fantasies returns the visible states of the chains, [chains, visible], from the
// variable that holds them: hidden ones have half a sweep to go.
func (t *trainer) fantasies(m *RBM, chains []float64) *mat.Dense {
	if t.Negatives == Tempering {
		n := len(chains) / len(t.Betas)
		return mat.NewDense(n/t.visible, t.visible, chains[len(chains)-n:])
	}
	s := rng.NewHost(t.seed).Fold(3)
	n := len(chains) / t.Hidden
	v := mat.NewDense(n, t.visible, nil)
	for i := range n {
		v.SetRow(i, t.VisibleUnits.draw(s, m.VisibleInput(chains[i*t.Hidden:(i+1)*t.Hidden])))
	}
	return v
}
