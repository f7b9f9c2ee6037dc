package ncsn

import (
	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/net"
	"gibbs/lib/path"

	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Head is what a network's output y is, and so how a score is made of it.
type Head int

const (
	// Bounded is s = y/√(1 + σ²): a bounded output makes a score of the size that
	// data with details of size 1 have at every σ.
	Bounded Head = iota
	// Eps is s = −y/σ, so that y predicts the noise ε. It is the better one for data
	// without width, whose scores grow as 1/σ; its raw divergence at small σ is large.
	Eps
	// Plain is s = y.
	Plain
)

// Net is a multilayer perceptron that is told its noise level.
//
//	s(x, σ) = head(MLP([x/√(Scale² + σ²), ½ log σ]))
//
// with x/√(Scale² + σ²) of size 1 at every σ.
type Net struct {
	Hidden     []int           // units of each hidden layer; nil means 64, 64
	Activation activation.Type // the zero value means tanh
	Scale      float64         // the data's root mean square; 0 means 1
	Head       Head

	// Blind withholds σ: the network is y(x), one field for all levels, and Head is
	// not applied. It cannot work, and is kept to show that. Its optimum is the
	// score of [Pooled].
	Blind bool
}

// Bind binds the network to the weights of a scope: a model that may be applied
// any number of times in the graph of its scope, always with the same weights.
func (n Net) Bind(scope *model.Scope) Model {
	return func(x, sigma *Node) *Node { return n.Apply(scope.ResetVisited(), x, sigma) }
}

// Apply builds the network: x [batch, dim], sigma [batch] → [batch, dim]. It panics
// on other shapes and on a negative Scale.
func (n Net) Apply(scope *model.Scope, x, sigma *Node) *Node {
	x.AssertRank(2)
	mlp := net.MLP{Hidden: n.Hidden, Out: x.Shape().Dimensions[1], Activation: n.Activation}
	if mlp.Hidden == nil {
		mlp.Hidden = []int{64, 64}
	}
	if mlp.Activation == activation.TypeNone {
		mlp.Activation = activation.TypeTanh
	}
	scale := n.Scale
	if scale == 0 {
		scale = 1
	}
	if !(scale > 0) {
		exceptions.Panicf("ncsn: Net.Scale is %v: it is the data's root mean square", n.Scale)
	}
	if n.Blind {
		return mlp.Apply(scope, DivScalar(x, scale))
	}
	sigma = path.Along(sigma, x) // [batch, 1]
	size := Sqrt(AddScalar(Square(sigma), scale*scale))
	y := mlp.Apply(scope, Concatenate([]*Node{Div(x, size), MulScalar(Log(sigma), 0.5)}, -1))
	switch n.Head {
	case Bounded:
		return Div(y, Sqrt(OnePlus(Square(sigma))))
	case Eps:
		return Neg(Div(y, sigma))
	case Plain:
		return y
	}
	exceptions.Panicf("ncsn: Net.Head is %d: it is Bounded, Eps or Plain", n.Head)
	return nil
}
