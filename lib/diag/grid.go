package diag

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// KL returns the Kullback–Leibler divergence of q from p, in nats, of log densities
// at the cells of one grid. Both are normalised over the grid first, so any constant
// may be left out of them.
//
//	KL(p‖q) = Σ p (log p − log q)
//
// Cells must be of equal volume; the grid must hold nearly all of both. A log
// density of −Inf is probability 0; KL is +Inf where q alone has it, and NaN where
// one has no probability at all. It panics if lengths differ or are 0.
func KL(logP, logQ []float64) float64 {
	mustBeGrid("KL", logP, logQ, []int{len(logP)})
	zp, zq := floats.LogSumExp(logP), floats.LogSumExp(logQ)
	sum := 0.0
	for i, lp := range logP {
		if lp -= zp; !math.IsInf(lp, -1) {
			sum += math.Exp(lp) * (lp - (logQ[i] - zq))
		}
	}
	return sum
}

// FisherDivergence returns the Fisher divergence of q from p, of log densities at
// the cells of a regular grid, the last axis fastest, with shape the number of cells
// and spacing their distance along each axis. Neither need be normalised.
//
//	D_F(p‖q) = ½ Σ p ‖∇(log p − log q)‖²
//
// Derivatives are differences of second order, also at the edges: exact where
// log p − log q is quadratic. Both must be finite at every cell, or the result is
// not. It panics unless both fill the shape, every axis has at least 3 cells, and
// there is a spacing for each.
func FisherDivergence(logP, logQ []float64, shape []int, spacing []float64) float64 {
	mustBeGrid("FisherDivergence", logP, logQ, shape)
	if len(spacing) != len(shape) {
		panic(fmt.Sprintf("diag: FisherDivergence on %d axes with %d spacings: want one for each", len(shape), len(spacing)))
	}
	ratio := make([]float64, len(logP))
	floats.SubTo(ratio, logP, logQ)
	z := floats.LogSumExp(logP)
	sum, stride := 0.0, len(ratio)
	for axis, cells := range shape {
		if cells < 3 {
			panic(fmt.Sprintf("diag: FisherDivergence on an axis of %d cells: want at least 3", cells))
		}
		stride /= cells
		for i, lp := range logP {
			slope := derivative(ratio, i, i/stride%cells, cells, stride) / spacing[axis]
			sum += math.Exp(lp-z) * slope * slope / 2
		}
	}
	return sum
}

// derivative returns the difference quotient of f at cell i, the at-th of its axis,
// for a spacing of 1: central inside, three-point at the edges.
func derivative(f []float64, i, at, cells, stride int) float64 {
	switch at {
	case 0:
		return -1.5*f[i] + 2*f[i+stride] - 0.5*f[i+2*stride]
	case cells - 1:
		return 1.5*f[i] - 2*f[i-stride] + 0.5*f[i-2*stride]
	}
	return (f[i+stride] - f[i-stride]) / 2
}

func mustBeGrid(name string, logP, logQ []float64, shape []int) {
	cells := 1
	for _, n := range shape {
		cells *= n
	}
	if len(logP) != cells || len(logQ) != cells || cells < 1 {
		panic(fmt.Sprintf("diag: %s of %d and %d cells on a grid of %v", name, len(logP), len(logQ), shape))
	}
}
