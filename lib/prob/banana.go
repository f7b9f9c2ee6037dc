package prob

import (
	"math"

	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/support/exceptions"
	"gonum.org/v1/gonum/mat"
)

// Banana is a Gaussian in the plane bent along a parabola. LogProb is normalised.
//
//	x₁ = σ z₁,  x₂ = z₂ + b (x₁² − σ²),  z ~ N(0, I)
//
// Source: Haario, Saksman, Tamminen, "Adaptive proposal distribution for random
// walk Metropolis algorithm", 1999, section 4.
// Differs: the sign of b, so that the arms point up for b > 0. Methods panic if
// Sigma is negative.
type Banana struct {
	Sigma float64 // σ, standard deviation along the banana; 0 means 2
	Bend  float64 // b; 0 means 0.2
}

var _ Density = Banana{}

func (p Banana) parameters() (sigma, bend float64) {
	sigma, bend = p.Sigma, p.Bend
	if sigma == 0 {
		sigma = 2
	}
	if bend == 0 {
		bend = 0.2
	}
	if !(sigma > 0) {
		exceptions.Panicf("prob: Banana: Sigma must be positive, got %g", sigma)
	}
	return sigma, bend
}

// unbend returns x₁ and z₂, each [batch, 1].
func (p Banana) unbend(x *Node) (x1, z2 *Node) {
	sigma, bend := p.parameters()
	x.AssertDims(-1, 2)
	x1, x2 := SliceAxis(x, -1, AxisElem(0)), SliceAxis(x, -1, AxisElem(1))
	return x1, Sub(x2, MulScalar(AddScalar(Square(x1), -sigma*sigma), bend))
}

// LogProb returns log p(x). x [batch, 2] → [batch].
func (p Banana) LogProb(x *Node) *Node {
	sigma, _ := p.parameters()
	x1, z2 := p.unbend(x)
	distance := Add(Square(MulScalar(x1, 1/sigma)), Square(z2))
	return Squeeze(AddScalar(MulScalar(distance, -0.5), -math.Log(2*math.Pi*sigma)), -1)
}

// Score returns (−x₁/σ² + 2b x₁ z₂, −z₂), shaped like x [batch, 2].
func (p Banana) Score(x *Node) *Node {
	sigma, bend := p.parameters()
	x1, z2 := p.unbend(x)
	return Concatenate([]*Node{Mul(x1, AddScalar(MulScalar(z2, 2*bend), -1/(sigma*sigma))), Neg(z2)}, -1)
}

// Sample draws n examples, [n, 2].
func (p Banana) Sample(s rng.State, dtype dtypes.DType, n int) (rng.State, *Node) {
	sigma, bend := p.parameters()
	s, z := rng.Normal(s, dtype, n, 2)
	x1 := MulScalar(SliceAxis(z, -1, AxisElem(0)), sigma)
	x2 := Add(SliceAxis(z, -1, AxisElem(1)), MulScalar(AddScalar(Square(x1), -sigma*sigma), bend))
	return s, Concatenate([]*Node{x1, x2}, -1)
}

// Dim is 2.
func (p Banana) Dim() int { return 2 }

// LogZ is 0: LogProb is normalised.
func (p Banana) LogZ() float64 { return 0 }

// Mean is 0.
func (p Banana) Mean() []float64 { return []float64{0, 0} }

// Cov is diag(σ², 1 + 2b²σ⁴).
func (p Banana) Cov() *mat.SymDense {
	sigma, bend := p.parameters()
	return mat.NewSymDense(2, []float64{sigma * sigma, 0, 0, 1 + 2*math.Pow(bend*sigma*sigma, 2)})
}
