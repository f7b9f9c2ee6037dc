package score

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/rng"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Projection draws directions v, one for each example: dims are [batch, event…].
// Sliced score matching needs E[v vᵀ] = I, which [rng.Rademacher], [rng.Normal]
// and [Sphere] have. A direction of length 1 has I/d: its trace term is d times
// too small.
type Projection = func(s rng.State, dtype dtypes.DType, dims ...int) (rng.State, *Node)

// SSM is sliced score matching: [ISM] with its trace estimated from random
// directions v, each by one reverse pass, however large an event is.
//
//	J(θ) = E_p E_v[ vᵀ∇s_θ(x) v + ½(vᵀs_θ(x))² ]
//	J(θ) = E_p E_v[ vᵀ∇s_θ(x) v ] + ½ E_p‖s_θ(x)‖²     if VarianceReduced (SSM-VR)
//
// Both equal ISM in expectation. vᵀ∇s v is vᵀ∇ₓ(vᵀs), so that no forward mode is
// needed. With Rademacher directions the diagonal of ∇s adds no variance.
//
// Source: Song, Garg, Shi, Ermon, "Sliced score matching: a scalable approach to
// density and score estimation", 2019, eq. 7 and 8.
type SSM struct {
	Projection      Projection // the law of v; nil means rng.Rademacher
	Projections     int        // directions for each example; 0 means 1
	VarianceReduced bool       // take ½‖s‖² as it is instead of its estimate ½(vᵀs)²
}

// Each returns the loss of every example, [batch], the mean over its projections.
// x [batch, event…] is data; s is the stream of v. It panics if Projections is
// negative, or if the model changes the shape.
func (o SSM) Each(model Model, s rng.State, x *Node) *Node {
	if o.Projections < 0 {
		exceptions.Panicf("score: SSM.Projections is %d: it must not be negative", o.Projections)
	}
	draw, count := o.Projection, max(o.Projections, 1)
	if draw == nil {
		draw = rng.Rademacher
	}
	score := apply(model, x)
	loss := Zeros(x.Graph(), sumEvent(x).Shape())
	for range count {
		var v *Node
		s, v = draw(s, x.DType(), x.Shape().Dimensions...)
		loss = Add(loss, curvature(score, x, v))
		if !o.VarianceReduced {
			loss = Add(loss, MulScalar(Square(sumEvent(Mul(v, score))), 0.5))
		}
	}
	loss = DivScalar(loss, float64(count))
	if o.VarianceReduced {
		loss = Add(loss, MulScalar(sumEvent(Square(score)), 0.5))
	}
	return loss
}

// Loss returns the mean of Each, a scalar: what fit minimises.
func (o SSM) Loss(model Model, s rng.State, x *Node) *Node {
	return ReduceAllMean(o.Each(model, s, x))
}

// Sphere draws directions that are uniform on the sphere of radius √d, d the size
// of an event: the radius for which E[v vᵀ] = I.
//
//	v = √d · z/‖z‖,  z ~ N(0, I)
//
// dims are [batch, event…]; it panics without an event.
func Sphere(s rng.State, dtype dtypes.DType, dims ...int) (rng.State, *Node) {
	if len(dims) < 2 {
		exceptions.Panicf("score: Sphere draws [batch, event…], got dimensions %v", dims)
	}
	s, z := rng.Normal(s, dtype, dims...)
	length := Sqrt(ReduceAndKeep(Square(z), ReduceSum, eventAxes(z)...)) // [batch, 1…]
	return s, MulScalar(Div(z, length), math.Sqrt(float64(eventSize(z))))
}
