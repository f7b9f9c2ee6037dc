package diag

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gibbs/lib/rng"
	"gonum.org/v1/gonum/stat"
)

// calibrate runs an estimator that knows its error against the truth on independent
// data, and returns a fault unless the mean square of z = (value − exact)/error is
// 1 up to slack. Σz² of R runs is χ² with R degrees: its mean has the standard error
// √(2/R), so at R = 400 an error bar that is wrong by the factor 1.25 or more shows.
func calibrate(name string, runs int, exact, slack float64, run func(h *rng.Host) Estimate) error {
	squares := 0.0
	for i := range runs {
		e := run(rng.NewHost(19).Fold(int64(i)))
		squares += math.Pow((e.Value-exact)/e.Error, 2) / float64(runs)
	}
	if tolerance := sigmas*math.Sqrt(2/float64(runs)) + slack; !(math.Abs(squares-1) < tolerance) {
		return fmt.Errorf("%s: mean z² = %.3f, want 1 ± %.2f", name, squares, tolerance)
	}
	return nil
}

// mcseCases are estimates of AR(1) chains with their errors and exact values.
func mcseCases(mcseMean, mcseSD func([][]float64) float64, mcseQuantile func([][]float64, float64) float64) []error {
	const phi, draws = 0.6, 200
	estimate := func(value, e func([][]float64) float64) func(h *rng.Host) Estimate {
		return func(h *rng.Host) Estimate {
			chains := ar1(h, phi, 4, draws)
			return Estimate{value(chains), e(chains)}
		}
	}
	sd := func(chains [][]float64) float64 { return stat.StdDev(slices.Concat(chains...), nil) }
	at := func(p float64) func([][]float64) float64 {
		return func(chains [][]float64) float64 { return quantile(sorted(chains), p) }
	}
	return []error{
		calibrate("mean", 400, 0, 0.05, estimate(mean, mcseMean)),
		calibrate("sd", 400, 1, 0.05, estimate(sd, mcseSD)),
		calibrate("median", 400, 0, 0.05, estimate(at(0.5), quantileAt(mcseQuantile, 0.5))),
		calibrate("90 % quantile", 400, 1.2815515655446004, 0.05, estimate(at(0.9), quantileAt(mcseQuantile, 0.9))),
	}
}

// TestErrorsAreTheRightSize: the slack of 0.05 is for the error's own error.
func TestErrorsAreTheRightSize(t *testing.T) {
	for _, err := range mcseCases(MCSEMean, MCSESD, MCSEQuantile) {
		if err != nil {
			t.Error(err)
		}
	}
}
