package net

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/rng"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/ml/model"
)

// Glorot returns an initialiser for the variables of one store: weights uniform
// so that activations and gradients keep their variance, biases zero.
//
//	W ~ U(−a, a),  a = √(6 / (fan in + fan out))
//
// The k-th variable that it initialises draws from stream k of the seed, so the
// same network starts from the same weights on every backend. Pass it to
// Scope.WithInitializer; make a new one for each store.
//
// Source: Glorot, Bengio, "Understanding the difficulty of training deep
// feedforward neural networks", 2010, eq. 16.
func Glorot(seed int64) model.VariableInitializer {
	var drawn int64
	return func(g *Graph, shape shapes.Shape) *Node {
		if shape.Rank() < 2 || !shape.DType.IsFloat() {
			return Zeros(g, shape)
		}
		stream := rng.New(g, seed).FoldInt(drawn)
		drawn++
		_, u := rng.Uniform(stream, shape.DType, shape.Dimensions...)
		in, out := fans(shape.Dimensions)
		a := math.Sqrt(6 / float64(in+out))
		return MulScalar(AddScalar(MulScalar(u, 2), -1), a)
	}
}

// fans counts the inputs and outputs that each unit of a weight connects: the
// last two axes, times the size of a convolution's window before them.
func fans(dims []int) (in, out int) {
	window := 1
	for _, d := range dims[:len(dims)-2] {
		window *= d
	}
	return window * dims[len(dims)-2], window * dims[len(dims)-1]
}
