package diag

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// RHat returns the potential scale reduction of chains: the greater of
// [RHatBulk], which sees chains that disagree in location, and [RHatFolded],
// which sees chains that disagree in spread. 1 means that the chains agree; use
// the draws when it is below 1.01.
//
// It is NaN with fewer than 2 chains or 4 draws, where a chain is constant or not
// finite, and where all draws are equally far from their median.
//
// Source: Vehtari, Gelman, Simpson, Carpenter, Bürkner, "Rank-normalization,
// folding, and localization: an improved R̂ for assessing convergence of MCMC",
// Bayesian Analysis 16 (2021), section 4.1. Equal to ArviZ's rhat. Differs: NaN
// where a single chain is constant; ArviZ gives a number.
func RHat(chains [][]float64) float64 {
	return max(RHatBulk(chains), RHatFolded(chains))
}

// RHatBulk returns the rank-normalised split R̂: that of the halves of the chains,
// every draw replaced by the normal score of its rank. NaN as [RHat].
//
//	R̂ = √(((n−1)/n · W + B/n) / W)
//
// with n the length of a half, B/n the variance of the halves' means and W the
// mean of their variances.
func RHatBulk(chains [][]float64) float64 {
	if !usable(chains, 2) {
		return math.NaN()
	}
	return rhat(rankNormalise(split(chains)))
}

// RHatFolded returns the rank-normalised split R̂ of the distances of the draws
// from their median. NaN as [RHat], and where all distances are equal.
func RHatFolded(chains [][]float64) float64 {
	if !usable(chains, 2) {
		return math.NaN()
	}
	return rhat(rankNormalise(fold(split(chains))))
}

// rhat is the formula of [RHatBulk] for given sequences; NaN where all are
// constant and equal, +Inf where they are constant and differ.
func rhat(chains [][]float64) float64 {
	n := float64(len(chains[0]))
	between, within := variances(chains)
	return math.Sqrt((n-1)/n + between/within)
}

// variances returns the unbiased variance of the chains' means (B/n) and the mean
// of the chains' unbiased variances (W).
func variances(chains [][]float64) (between, within float64) {
	means := make([]float64, len(chains))
	for c, chain := range chains {
		mean, variance := stat.MeanVariance(chain, nil)
		means[c] = mean
		within += variance / float64(len(chains))
	}
	if len(chains) > 1 {
		between = stat.Variance(means, nil)
	}
	return between, within
}
