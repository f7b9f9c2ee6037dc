package rbm

import (
	"math"

	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

// Units are what the units of a layer can be. With an input a, a unit x has the law
//
//	p(x) = exp(ax − ψ(x) − Γ(a)),   Γ(a) = log Σ_x exp(ax − ψ(x)),   E[x] = Γ′(a)
//
// the sum being an integral for Gaussian units.
type Units int

const (
	Bernoulli Units = iota // 0 or 1: ψ = 0, Γ = log(1 + eᵃ), E[x] = 1/(1 + e⁻ᵃ)
	Spin                   // −1 or 1: ψ = 0, Γ = log 2 cosh a, E[x] = tanh a
	Gaussian               // real, of variance 1: ψ = x²/2, Γ = a²/2 + ½ log 2π, E[x] = a
)

var halfLog2Pi = 0.5 * math.Log(2*math.Pi)

// String returns the name of the units.
func (u Units) String() string {
	switch u {
	case Bernoulli:
		return "Bernoulli"
	case Spin:
		return "Spin"
	case Gaussian:
		return "Gaussian"
	}
	return "no units"
}

// cumulant is Γ(a).
func (u Units) cumulant(a float64) float64 {
	switch u {
	case Spin:
		return math.Abs(a) + math.Log1p(math.Exp(-2*math.Abs(a)))
	case Gaussian:
		return a*a/2 + halfLog2Pi
	}
	return math.Max(a, 0) + math.Log1p(math.Exp(-math.Abs(a)))
}

// mean is Γ′(a).
func (u Units) mean(a float64) float64 {
	switch u {
	case Spin:
		return math.Tanh(a)
	case Gaussian:
		return a
	}
	return 1 / (1 + math.Exp(-a))
}

func (u Units) means(a []float64) []float64 {
	x := make([]float64, len(a))
	for i := range a {
		x[i] = u.mean(a[i])
	}
	return x
}

// baseSum is Σ ψ(x).
func (u Units) baseSum(x []float64) float64 {
	if u != Gaussian {
		return 0
	}
	sum := 0.0
	for _, x := range x {
		sum += x * x / 2
	}
	return sum
}

// states are the values that a discrete unit has.
func (u Units) states() [2]float64 {
	if u == Spin {
		return [2]float64{-1, 1}
	}
	return [2]float64{0, 1}
}

// fromBits says what a unit is of a bit: x = scale·bit + shift.
func (u Units) fromBits() (scale, shift float64) {
	if u == Spin {
		return 2, -1
	}
	return 1, 0
}

// draw draws units with the inputs a, on the host.
func (u Units) draw(s *rng.Host, a []float64) []float64 {
	x := make([]float64, len(a))
	if u == Gaussian {
		for i, z := range s.Normal(len(a)) {
			x[i] = a[i] + z
		}
		return x
	}
	scale, shift := u.fromBits()
	for i, r := range s.Uniform(len(a)) {
		x[i] = shift
		if r < Bernoulli.mean(scale*a[i]) {
			x[i] += scale
		}
	}
	return x
}

// Cumulant returns Γ(a), elementwise, in a graph. Its gradient is Mean(a).
func (u Units) Cumulant(a *Node) *Node {
	switch u {
	case Bernoulli:
		return Add(MaxScalar(a, 0), Log1p(Exp(Neg(Abs(a)))))
	case Spin:
		return Add(Abs(a), Log1p(Exp(MulScalar(Abs(a), -2))))
	case Gaussian:
		return AddScalar(MulScalar(Square(a), 0.5), halfLog2Pi)
	}
	exceptions.Panicf("rbm: Units(%d): they are Bernoulli, Spin or Gaussian", u)
	return nil
}

// Mean returns E[x] of units with the inputs a, elementwise.
func (u Units) Mean(a *Node) *Node {
	switch u {
	case Spin:
		return Tanh(a)
	case Gaussian:
		return a
	}
	return Sigmoid(a)
}

// Sample draws units with the inputs a.
func (u Units) Sample(s rng.State, a *Node) (rng.State, *Node) {
	if u == Gaussian {
		s, z := rng.Normal(s, a.DType(), a.Shape().Dimensions...)
		return s, Add(a, z)
	}
	scale, shift := u.fromBits()
	s, one := rng.Bernoulli(s, Sigmoid(MulScalar(a, scale)))
	x := ConvertDType(one, a.DType())
	if u == Spin {
		x = AddScalar(MulScalar(x, scale), shift)
	}
	return s, x
}

// baseNode is Σ ψ(x) over the last axis; nil if ψ = 0.
func (u Units) baseNode(x *Node) *Node {
	if u != Gaussian {
		return nil
	}
	return MulScalar(ReduceSum(Square(x), -1), 0.5)
}
