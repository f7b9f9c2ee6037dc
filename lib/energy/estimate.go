package energy

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// Estimate is what weighted draws say about log Z.
type Estimate struct {
	LogZ float64 // log of the mean weight
	SE   float64 // standard error of LogZ; it means little where ESS is below some tens
	ESS  float64 // effective sample size (Σw)²/Σw², between 1 and the number of draws
}

// String writes the estimate with its standard error and effective sample size.
func (e Estimate) String() string {
	return fmt.Sprintf("%.6g ± %.2g (ESS %.4g)", e.LogZ, e.SE, e.ESS)
}

// Importance estimates log Z = log ∫ f(x) dx from independent draws x of a
// normalised proposal q that covers f, from their log-weights.
//
//	log Ẑ = log (1/n) Σ wᵢ,   wᵢ = f(xᵢ)/q(xᵢ),   SE ≈ sd(w)/(√n·mean(w))
//
// With f = exp(−E/τ) the log-weights are −E(x)/τ − log q(x). log Ẑ is below log Z
// in the mean, by about SE²/2 (Jensen). Dividing by the sum of f over the draws
// instead gives weights of a finite set and no Z. −Inf is a weight of 0; it panics
// without draws, on NaN and on +Inf.
//
// Source: Owen, "Monte Carlo theory, methods and examples", 2013, chapter 9; the
// standard error of a logarithm by the delta method.
func Importance(logWeights []float64) Estimate {
	n := float64(len(logWeights))
	top := mustBeWeights(logWeights)
	if math.IsInf(top, -1) {
		return Estimate{LogZ: top, SE: math.Inf(1)}
	}
	w := make([]float64, len(logWeights))
	for i, l := range logWeights {
		w[i] = math.Exp(l - top)
	}
	sum, se := floats.Sum(w), math.Inf(1)
	if n > 1 {
		mean, sd := stat.MeanStdDev(w, nil)
		se = sd / (mean * math.Sqrt(n))
	}
	return Estimate{LogZ: top + math.Log(sum/n), SE: se, ESS: sum * sum / floats.Dot(w, w)}
}

// reciprocal turns an estimate of −log Z into one of log Z.
func (e Estimate) reciprocal() Estimate {
	e.LogZ = -e.LogZ
	return e
}

// plus moves an estimate by a known number.
func (e Estimate) plus(c float64) Estimate {
	e.LogZ += c
	return e
}

// Bracket holds log Z from both sides: annealing from the start underestimates
// it, annealing back from draws of the target overestimates it, each in the mean.
// Where the two agree, log Z is known to their distance; where they do not, the
// distance says how little is known. Neither alone says anything about its error.
//
// Source: Grosse, Ghahramani, Adams, "Sandwiching the marginal likelihood using
// bidirectional Monte Carlo", 2015.
type Bracket struct {
	Lower Estimate // forward
	Upper Estimate // reverse
}

// Contains says whether log Z lies between the bounds, each moved out by z of its
// standard errors.
func (b Bracket) Contains(logZ, z float64) bool {
	return b.Lower.LogZ-z*b.Lower.SE <= logZ && logZ <= b.Upper.LogZ+z*b.Upper.SE
}

// Gap is Upper − Lower: in the mean the sum of both errors, down to the noise of
// the two standard errors.
func (b Bracket) Gap() float64 { return b.Upper.LogZ - b.Lower.LogZ }

// String writes both bounds.
func (b Bracket) String() string { return fmt.Sprintf("[%v, %v]", b.Lower, b.Upper) }
