package diag

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
)

// manyChains is the number of chains from which their spread is an error by
// itself, known to 1/√(2·29) = 13 %.
const manyChains = 30

// ModeWeights returns the fraction of draws in each of the basins 0 to modes−1,
// with its Monte-Carlo standard error. label names the basin of a draw; one outside
// of 0 to modes−1 counts for no basin.
//
// With 30 chains or more the error is the spread of the chains' fractions over the
// root of their number, which is unbiased for independent chains, whatever they do
// inside and however few draws they have. With fewer it is √(w(1−w)N/(N−1)/ESS) of
// the indicator of the basin, which counts a chain that never leaves its basin as
// one draw. It is NaN where every draw is in the basin or none is, and for few
// chains of fewer than 4 draws: such weights have no error bar, not an error of 0.
// It panics if lengths differ or modes < 1.
func ModeWeights[Draw any](chains [][]Draw, modes int, label func(draw Draw) int) []Estimate {
	if modes < 1 {
		panic(fmt.Sprintf("diag: ModeWeights of %d modes: want at least 1", modes))
	}
	indicators := make([][][]float64, modes) // [modes][chains][draws]
	for m := range indicators {
		indicators[m] = make([][]float64, len(chains))
	}
	for c, chain := range chains {
		for m := range indicators {
			indicators[m][c] = make([]float64, len(chain))
		}
		for i, draw := range chain {
			if m := label(draw); 0 <= m && m < modes {
				indicators[m][c][i] = 1
			}
		}
	}
	weights := make([]Estimate, modes)
	for m, indicator := range indicators {
		mustBeEven(indicator)
		weights[m] = fraction(indicator)
	}
	return weights
}

// fraction returns the mean of an indicator with its error.
func fraction(indicator [][]float64) Estimate {
	n, w := size(indicator), mean(indicator)
	switch {
	case w == 0 || w == 1 || n == 0:
		return Estimate{w, math.NaN()}
	case len(indicator) >= manyChains:
		fractions := make([]float64, len(indicator))
		for c, chain := range indicator {
			fractions[c] = stat.Mean(chain, nil)
		}
		return Estimate{w, stat.StdErr(stat.StdDev(fractions, nil), float64(len(fractions)))}
	case len(indicator[0]) < minDraws:
		return Estimate{w, math.NaN()}
	}
	return Estimate{w, math.Sqrt(w * (1 - w) * n / (n - 1) / ess(split(indicator)))}
}
