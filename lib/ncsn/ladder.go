package ncsn

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/distuv"
)

// Ladder is the noise levels σ₁ > σ₂ > … > σ_L > 0 of a noise-conditional model,
// in the data's units, from the largest to the smallest: the order in which
// annealed sampling takes them. Any descending slice is a ladder; what uses one
// refuses another order.
type Ladder []float64

// Geometric returns levels whose neighbours have one ratio.
//
//	σᵢ = σ_max·(σ_min/σ_max)^(i/(L−1)),  i = 0 … L−1
//
// A ladder of one level is σ_max alone; less than one is an empty ladder.
//
// Source: Song, Ermon, "Generative modeling by estimating gradients of the data
// distribution", 2019, section 4.1.
func Geometric(sigmaMax, sigmaMin float64, levels int) Ladder {
	l := make(Ladder, max(levels, 0))
	for i := range l {
		l[i] = sigmaMax
		if i > 0 {
			l[i] *= math.Pow(sigmaMin/sigmaMax, float64(i)/float64(levels-1))
		}
	}
	return l
}

// Overlapping returns the geometric ladder with the fewest levels, from sigmaMax
// to sigmaMin, whose neighbours have at least that [Overlap] in dim dimensions;
// 0.5 is the source's choice. Their number grows as √dim. In up to four dimensions
// the overlap is large at any ratio, and the ladder has two levels: the criterion
// is made for many, and more levels are needed there.
//
// Source: Song, Ermon, "Improved techniques for training score-based generative
// models", 2020, technique 2.
func Overlapping(sigmaMax, sigmaMin float64, dim int, overlap float64) (Ladder, error) {
	if !(sigmaMin > 0) || !(sigmaMax >= sigmaMin) || math.IsInf(sigmaMax, 0) || dim < 1 || !(overlap > 0 && overlap < Overlap(dim, 1)) {
		return nil, fmt.Errorf("ncsn: Overlapping needs 0 < sigmaMin ≤ sigmaMax, a dimension and an overlap between 0 and 0.997, got %v to %v, %d, %v", sigmaMax, sigmaMin, dim, overlap)
	}
	if sigmaMax == sigmaMin {
		return Ladder{sigmaMax}, nil
	}
	low, high := 1.0, sigmaMax/sigmaMin // Overlap falls with the ratio
	if Overlap(dim, high) >= overlap {
		low = high
	}
	for high-low > 1e-12*low {
		if mid := (low + high) / 2; Overlap(dim, mid) >= overlap {
			low = mid
		} else {
			high = mid
		}
	}
	steps := math.Ceil(math.Log(sigmaMax/sigmaMin)/math.Log(low) - 1e-9)
	return Geometric(sigmaMax, sigmaMin, int(steps)+1), nil
}

// Overlap returns how much of the radii of noise at level σ/ratio lies within three
// standard deviations of the mean radius at level σ, where ratio = σᵢ₋₁/σᵢ ≥ 1: the
// chance that a sample of one level is at home at the next.
//
//	Φ(√(2·dim)·(γ−1) + 3γ) − Φ(√(2·dim)·(γ−1) − 3γ),  γ = ratio
//
// Source: Song, Ermon, 2020, technique 2, from radii that are close to
// N(√dim·σ, σ²/2) in many dimensions.
func Overlap(dim int, ratio float64) float64 {
	shift := math.Sqrt(2*float64(dim)) * (ratio - 1)
	return distuv.UnitNormal.CDF(shift+3*ratio) - distuv.UnitNormal.CDF(shift-3*ratio)
}

// MaxDistance returns the largest distance between two examples of x [n, event…]: a
// σ_max of this size lets a sample move between any two of them. It takes n²/2
// distances on the host; a thousand examples are enough. x holds float32 or
// float64.
//
// Source: Song, Ermon, 2020, technique 1.
func MaxDistance(x *tensors.Tensor) (float64, error) {
	flat, err := numbers(x)
	if err != nil || x.Rank() == 0 {
		return 0, fmt.Errorf("ncsn: MaxDistance takes x [n, event…] of float32 or float64, got %s", x.Shape())
	}
	n := x.Shape().Dimensions[0]
	dim := len(flat) / n
	largest := 0.0
	for i := range n {
		for j := range i {
			largest = max(largest, floats.Distance(flat[i*dim:(i+1)*dim], flat[j*dim:(j+1)*dim], 2))
		}
	}
	return largest, nil
}

// numbers returns the numbers of a float32 or float64 tensor.
func numbers(x *tensors.Tensor) ([]float64, error) {
	if x.DType() == dtypes.Float64 {
		return tensors.CopyFlatData[float64](x)
	}
	narrow, err := tensors.CopyFlatData[float32](x)
	wide := make([]float64, len(narrow))
	for i, v := range narrow {
		wide[i] = float64(v)
	}
	return wide, err
}

// Check returns an error that says what is wrong with a ladder: that it is empty,
// or not positive, or not descending.
func (l Ladder) Check() error {
	if len(l) == 0 {
		return fmt.Errorf("ncsn: the ladder has no noise levels")
	}
	for i, sigma := range l {
		if !(sigma > 0) || math.IsInf(sigma, 0) {
			return fmt.Errorf("ncsn: noise levels are positive, level %d of the ladder is %v", i, sigma)
		}
		if i > 0 && sigma >= l[i-1] {
			return fmt.Errorf("ncsn: noise levels go from the largest to the smallest, but level %d is %v and level %d is %v: reverse the ladder", i-1, l[i-1], i, sigma)
		}
	}
	return nil
}

// node returns the levels as a constant of dtype like x's, [levels]. It panics on a
// malformed ladder.
func (l Ladder) node(x *Node) *Node {
	if err := l.Check(); err != nil {
		panic(err)
	}
	return ConstAsDType(x.Graph(), x.DType(), []float64(l))
}
