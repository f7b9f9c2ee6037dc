package path

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

// VE is the variance-exploding path: noise is added, and the data stay as they
// are. The noise grows geometrically.
//
//	α(t) = 1,  σ(t) = σ_min·(σ_max/σ_min)ᵗ
//	f(t) = 0,  g²(t) = dσ²/dt = 2·ln(σ_max/σ_min)·σ²(t)
//
// A geometric path never reaches σ = 0: at t = 0 the data have noise σ_min
// already, which is to be far below their details. At t = 1 they are close to
// N(0, σ_max² I) if σ_max is far above their size. Both fields must be positive,
// SigmaMax the larger; methods panic otherwise.
//
// Source: Song et al., "Score-based generative modeling through stochastic
// differential equations", 2021, appendix C.
type VE struct {
	SigmaMin float64 // σ_min, in the data's units
	SigmaMax float64 // σ_max, in the data's units
}

// VP is the variance-preserving path: the data fade as the noise grows, and data
// of variance 1 keep it. The rate β grows linearly.
//
//	β(t) = β_min + t·(β_max − β_min),  B(t) = ∫₀ᵗ β
//	α(t) = exp(−B/2),  σ²(t) = 1 − exp(−B)
//	f(t) = −β/2,       g²(t) = β
//
// At t = 0 there is no noise, and the law of the data alone may have no score:
// integrations end a little before, at 1e-3 say.
//
// VP{} means 0.1 and 20, with α(1) = 0.0066. Otherwise 0 ≤ BetaMin ≤ BetaMax;
// methods panic if it is not so.
//
// Source: Song et al., 2021, appendix C; the limit of Ho, Jain, Abbeel,
// "Denoising diffusion probabilistic models", 2020.
type VP struct {
	BetaMin float64 // β(0), per unit of time
	BetaMax float64 // β(1), per unit of time
}

var (
	_ Schedule = VE{}
	_ Schedule = VP{}
)

// AlphaSigma returns 1 and σ(t), shaped like t.
func (p VE) AlphaSigma(t *Node) (alpha, sigma *Node) {
	return OnesLike(t), MulScalar(Exp(MulScalar(t, p.growth())), p.SigmaMin)
}

// DriftDiffusion returns 0 and g²(t), shaped like t.
func (p VE) DriftDiffusion(t *Node) (f, g2 *Node) {
	_, sigma := p.AlphaSigma(t)
	return ZerosLike(t), MulScalar(Square(sigma), 2*p.growth())
}

// growth returns ln(σ_max/σ_min), the rate of σ.
func (p VE) growth() float64 {
	if !(p.SigmaMin > 0) || !(p.SigmaMax > p.SigmaMin) || math.IsInf(p.SigmaMax, 0) {
		exceptions.Panicf("path: VE needs 0 < SigmaMin < SigmaMax, got %v and %v", p.SigmaMin, p.SigmaMax)
	}
	return math.Log(p.SigmaMax / p.SigmaMin)
}

// AlphaSigma returns α(t) and σ(t), shaped like t. Both are precise for small t,
// where σ ≈ √(β_min·t).
func (p VP) AlphaSigma(t *Node) (alpha, sigma *Node) {
	low, high := p.rates()
	area := Add(MulScalar(t, low), MulScalar(Square(t), (high-low)/2)) // B(t)
	return Exp(MulScalar(area, -0.5)), Sqrt(Neg(Expm1(Neg(area))))
}

// DriftDiffusion returns −β(t)/2 and β(t), shaped like t.
func (p VP) DriftDiffusion(t *Node) (f, g2 *Node) {
	low, high := p.rates()
	beta := AddScalar(MulScalar(t, high-low), low)
	return MulScalar(beta, -0.5), beta
}

func (p VP) rates() (low, high float64) {
	if p == (VP{}) {
		return 0.1, 20
	}
	if !(p.BetaMin >= 0) || !(p.BetaMax >= p.BetaMin) || math.IsInf(p.BetaMax, 0) {
		exceptions.Panicf("path: VP needs 0 ≤ BetaMin ≤ BetaMax, got %v and %v", p.BetaMin, p.BetaMax)
	}
	return p.BetaMin, p.BetaMax
}
