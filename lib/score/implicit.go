package score

import (
	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/rng"
)

// ISM is implicit score matching: the squared distance to a score that nobody
// knows, up to a constant, by integration by parts.
//
//	J(θ) = E_p[ tr ∇s_θ(x) + ½‖s_θ(x)‖² ] = D_F(p‖s_θ) − ½I(p)
//
// The trace is exact: one reverse pass for each of the d numbers of an event,
// through one evaluation of the model. Where d is large, use [SSM].
//
// The identity needs p(x)·s_θ(x) → 0 at the border of p's support: a density that
// ends abruptly, such as a uniform one, breaks it.
//
// Source: Hyvärinen, "Estimation of non-normalized statistical models by score
// matching", 2005, eq. 4, where it is not yet called implicit: the name is from
// Vincent, 2011, section 3.
type ISM struct{}

// Each returns the loss of every example, [batch]. x [batch, event…] is data; the
// stream is not used. It panics if the model changes the shape.
func (ISM) Each(model Model, _ rng.State, x *Node) *Node {
	s := apply(model, x)
	var trace *Node
	for _, e := range units(x) {
		term := curvature(s, x, e) // ∂ᵢsᵢ = eᵢᵀ∇s eᵢ
		if trace == nil {
			trace = term
		} else {
			trace = Add(trace, term)
		}
	}
	return Add(trace, MulScalar(sumEvent(Square(s)), 0.5))
}

// Loss returns the mean of Each, a scalar: what fit minimises.
func (o ISM) Loss(model Model, s rng.State, x *Node) *Node {
	return ReduceAllMean(o.Each(model, s, x))
}

// ESM is explicit score matching: the distance to a score that is known. It is
// the Fisher divergence as an objective, 0 at the truth.
//
//	J(θ) = ½ E_p‖s_θ(x) − ∇ log p(x)‖²
//
// Source: Vincent, "A connection between score matching and denoising
// autoencoders", 2011, eq. 4.
type ESM struct {
	Target Model // ∇ log p
}

// Each returns the loss of every example, [batch]. x [batch, event…] is data; the
// stream is not used. It panics if a model changes the shape.
func (o ESM) Each(model Model, _ rng.State, x *Node) *Node { return Fisher(o.Target, model, x) }

// Loss returns the mean of Each, a scalar: what fit minimises.
func (o ESM) Loss(model Model, s rng.State, x *Node) *Node {
	return ReduceAllMean(o.Each(model, s, x))
}
