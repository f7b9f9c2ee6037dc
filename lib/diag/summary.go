package diag

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Summary is what chains of one number say about its law, and how far to trust it.
type Summary struct {
	Mean, SD               float64 // of all draws
	Q5, Median, Q95        float64 // quantiles of all draws
	MCSEMean, MCSESD       float64 // Monte-Carlo standard errors of Mean and SD
	RHat, ESSBulk, ESSTail float64 // see the functions of these names
	AutocorrelationTime    float64 // in draws
}

// Summarize returns the summary of chains [chains][draws]. Diagnostics that are
// not available are NaN, as are the moments of draws that are not finite. It panics
// if lengths differ.
func Summarize(chains [][]float64) Summary {
	mustBeEven(chains)
	all := sorted(chains)
	s := Summary{
		Mean: math.NaN(), SD: math.NaN(), Q5: math.NaN(), Median: math.NaN(), Q95: math.NaN(),
		MCSEMean: MCSEMean(chains), MCSESD: MCSESD(chains),
		RHat: RHat(chains), ESSBulk: ESSBulk(chains), ESSTail: ESSTail(chains),
		AutocorrelationTime: AutocorrelationTime(chains),
	}
	if len(all) > 0 && !slices.ContainsFunc(all, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }) {
		s.Mean, s.SD = stat.MeanStdDev(all, nil)
		s.Q5, s.Median, s.Q95 = quantile(all, 0.05), quantile(all, 0.5), quantile(all, 0.95)
	}
	return s
}
