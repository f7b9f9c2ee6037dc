// Package prob holds densities in graph form whose log-probability, score,
// normalisation, moments and sampler are all exact: the problem bank that lessons
// and tests share.
//
// log p and its score ∇ log p are functions of a graph node; moments and
// normalisers are numbers on the host. The dtype of a result is that of its
// input, float32 or float64.
package prob

import (
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"gonum.org/v1/gonum/mat"
)

// LogProber is a density known up to a constant factor.
type LogProber interface {
	// LogProb returns log p(x) + const of each example.
	// x [batch, event…] → [batch].
	LogProb(x *Node) *Node
}

// Scorer is a density whose score is known in closed form.
type Scorer interface {
	// Score returns ∇ₓ log p(x), shaped like x. It points uphill.
	Score(x *Node) *Node
}

// Sampler is a law that can be drawn from.
type Sampler interface {
	// Sample draws n independent examples, [n, event…] of dtype.
	Sample(s rng.State, dtype dtypes.DType, n int) (rng.State, *Node)
}

// Density is a member of the problem bank: a law on vectors, about which all is known.
type Density interface {
	LogProber
	Scorer
	Sampler
	// Dim is the length of an example.
	Dim() int
	// LogZ is log ∫ exp LogProb(x) dx: 0 where LogProb is normalised.
	LogZ() float64
	// Mean is E[x], of length Dim.
	Mean() []float64
	// Cov is the covariance E[(x−Mean)(x−Mean)ᵀ], Dim × Dim.
	Cov() *mat.SymDense
}

// ScoreOf returns ∇ₓ log p(x), shaped like x: p's Score if it is a [Scorer], else
// the gradient of its LogProb. The latter cannot be taken through a While loop,
// only inside its body.
func ScoreOf(p LogProber, x *Node) *Node {
	if p, ok := p.(Scorer); ok {
		return p.Score(x)
	}
	return Gradient(ReduceAllSum(p.LogProb(x)), x)[0]
}
