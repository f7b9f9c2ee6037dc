package diag

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// ParetoK returns k̂, the shape of the generalised Pareto law that fits the largest of
// the importance weights, from their logarithms: weights have a finite mean for k < 1 and a
// finite variance for k < ½. With S weights, an estimate made of them is good for
// k̂ < min(1 − 1/log₁₀S, 0.7), bad up to 1, and worthless beyond. Any positive numbers whose mean
// is wanted may stand for the weights.
//
// efficiency is ESS/S of the draws behind the weights, 1 where they are independent; it
// sets how many make up the tail, min(S/5, 3√(S/efficiency)). It is NaN where a log
// weight is NaN or +Inf, and where fewer than 5 weights lie in the tail, as with S
// below 21 or with weights that are all equal. It panics unless efficiency > 0.
//
// Source: Zhang, Stephens, "A new and efficient estimation method for the generalized
// Pareto distribution", 2009; Vehtari, Simpson, Gelman, Yao, Gabry, "Pareto smoothed
// importance sampling", 2024. Equal to the k of ArviZ's psislw. Differs: ArviZ gives
// +Inf for a tail too short.
func ParetoK(logWeights []float64, efficiency float64) float64 {
	if !(efficiency > 0) {
		panic(fmt.Sprintf("diag: ParetoK with an efficiency of %g: want a positive number", efficiency))
	}
	n := float64(len(logWeights))
	tail := int(math.Ceil(math.Min(n/5, 3*math.Sqrt(n/efficiency))))
	if tail < 5 || floats.HasNaN(logWeights) || math.IsInf(floats.Max(logWeights), 0) {
		return math.NaN()
	}
	sorted := slices.Clone(logWeights)
	slices.Sort(sorted)
	floats.AddConst(-sorted[len(sorted)-1], sorted)
	const least = -708.3964185322641 // the logarithm of the least normal float64
	cut := math.Max(sorted[len(sorted)-1-tail], least)
	var excess []float64
	for _, w := range sorted {
		if w > cut {
			excess = append(excess, math.Exp(w)-math.Exp(cut))
		}
	}
	if len(excess) < 5 {
		return math.NaN()
	}
	return paretoShape(excess)
}

// paretoShape returns the shape k of the generalised Pareto law of excesses in increasing
// order,
//
//	P(X > x) = (1 + kx/σ)^{−1/k},   b = −k/σ
//
// as k at the mean of b over its profile likelihood, drawn towards ½ as by ten more
// excesses.
func paretoShape(excess []float64) float64 {
	n := float64(len(excess))
	quartile := excess[int(n/4+0.5)-1]
	m := 30 + int(math.Sqrt(n))
	b, logLikelihood := make([]float64, m), make([]float64, m)
	for i := range b {
		b[i] = (1-math.Sqrt(float64(m)/(float64(i)+0.5)))/(3*quartile) + 1/excess[len(excess)-1]
		k := shapeAt(b[i], excess)
		logLikelihood[i] = n * (math.Log(-b[i]/k) - k - 1)
	}
	total := floats.LogSumExp(logLikelihood)
	mean, weight := 0.0, 0.0
	for i, l := range logLikelihood {
		if p := math.Exp(l - total); p >= 10*epsilon {
			mean += p * b[i]
			weight += p
		}
	}
	const priorCount, priorShape = 10, 0.5
	return (n*shapeAt(mean/weight, excess) + priorCount*priorShape) / (n + priorCount)
}

// epsilon is the distance from 1 to the next float64.
const epsilon = 0x1p-52

// shapeAt returns the likeliest k for a given b.
func shapeAt(b float64, excess []float64) float64 {
	logs := make([]float64, len(excess))
	for i, x := range excess {
		logs[i] = math.Log1p(-b * x)
	}
	return stat.Mean(logs, nil)
}
