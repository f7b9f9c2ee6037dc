package diag

import (
	"math"
	"testing"

	"gibbs/lib/rng"
	"gonum.org/v1/gonum/stat"
)

func TestAutocorrelationBySums(t *testing.T) {
	for _, n := range []int{4, 5, 17, 64} {
		x := rng.NewHost(3).Normal(n)
		m := stat.Mean(x, nil)
		for lag, got := range Autocorrelation(x) {
			sum, squares := 0.0, 0.0
			for i := range x {
				squares += (x[i] - m) * (x[i] - m)
				if i+lag < n {
					sum += (x[i] - m) * (x[i+lag] - m)
				}
			}
			if math.Abs(got-sum/squares) > 1e-14 {
				t.Errorf("ρ_%d of %d draws is %v, want %v", lag, n, got, sum/squares)
			}
		}
	}
}

// TestAutocorrelationTimeOfAR1 compares with (1+φ)/(1−φ). The estimate from N draws
// with a window of M lags has the relative error √((4M+2)/N) (Madras and Sokal
// 1988, eq. A.13); for N = 160,000 and M = 3τ + 3 an error of 19 % in τ shows at
// φ = 0.9, of 5 % at −0.6 (where the window is bounded below).
func TestAutocorrelationTimeOfAR1(t *testing.T) {
	for _, phi := range []float64{0.9, -0.6} {
		chains := ar1(rng.NewHost(5), phi, 8, 20000)
		want := (1 + phi) / (1 - phi)
		got := AutocorrelationTime(chains)
		window := 3*want + 3
		if e := math.Sqrt((4*window + 2) / 160000); math.Abs(got/want-1) > sigmas*e {
			t.Errorf("φ = %v: τ = %v, want %v ± %.2g", phi, got, want, sigmas*e*want)
		}
		if ess := ESSMean(chains); math.Abs(ess*got-160000) > 1e-6 {
			t.Errorf("φ = %v: τ·ESS = %v", phi, ess*got)
		}
	}
}

// geyersCases are autocorrelations with their sums by hand.
var geyersCases = []struct {
	name string
	rho  []float64
	tau  float64
}{
	// P = 1.5, 0.3, −0.1: 2·1.8 − 1, and the even lag 0.1 once.
	{"ends at a negative pair", []float64{1, 0.5, 0.2, 0.1, 0.1, -0.2, 0.3, 0.3, 0, 0, 0}, 2.7},
	// P = 1.2, 0.2, 0.5 → 0.2, −0.1: 2·1.6 − 1.
	{"never rises", []float64{1, 0.2, 0.1, 0.1, 0.3, 0.2, -0.1, 0, 0.5, 0.5, 0}, 2.2},
	// P = 0.3, −0.2, the even lag 0.3 once.
	{"alternates", []float64{1, -0.7, 0.3, -0.5, 0.4, 0.4, 0}, -0.1},
}

func TestGeyersSumByHand(t *testing.T) {
	for _, c := range geyersCases {
		if got := geyer(c.rho); math.Abs(got-c.tau) > 1e-15 {
			t.Errorf("%s: τ = %v, want %v", c.name, got, c.tau)
		}
	}
}
