package prob

import (
	"math"

	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/support/exceptions"
	"gonum.org/v1/gonum/mat"
)

// Ring is a law around a circle in the plane, given by its energy; LogProb is not
// normalised, so LogZ is the number that an estimator must find.
//
//	LogProb(x) = −(‖x‖ − R)²/(2w²)
//
// The closed forms of LogZ, Cov and Sample leave out what lies beyond a radius of
// −R, so they need R ≥ 8w, where that is below 1e-13 of the whole. All methods
// panic otherwise. The score at the origin, where there is none, is 0.
type Ring struct {
	Radius float64 // R; 0 means 4
	Width  float64 // w, the standard deviation across the ring; 0 means 0.4
}

var _ Density = Ring{}

func (p Ring) parameters() (radius, width float64) {
	radius, width = p.Radius, p.Width
	if radius == 0 {
		radius = 4
	}
	if width == 0 {
		width = 0.4
	}
	if !(width > 0 && radius >= 8*width) {
		exceptions.Panicf("prob: Ring: want Width > 0 and Radius ≥ 8·Width, got Radius %g, Width %g", radius, width)
	}
	return radius, width
}

// LogProb returns −(‖x‖ − R)²/(2w²). x [batch, 2] → [batch].
func (p Ring) LogProb(x *Node) *Node {
	radius, width := p.parameters()
	t := MulScalar(AddScalar(norm(x), -radius), 1/width) // [batch, 1]
	return Squeeze(MulScalar(Square(t), -0.5), -1)
}

// Score returns (R − ‖x‖)/w² · x/‖x‖, shaped like x [batch, 2].
func (p Ring) Score(x *Node) *Node {
	radius, width := p.parameters()
	r := norm(x)
	return Mul(x, Div(MulScalar(AddScalar(Neg(r), radius), 1/(width*width)), r))
}

// norm returns ‖x‖, [batch, 1], and a tiny positive number at the origin.
func norm(x *Node) *Node {
	x.AssertDims(-1, 2)
	return Sqrt(MaxScalar(ReduceAndKeep(Square(x), ReduceSum, -1), 1e-30))
}

// Sample draws n examples, [n, 2]. The distance from the circle in widths, t, has
// the density φ(t)(1 + t·w/R): a normal number whose sign is turned with
// probability (1 − t·w/R)/2.
func (p Ring) Sample(s rng.State, dtype dtypes.DType, n int) (rng.State, *Node) {
	radius, width := p.parameters()
	s, t := rng.Normal(s, dtype, n, 1)
	s, keep := rng.Bernoulli(s, AddScalar(MulScalar(t, 0.5*width/radius), 0.5))
	s, u := rng.Uniform(s, dtype, n, 1)
	r := AddScalar(MulScalar(Where(keep, t, Neg(t)), width), radius)
	angle := MulScalar(u, 2*math.Pi)
	return s, Mul(r, Concatenate([]*Node{Cos(angle), Sin(angle)}, -1))
}

// Dim is 2.
func (p Ring) Dim() int { return 2 }

// LogZ is log((2π)^{3/2} R w), from ∫ 2πr exp(−(r−R)²/2w²) dr.
func (p Ring) LogZ() float64 {
	radius, width := p.parameters()
	return 1.5*math.Log(2*math.Pi) + math.Log(radius*width)
}

// Mean is 0.
func (p Ring) Mean() []float64 { return []float64{0, 0} }

// Cov is ½E[r²] I with E[r²] = R² + 3w².
func (p Ring) Cov() *mat.SymDense {
	radius, width := p.parameters()
	v := (radius*radius + 3*width*width) / 2
	return mat.NewSymDense(2, []float64{v, 0, 0, v})
}
