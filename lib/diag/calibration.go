package diag

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Calibration is the outcome of simulation-based calibration of one number.
type Calibration struct {
	Ranks     []int   // of each true value among its draws: how many lie below it, 0 to draws
	Counts    []int   // of the ranks, in bins of equal width
	ChiSquare float64 // of the counts against equal ones
	P         float64 // the probability of that much or more if the ranks are uniform
}

// Calibrate tests a sampler by simulation: draw a true value from the prior and data
// from the model, sample the posterior, and count the draws below the truth. Over many
// such fits the rank is uniform on 0 … draws if the draws are the posterior's.
//
//	χ² = Σ_bins (count − fits/bins)² / (fits/bins)
//
// truth [fits] are the true values of one number, and draws [fits][draws] what was
// drawn of it, near independent: thin chains until their effective sample size is about
// the number kept, as correlated draws make a right sampler fail. With 20 bins, χ² is
// above 64.4 once in 10⁶ for right ones. The form of Counts says what is wrong: ∪,
// draws too narrow; ∩, too wide; a slope, too low or high. A true value that equals
// draws counts as below them, so that the test is for continuous laws.
//
// A parameter alone does not see everything: a sampler that ignores the data and draws
// from the prior passes, and so may one that ignores the prior. Calibrate a number that
// holds both too, such as log p(θ, y).
//
// It panics unless every fit has equally many draws, bins divides draws + 1, there are
// at least 2 bins, and 5 fits for each.
//
// Source: Talts, Betancourt, Simpson, Vehtari, Gelman, "Validating Bayesian inference
// algorithms with simulation-based calibration", 2018, algorithm 1; Modrák et al.,
// "Simulation-based calibration checking for Bayesian computation: the choice of test
// quantities shapes sensitivity", 2023 (what to calibrate).
func Calibrate(truth []float64, draws [][]float64, bins int) Calibration {
	fits := len(truth)
	if len(draws) != fits || bins < 2 || fits < 5*bins || (len(draws[0])+1)%bins != 0 {
		panic(fmt.Sprintf("diag: Calibrate of %d truths, %d fits in %d bins: want a fit for each truth, 5 fits or more for each bin, and bins that divide the draws of a fit + 1", fits, len(draws), bins))
	}
	mustBeEven(draws)
	width := (len(draws[0]) + 1) / bins
	c := Calibration{Counts: make([]int, bins)}
	for f, of := range draws {
		rank := count([][]float64{of}, func(x float64) bool { return x < truth[f] })
		c.Ranks = append(c.Ranks, rank)
		c.Counts[rank/width]++
	}
	want := float64(fits) / float64(bins)
	for _, n := range c.Counts {
		c.ChiSquare += (float64(n) - want) * (float64(n) - want) / want
	}
	c.P = distuv.ChiSquared{K: float64(bins - 1)}.Survival(c.ChiSquare)
	return c
}

// JointTest returns by how many standard errors a sampler misses the mean of a number
// that is a function of parameters and data, in Geweke's test of both together: prior
// are independent values, of parameters from the prior and data from the model, and
// chains [chains][draws] are values of chains that draw data given the parameters and
// move the parameters given the data, in turn. If both are right, both have the joint
// law.
//
//	z = (mean(prior) − mean(chains)) / √(var(prior)/n + MCSE²)
//
// |z| > 4.89 once in 10⁶ for right ones. Test several functions: each parameter, its square,
// its products with the data. Look at [RHat] of the chains first: where it is not near
// 1, chains wander, which a wrong sampler makes them do, and z means nothing. NaN where a prior value is not finite, where there are
// fewer than 2, or where [MCSEMean] is not available.
//
// Source: Geweke, "Getting it right: joint distribution tests of posterior simulators",
// 2004, equation (12).
func JointTest(prior []float64, chains [][]float64) float64 {
	n := float64(len(prior))
	mean, variance := stat.MeanVariance(prior, nil)
	mcse := MCSEMean(chains)
	if n < 2 || math.IsInf(variance, 0) {
		return math.NaN()
	}
	return (mean - Summarize(chains).Mean) / math.Sqrt(variance/n+mcse*mcse)
}
