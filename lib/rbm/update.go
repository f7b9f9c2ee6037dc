package rbm

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// What the names of the variables begin with that updates carry.
const (
	ofMeans    = "mean_"     // of the units over the data, v and h
	ofVelocity = "velocity_" // of W, b and c
	ofHistory  = "history_"  // [snapshots, …] of W, b and c
	ofFast     = "fast_"     // parts of W, b and c
)

// Constants of the updates.
const (
	meansDecay = 0.99 // of the running means that Centre takes
	fastDecay  = 0.95 // of the fast weights, as published
)

// followMeans moves the running means towards those of a batch, given its hidden
// inputs.
func (t *trainer) followMeans(scope *model.Scope, data, input *Node) {
	if !t.Centre {
		return
	}
	follow := func(name string, x *Node) {
		mean := t.mean(scope, name, x.DType(), x.Shape().Dimensions[1])
		old := mean.NodeValue(x)
		mean.SetNodeValue(StopGradient(Add(old, MulScalar(Sub(ReduceMean(x, 0), old), 1-meansDecay))))
	}
	follow("v", data)
	follow("h", t.HiddenUnits.Mean(input))
}

// mean returns the running mean of the visible units, v, or the hidden ones, h. They
// begin where units without input are.
func (t *trainer) mean(scope *model.Scope, name string, dtype dtypes.DType, n int) *model.Variable {
	u, shape := t.VisibleUnits, shapes.Make(dtype, n)
	if name == "h" {
		u = t.HiddenUnits
	}
	return t.untrained(scope, ofMeans+name, shape, func(g *Graph) *Node { return u.Mean(Zeros(g, shape)) })
}

// UpdateGraph updates the parameters by the gradient of the loss; it implements
// optimizer.Interface.
func (t *trainer) UpdateGraph(scope *model.Scope, g *Graph, loss *Node) {
	scope = scope.ResetVisited()
	variables := [3]*model.Variable{}
	values := [3]*Node{}
	for i, name := range names {
		variables[i] = scope.GetVariable(name)
		values[i] = variables[i].NodeValue(g)
	}
	gradient := [3]*Node(Gradient(loss, values[:]...))
	if t.Centre {
		gradient = t.centred(scope, gradient)
	}
	rate := optimizer.LearningRateVarWithValue(scope, loss.DType(), t.rate).NodeValue(g)
	step := SubScalar(optimizer.IncrementGlobalStep(g, dtypes.Int64), 1)
	for i, name := range names {
		if t.Negatives == FastPCD {
			fast := t.fast(scope, name, values[i].Shape())
			fast.SetNodeValue(Sub(MulScalar(fast.NodeValue(g), fastDecay), Mul(rate, gradient[i])))
		}
		value := Add(values[i], t.move(scope, name, rate, values[i], gradient[i]))
		variables[i].SetNodeValue(value)
		t.remember(scope, name, step, value)
	}
}

// centred turns a gradient into that of the parameters of the machine whose units are
// counted from their means μ and λ.
//
//	∂W ← ∂W − μ ∂cᵀ − ∂b λᵀ,   ∂b ← ∂b − ∂W λ,   ∂c ← ∂c − ∂Wᵀμ
//
// Here, as in the store, W is [hidden, visible].
func (t *trainer) centred(scope *model.Scope, d [3]*Node) [3]*Node {
	w, b, c := d[0], d[1], d[2]
	read := func(name string, like *Node) *Node {
		return t.mean(scope, name, like.DType(), like.Shape().Size()).NodeValue(like)
	}
	mu, lambda := read("v", b), read("h", c)
	outer := func(x, y *Node) *Node { return Mul(ExpandAxes(x, 1), ExpandAxes(y, 0)) }
	w = Sub(w, Add(outer(c, mu), outer(lambda, b)))
	return [3]*Node{w, Sub(b, DotGeneral(w, []int{0}, nil, lambda, []int{0}, nil)), Sub(c, dot(w, mu))}
}

// move returns the step of a parameter.
//
//	u ← momentum·u − η(∂ + λθ),   the penalty λ for couplings only
func (t *trainer) move(scope *model.Scope, name string, rate, value, gradient *Node) *Node {
	if name == nameW && t.WeightDecay > 0 {
		gradient = Add(gradient, MulScalar(value, t.WeightDecay))
	}
	move := Neg(Mul(rate, gradient))
	if t.Momentum == 0 {
		return move
	}
	shape := value.Shape()
	velocity := t.untrained(scope, ofVelocity+name, shape, func(g *Graph) *Node { return Zeros(g, shape) })
	move = Add(MulScalar(velocity.NodeValue(value), t.Momentum), move)
	velocity.SetNodeValue(move)
	return move
}

// remember writes a parameter into the row of the history that update step belongs
// to: the last update of a row is the one that stays.
func (t *trainer) remember(scope *model.Scope, name string, step, value *Node) {
	if t.Snapshots == 0 {
		return
	}
	shape := shapes.Make(value.DType(), append([]int{t.Snapshots}, value.Shape().Dimensions...)...)
	history := t.untrained(scope, ofHistory+name, shape, func(g *Graph) *Node { return Zeros(g, shape) })
	row := Div(MulScalar(step, t.Snapshots), Const(step.Graph(), int64(t.steps)))
	here := Equal(Iota(step.Graph(), shapes.Make(dtypes.Int64, shape.Dimensions...), 0), row)
	history.SetNodeValue(Where(here, BroadcastToShape(ExpandAxes(value, 0), shape), history.NodeValue(value)))
}
