package diag

import "math"

// ESSBulk returns the effective sample size in the bulk: that of the mean of the
// rank-normalised draws. It exists for any law, Cauchy's too. Want at least 100
// for each chain.
//
// All effective sample sizes are those of the halves of the chains, in draws: the
// N independent draws that would give the same standard error. They may exceed the
// number of draws where draws alternate, up to N log₁₀ N. They are NaN where a
// chain is constant, not finite or shorter than 4.
//
// Source: Vehtari et al. 2021, section 4.3. Equal to ArviZ's ess. Differs: ArviZ
// calls constant chains fully effective.
func ESSBulk(chains [][]float64) float64 {
	if !usable(chains, 1) {
		return math.NaN()
	}
	return ess(rankNormalise(split(chains)))
}

// ESSTail returns the effective sample size in the tails: the lesser of those of
// the 5 % and the 95 % quantile. NaN as [ESSQuantile].
func ESSTail(chains [][]float64) float64 {
	return min(ESSQuantile(chains, 0.05), ESSQuantile(chains, 0.95))
}

// ESSMean returns the effective sample size for the mean. It means something only
// where the law has a variance. NaN as [ESSBulk].
func ESSMean(chains [][]float64) float64 {
	if !usable(chains, 1) {
		return math.NaN()
	}
	return ess(split(chains))
}

// ESSSD returns the effective sample size for the standard deviation: that of the
// squared distances from the mean. NaN as [ESSBulk], and where these distances are
// all equal.
func ESSSD(chains [][]float64) float64 {
	if !usable(chains, 1) {
		return math.NaN()
	}
	return ess(split(squaredDeviations(chains)))
}

// ESSQuantile returns the effective sample size for the quantile of probability p:
// that of the share of draws at or below it. NaN as [ESSBulk], and where all draws
// of the halves lie on one side of it. It panics unless 0 < p < 1.
func ESSQuantile(chains [][]float64, p float64) float64 {
	mustBeProbability("ESSQuantile", p)
	if !usable(chains, 1) {
		return math.NaN()
	}
	return ess(split(below(chains, quantile(sorted(chains), p))))
}

// ess returns the effective sample size for the mean of given sequences, N/τ; NaN
// if they are all constant and equal or their variance overflows.
func ess(chains [][]float64) float64 {
	between, within := variances(chains)
	if spread := between + within; !(spread > 0) || math.IsInf(spread, 0) {
		return math.NaN()
	}
	n := size(chains)
	return n / max(geyer(jointAutocorrelation(chains)), 1/math.Log10(n))
}

// squaredDeviations returns (x − mean)² of every draw.
func squaredDeviations(chains [][]float64) [][]float64 {
	center := mean(chains)
	return transform(chains, func(x float64) float64 { return (x - center) * (x - center) })
}

// mean returns the mean of all draws.
func mean(chains [][]float64) float64 {
	sum := 0.0
	for _, chain := range chains {
		for _, x := range chain {
			sum += x
		}
	}
	return sum / size(chains)
}
