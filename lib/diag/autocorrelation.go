package diag

import (
	"math"
	"math/bits"

	"gonum.org/v1/gonum/dsp/fourier"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// Autocorrelation returns the autocorrelations of one chain at the lags 0 to n−1.
//
//	ρ_t = Σᵢ (xᵢ − x̄)(xᵢ₊ₜ − x̄) / Σᵢ (xᵢ − x̄)²
//
// Long lags have few terms: beyond a tenth of the chain they are mostly noise. All
// are NaN for a chain that is constant, not finite or shorter than 4.
func Autocorrelation(chain []float64) []float64 {
	if !usable([][]float64{chain}, 1) {
		rho := make([]float64, len(chain))
		floats.AddConst(math.NaN(), rho)
		return rho
	}
	rho := autocovariance(chain)
	floats.Scale(1/rho[0], rho)
	return rho
}

// AutocorrelationTime returns the integrated autocorrelation time of the chains
// together: the number of draws that are worth one independent draw when a mean is
// estimated.
//
//	τ = 1 + 2 Σₜ ρ_t,  N / τ = [ESSMean]
//
// The sum ends by Geyer's initial monotone sequence. τ < 1 means that draws
// alternate about their mean; it is at least 1/log₁₀ N. NaN as [ESSMean].
//
// Source: Geyer, "Practical Markov chain Monte Carlo", 1992, section 3.3; Vehtari
// et al. 2021, eq. 10 to 13, as Stan and ArviZ compute it.
func AutocorrelationTime(chains [][]float64) float64 {
	return size(chains) / ESSMean(chains)
}

// size returns the number of draws in all chains.
func size(chains [][]float64) float64 {
	if len(chains) == 0 {
		return 0
	}
	return float64(len(chains) * len(chains[0]))
}

// autocovariance returns the biased autocovariances (divided by n, whatever the
// lag) of a chain at the lags 0 to n−1, by a Fourier transform padded with zeros.
func autocovariance(chain []float64) []float64 {
	n := len(chain)
	padded := make([]float64, 1<<bits.Len(uint(2*n-1)))
	copy(padded, chain)
	floats.AddConst(-stat.Mean(chain, nil), padded[:n])
	transform := fourier.NewFFT(len(padded))
	spectrum := transform.Coefficients(nil, padded)
	for i, c := range spectrum {
		spectrum[i] = complex(real(c)*real(c)+imag(c)*imag(c), 0)
	}
	covariance := transform.Sequence(padded, spectrum)[:n]
	floats.Scale(1/float64(n*len(padded)), covariance)
	return covariance
}

// jointAutocorrelation returns the autocorrelations of the chains together, which
// chains of different means raise at every lag.
//
//	ρ_t = 1 − (W − mean_c γ_c(t)) / (W(n−1)/n + B/n)
//
// Source: Vehtari et al. 2021, eq. 10.
func jointAutocorrelation(chains [][]float64) []float64 {
	n := float64(len(chains[0]))
	between, within := variances(chains)
	rho := make([]float64, len(chains[0]))
	for _, chain := range chains {
		floats.AddScaled(rho, 1/float64(len(chains)), autocovariance(chain))
	}
	total := within*(n-1)/n + between
	for t, gamma := range rho {
		rho[t] = 1 - (within-gamma)/total
	}
	rho[0] = 1
	return rho
}

// geyer sums autocorrelations to τ = −1 + 2 Σₖ Pₖ over the pairs
// Pₖ = ρ₂ₖ + ρ₂ₖ₊₁, which a reversible chain has positive, falling and convex: up
// to the first that is not positive, none greater than the one before. Of the pair
// that ends the sum the even lag counts once, if positive.
func geyer(rho []float64) float64 {
	pair := func(k int) float64 { return rho[2*k] + rho[2*k+1] }
	last := 0
	for 2*last+3 < len(rho)-1 && pair(last) > 0 {
		last++
	}
	tau, least := -1.0, math.Inf(1)
	for k := range last {
		least = min(least, pair(k))
		tau += 2 * least
	}
	if rho[2*last] > 0 || pair(last) >= 0 {
		tau += rho[2*last]
	}
	return tau
}
