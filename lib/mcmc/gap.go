package mcmc

import (
	"fmt"
	"math"
)

// SpectralGap returns the smallest positive eigenvalue of the generator of
// Langevin dynamics on the line, f ↦ −f″ − (log p)′f′: correlations of reversible
// Langevin die like e^(−gap·t) or faster, and the slowest like that. Of a product
// of independent coordinates it is the least of their gaps.
//
// logP is log p up to a constant; [low, high] must hold all but a negligible part
// of p, and logP must be finite there. Details of p finer than a thousandth of
// the interval are lost.
//
// Finite differences of steps h and h/2 with Richardson's extrapolation of their
// h² error. The error names what is wrong with logP or the interval.
func SpectralGap(logP func(x float64) float64, low, high float64) (float64, error) {
	const cells = 2000
	coarse, err := gapOnGrid(logP, low, high, cells)
	if err != nil {
		return 0, err
	}
	fine, err := gapOnGrid(logP, low, high, 2*cells)
	return (4*fine - coarse) / 3, err
}

// RelaxationSteps is the number of Langevin steps of size stepSize that make one
// relaxation time: 1/(gap·η).
func RelaxationSteps(gap, stepSize float64) float64 { return 1 / (gap * stepSize) }

// gapOnGrid discretises the generator as a birth–death chain on n+1 points whose
// rates √(π′/π)/h² keep π. In symmetric form it is A = Σᵢ vᵢvᵢᵀ, one term for each
// cell, vᵢ = (√rᵢ eᵢ − eᵢ₊₁/√rᵢ)/h with rᵢ = √(πᵢ₊₁/πᵢ). Its positive eigenvalues
// are those of the n × n tridiagonal matrix of the products vᵢ·vⱼ, which has no
// eigenvalue 0 to lose a small gap in.
func gapOnGrid(logP func(x float64) float64, low, high float64, n int) (float64, error) {
	if !(low < high) || math.IsInf(high-low, 0) {
		return 0, fmt.Errorf("mcmc: SpectralGap: [%g, %g] is no finite interval", low, high)
	}
	h := (high - low) / float64(n)
	at := func(i int) float64 { return logP(low + h*float64(i)) }
	diagonal, beside := make([]float64, n), make([]float64, n-1) // beside[i] = vᵢ·vᵢ₊₁
	for i := range n {
		rate := math.Exp((at(i+1) - at(i)) / 2)
		if !(rate > 0) || math.IsInf(rate, 0) {
			return 0, fmt.Errorf("mcmc: SpectralGap: log p jumps from %g to %g beside x = %g: it must be finite and smooth on [%g, %g]",
				at(i), at(i+1), low+h*float64(i), low, high)
		}
		diagonal[i] = (rate + 1/rate) / (h * h)
		if i+1 < n {
			next := math.Exp((at(i+2) - at(i+1)) / 2)
			beside[i] = -math.Sqrt(next/rate) / (h * h)
		}
	}
	return smallestEigenvalue(diagonal, beside), nil
}

// smallestEigenvalue bisects for the smallest eigenvalue of a positive definite
// tridiagonal matrix, by Sturm's count of the negative pivots of A − λ.
func smallestEigenvalue(diagonal, beside []float64) float64 {
	below := func(lambda float64) bool { // has A an eigenvalue below λ?
		pivot := diagonal[0] - lambda
		for i, b := range beside {
			if pivot <= 0 {
				return true
			}
			pivot = diagonal[i+1] - lambda - b*b/pivot
		}
		return pivot <= 0
	}
	low, high := 0.0, diagonal[0]
	for range 200 {
		middle := (low + high) / 2
		if middle == low || middle == high {
			break
		}
		if below(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}
