package hopfield

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"
)

// Basis are functions of time on [0, 1] that a curve is made of: At writes the values
// of all Count of them at t.
type Basis struct {
	Count int
	At    func(t float64, psi []float64)
}

// Rectangular returns n steps, each 1 on its nth of [0, 1] and 0 elsewhere. It panics
// if n < 1, as the other bases do.
func Rectangular(n int) Basis {
	return basis(n, func(t float64, psi []float64) {
		clear(psi)
		psi[min(n-1, max(0, int(t*float64(n))))] = 1
	})
}

// RBF returns n Gaussian bumps with centres evenly spaced from 0 to 1, and the given
// width (standard deviation); 0 means the distance of two centres.
//
//	ψₖ(t) = exp(−(t − cₖ)²/(2·width²))
func RBF(n int, width float64) Basis {
	gap := 1 / float64(max(n-1, 1))
	if width == 0 {
		width = gap
	}
	return basis(n, func(t float64, psi []float64) {
		for k := range psi {
			u := (t - float64(k)*gap) / width
			psi[k] = math.Exp(-u * u / 2)
		}
	})
}

// Fourier returns the first n of 1, cos 2πt, sin 2πt, cos 4πt, sin 4πt, …: a curve
// that closes.
func Fourier(n int) Basis {
	return basis(n, func(t float64, psi []float64) {
		for k := range psi {
			sin, cos := math.Sincos(2 * math.Pi * float64((k+1)/2) * t)
			if psi[k] = cos; k%2 == 0 && k > 0 {
				psi[k] = sin
			}
		}
	})
}

func basis(n int, at func(t float64, psi []float64)) Basis {
	if n < 1 {
		panic(fmt.Sprintf("hopfield: a basis of %d functions; want at least one", n))
	}
	return Basis{n, at}
}

// Curve is a memory with a moment for every t in [0, 1] in place of a list of
// patterns. [Modern] recalls from its [Samples].
//
//	ξ(t) = B ψ(t)
//
// Source: Santos et al., "Modern Hopfield networks with continuous-time memories", 2025.
type Curve struct {
	basis Basis
	b     *mat.Dense // Bᵀ, [functions, dim]
}

// FitCurve returns the curve of ridge regression through frames [frames, dim] at the
// times (k + ½)/frames: fewer functions than frames are a compressed memory.
//
//	B = Xᵀ F (FᵀF + λI)⁻¹,   F = (ψ(t₁), …, ψ(t_n))ᵀ
//
// The error says that there are no frames, that ridge is negative, or that it is 0
// where the frames do not determine B.
//
// Differs from the source's code: frames stand in the middle of their share of time,
// and no frames are added at the ends.
func FitCurve(frames mat.Matrix, basis Basis, ridge float64) (*Curve, error) {
	n, dim := frames.Dims()
	if n == 0 || dim == 0 || !(ridge >= 0) {
		return nil, fmt.Errorf("hopfield: a curve through %d frames of %d numbers with ridge %g; give frames and a ridge that is not negative", n, dim, ridge)
	}
	f := mat.NewDense(n, basis.Count, nil)
	for k := range n {
		basis.At((float64(k)+0.5)/float64(n), f.RawRowView(k))
	}
	gram := mat.NewSymDense(basis.Count, nil)
	gram.SymOuterK(1, f.T())
	for k := range basis.Count {
		gram.SetSym(k, k, gram.At(k, k)+ridge)
	}
	var factor mat.Cholesky
	if !factor.Factorize(gram) || factor.Cond() > 1e14 {
		return nil, fmt.Errorf("hopfield: %d frames do not determine %d functions; take a larger ridge than %g", n, basis.Count, ridge)
	}
	var right mat.Dense
	right.Mul(f.T(), frames)
	c := &Curve{basis, mat.NewDense(basis.Count, dim, nil)}
	if err := factor.SolveTo(c.b, &right); err != nil {
		return nil, fmt.Errorf("hopfield: %w", err)
	}
	return c, nil
}

// At returns ξ(t), [dim].
func (c *Curve) At(t float64) []float64 {
	psi := make([]float64, c.basis.Count)
	c.basis.At(t, psi)
	var xi mat.VecDense
	xi.MulVec(c.b.T(), mat.NewVecDense(len(psi), psi))
	return xi.RawVector().Data
}

// Samples returns a curve as the patterns [n, dim] of a [Modern] network: its values
// at the times (k + ½)/n. The network's sums are then integrals by the midpoint rule.
//
//	E(x) = −(1/β) log ∫₀¹ e^{βξ(t)·x} dt + ½‖x‖² + ½maxₜ‖ξ(t)‖²
//	x⁺ = ∫ p(t) ξ(t) dt,   p(t) = e^{βξ(t)·x} / ∫₀¹ e^{βξ(s)·x} ds
//
// The logarithm is outside of the integral, and 1/β outside of the logarithm. Descent
// and bounds are those of Modern, exactly, for any n. The rule is exact for steps of
// which each has equally many samples; on a smooth curve its error falls as 1/n², and
// faster than any power of n if the curve closes. It panics if n < 1 or on a dtype
// that is not float32 or float64.
//
// Differs from the source's code: the midpoint rule for the trapezoid rule.
func Samples(dtype dtypes.DType, curve func(t float64) []float64, n int) *tensors.Tensor {
	if n < 1 {
		panic(fmt.Sprintf("hopfield: %d samples of a curve; want at least one", n))
	}
	var flat []float64
	for k := range n {
		flat = append(flat, curve((float64(k)+0.5)/float64(n))...)
	}
	switch dtype {
	case dtypes.Float64:
		return tensors.FromFlatDataAndDimensions(flat, n, len(flat)/n)
	case dtypes.Float32:
		single := make([]float32, len(flat))
		for i, v := range flat {
			single[i] = float32(v)
		}
		return tensors.FromFlatDataAndDimensions(single, n, len(flat)/n)
	}
	panic(fmt.Sprintf("hopfield: samples of dtype %s; want float32 or float64", dtype))
}
