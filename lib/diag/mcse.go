package diag

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// MCSEMean returns the Monte-Carlo standard error of the mean of all draws.
//
//	sd / √[ESSMean]
//
// NaN where that effective sample size is. Source: Vehtari et al. 2021; equal to
// ArviZ's mcse, as the other errors are.
func MCSEMean(chains [][]float64) float64 {
	return stat.StdDev(slices.Concat(chains...), nil) / math.Sqrt(ESSMean(chains))
}

// MCSESD returns the Monte-Carlo standard error of the standard deviation of all
// draws, by the delta method from that of the variance.
//
//	√((E d⁴ − (E d²)²) / ESS(d²)) / (2 √(E d²)),  d = x − mean
//
// NaN where [ESSSD] is.
func MCSESD(chains [][]float64) float64 {
	if !usable(chains, 1) {
		return math.NaN()
	}
	squares := squaredDeviations(chains)
	variance := mean(squares)
	fourth := mean(transform(squares, func(d2 float64) float64 { return d2 * d2 }))
	return math.Sqrt((fourth - variance*variance) / ess(split(squares)) / variance / 4)
}

// MCSEQuantile returns the Monte-Carlo standard error of the quantile of
// probability p: half the width of the interval of order statistics that holds the
// quantile with the probability of one standard error (68 %), found from the beta
// law of the probability below an order statistic. No density is estimated. NaN
// where [ESSQuantile] is. It panics unless 0 < p < 1.
//
// Source: Vehtari et al. 2021, section 4.4.
func MCSEQuantile(chains [][]float64, p float64) float64 {
	n := ESSQuantile(chains, p)
	if math.IsNaN(n) {
		return n
	}
	all := sorted(chains)
	law := distuv.Beta{Alpha: n*p + 1, Beta: n*(1-p) + 1}
	last := float64(len(all) - 1)
	// Φ(−1) and Φ(1), rounded as in Stan and ArviZ.
	low := law.Quantile(0.1586553)*float64(len(all)) - 1
	high := law.Quantile(0.8413447)*float64(len(all)) - 1
	return (all[int(math.Ceil(min(high, last)))] - all[int(math.Floor(max(low, 0)))]) / 2
}
