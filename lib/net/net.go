// Package net holds small networks made of GoMLX's layers, initialised from
// words that are equal on every backend, and bound so that one network can be
// applied many times in one graph.
package net

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Func is a network with its weights bound: x [batch, event…] → y. It may be
// applied any number of times in the graph of its scope, always with the same
// weights.
type Func func(x *Node) *Node

// Bind binds a network to the weights of a scope. GoMLX lets a scope's variables
// be asked for once, so that a name used twice by mistake is found; a bound
// network may ask again on purpose.
func Bind(scope *model.Scope, network func(scope *model.Scope, x *Node) *Node) Func {
	return func(x *Node) *Node { return network(scope.ResetVisited(), x) }
}

// MLP is a multilayer perceptron:
//
//	h₀ = x,  hᵢ = φ(Wᵢhᵢ₋₁ + bᵢ),  y = W h + b
type MLP struct {
	Hidden     []int           // units of each hidden layer; none: one linear map
	Out        int             // units of the output, which is linear
	Activation activation.Type // φ; the zero value is no activation at all
}

// Apply builds the network: x [batch…, features] → [batch…, Out], of x's dtype.
// It panics if a size is not positive, or if there are hidden layers but no
// activation, which would make them one linear map.
func (m MLP) Apply(scope *model.Scope, x *Node) *Node {
	if len(m.Hidden) > 0 && m.Activation == activation.TypeNone {
		exceptions.Panicf("net: MLP with hidden layers needs an Activation, such as activation.TypeTanh")
	}
	for i, units := range m.Hidden {
		x = activation.Apply(m.Activation, dense(scope.In("hidden_%d", i), x, units))
	}
	return dense(scope.In("output"), x, m.Out)
}

func dense(scope *model.Scope, x *Node, units int) *Node {
	if units <= 0 {
		exceptions.Panicf("net: a layer of %d units: sizes are positive", units)
	}
	return layers.DenseWithBias(scope, x, units)
}
