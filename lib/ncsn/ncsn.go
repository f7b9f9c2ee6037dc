// Package ncsn learns and samples noise-conditional score networks: one model of
// the scores of all noise levels of a ladder, and annealed Langevin dynamics,
// which goes down the ladder from noise to data.
//
// A noise-conditional score model is a function of nodes, x [batch, event…] and
// sigma [batch] → ∇ log q_σ(x), shaped like x, where q_σ is the law of data plus
// noise of standard deviation σ: a bound [Net], or the exact SmoothScore of a
// prob.Mixture.
package ncsn

import (
	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/path"
	"gibbs/lib/rng"

	"github.com/gomlx/gomlx/support/exceptions"
)

// Model is a noise-conditional score: x [batch, event…], sigma [batch] → shaped
// like x.
type Model = func(x, sigma *Node) *Node

// DSM is denoising score matching at all levels of a ladder, with the weight σ²
// that makes every level's loss of the order of the data's dimension d.
//
//	L(θ) = 1/L Σᵢ σᵢ² E‖s_θ(x + σᵢε, σᵢ) + ε/σᵢ‖² = 1/L Σᵢ E‖σᵢ·s_θ(x + σᵢε, σᵢ) + ε‖²
//
// with ε ~ N(0, I). A level's least possible loss is d − σ²·I(σ), with I(σ) =
// E‖∇ log q_σ‖² the Fisher information of the noisy law.
//
// Source: Song, Ermon, "Generative modeling by estimating gradients of the data
// distribution", 2019, eq. 6. Differs: no factor ½.
type DSM struct {
	Ladder Ladder
	Random bool // one level for each example, drawn uniformly; false: every example at every level, each with its own ε
}

// Each returns the weighted loss of every example: [levels, batch], in the order
// of the ladder, or [batch] if Random. x [batch, event…] is clean data; s is the
// stream of the levels and of ε. It panics on a malformed ladder, or if the model
// changes the shape.
func (o DSM) Each(model Model, s rng.State, x *Node) *Node {
	s, x, sigma := o.spread(s, x)
	_, eps := rng.Normal(s, x.DType(), x.Shape().Dimensions...)
	along := path.Along(sigma, x)
	residual := Add(Mul(along, apply(model, Add(x, Mul(along, eps)), sigma)), eps)
	return o.shape(sumEvent(Square(residual)))
}

// Loss returns the mean of Each, a scalar: what fit minimises.
func (o DSM) Loss(model Model, s rng.State, x *Node) *Node {
	return ReduceAllMean(o.Each(model, s, x))
}

// PerLevel returns the mean loss of each level, [levels]. It panics if Random.
func (o DSM) PerLevel(model Model, s rng.State, x *Node) *Node {
	if o.Random {
		exceptions.Panicf("ncsn: PerLevel needs every level for every example: Random must be false")
	}
	return ReduceMean(o.Each(model, s, x), 1)
}

// Fisher returns half the squared distance of a model from the exact scores at
// every example and level, shaped as by [DSM.Each]. Its mean over a level is the
// Fisher divergence of the model from the noisy law.
//
//	D_F(q_σ‖s) = ½ E‖∇ log q_σ(x̃) − s(x̃, σ)‖²,  x̃ = x + σε
//
// It has no weight σ²: at small σ a model may have a large divergence and still
// sample well, for there σ²·D_F counts.
func (o DSM) Fisher(exact, model Model, s rng.State, x *Node) *Node {
	s, x, sigma := o.spread(s, x)
	_, eps := rng.Normal(s, x.DType(), x.Shape().Dimensions...)
	noisy := Add(x, Mul(path.Along(sigma, x), eps))
	gap := Sub(apply(exact, noisy, sigma), apply(model, noisy, sigma))
	return o.shape(MulScalar(sumEvent(Square(gap)), 0.5))
}

// spread returns the examples that a step uses, [examples, event…], with the level
// of each, [examples]: all pairs with the level as the slower index, or a level
// drawn for each.
func (o DSM) spread(s rng.State, x *Node) (rng.State, *Node, *Node) {
	levels, batch := o.Ladder.node(x), x.Shape().Dimensions[0]
	if o.Random {
		s, level := rng.Integers(s, len(o.Ladder), batch)
		return s, x, Gather(levels, ExpandAxes(level, -1))
	}
	all := make([]*Node, len(o.Ladder))
	for i := range all {
		all[i] = x
	}
	sigma := Reshape(BroadcastToDims(ExpandAxes(levels, -1), len(all), batch), len(all)*batch)
	return s, Concatenate(all, 0), sigma
}

// shape gives the numbers of all examples their axes.
func (o DSM) shape(each *Node) *Node {
	if o.Random {
		return each
	}
	return Reshape(each, len(o.Ladder), -1)
}

// apply checks that a model keeps the shape of x.
func apply(model Model, x, sigma *Node) *Node {
	y := model(x, sigma)
	if !y.Shape().Equal(x.Shape()) {
		exceptions.Panicf("ncsn: the model maps %s to %s: a score has the shape of its input", x.Shape(), y.Shape())
	}
	return y
}

// sumEvent sums over all axes but the first.
func sumEvent(x *Node) *Node {
	return ReduceSum(Reshape(x, x.Shape().Dimensions[0], -1), 1)
}
