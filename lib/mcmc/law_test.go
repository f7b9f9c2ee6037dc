package mcmc_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/mcmc"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/stat"
)

// All assertions here are on fixed seeds at α = 1e-6 each: |z| < 4.89 standard errors.
const alpha = 4.89

// off returns how many standard errors the mean of independent values is off want.
func off(values []float64, want float64) float64 {
	mean, std := stat.MeanStdDev(values, nil)
	return (mean - want) / (std / math.Sqrt(float64(len(values))))
}

// near fails if the mean of independent values is off want.
func near(t *testing.T, name string, values []float64, want float64) {
	t.Helper()
	mean, std := stat.MeanStdDev(values, nil)
	z := off(values, want)
	t.Logf("%-40s %8.4f ± %.4f, exact %8.4f, z = %+.1f", name, mean, std/math.Sqrt(float64(len(values))), want, z)
	if !(math.Abs(z) < alpha) {
		t.Errorf("%s: %.5f, want %.5f: off by %.1f standard errors", name, mean, want, z)
	}
}

// each applies f to every value.
func each(values []float64, f func(v float64) float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = f(v)
	}
	return out
}

func square(v float64) float64 { return v * v }

// negative is the indicator of v < 0.
func negative(v float64) float64 {
	if v < 0 {
		return 1
	}
	return 0
}

// column returns every dim-th value from the given one on.
func column(values []float64, from, dim int) []float64 {
	var out []float64
	for i := from; i < len(values); i += dim {
		out = append(out, values[i])
	}
	return out
}

// wide returns a float32 tensor's numbers.
func wide(t *tensors.Tensor) []float64 {
	var out []float64
	for _, v := range tensors.MustCopyFlatData[float32](t) {
		out = append(out, float64(v))
	}
	return out
}

// start returns the point (10, 10) for each chain, float32.
func start(chains int) *tensors.Tensor {
	x := make([]float32, 2*chains)
	for i := range x {
		x[i] = 10
	}
	return tensors.FromFlatDataAndDimensions(x, chains, 2)
}

// TestTwoModesFromFar repeats the lecture's run (S.4): ±2, from (10, 10), η = 0.01,
// 4000 chains, and looks at step 1000 and at the window of the last 200 states,
// for p and for q_.5. With 4000 chains an error of 0.035 in P(x₁ < 0) is caught.
//
// Exact are the law at step 1000 (ULALaw) and the mean variance of a window of x₂
// (the lecture's Ornstein–Uhlenbeck formula, to O(η)); other rows (S4a, S4b, S4e)
// are the lecture's own simulations of 4000 chains, so their standard error counts
// twice.
func TestTwoModesFromFar(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: 4000 chains of 1000 steps, twice; package native checks a shorter run")
	}
	const chains, window, eta = 4000, 200, 0.01
	for _, row := range []struct {
		name                     string
		target                   *prob.Mixture
		line                     pair
		meanStd, wideStd, meanSd float64 // S4a, S4b
	}{
		{"p", prob.TwoModes(), pair{2, 1}, 0.627, 0.078, 0.753},
		{"q", prob.TwoModes().Smooth(0.5), pair{2, 1.25}, 0.651, 0.103, 0.887},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := run(t, mcmc.ULA{Score: row.target.Score}, mcmc.Config{
				Start: start(chains), StepSize: eta, BurnIn: 1000 - window, Steps: window, Keep: mcmc.KeepMoments, Seed: 42,
			})
			law := func(p pair) *mcmc.Law {
				l, err := mcmc.ULALaw(p.score, 10, eta, 1000, -10, 14)
				if err != nil {
					t.Fatal(err)
				}
				return l
			}
			final1, final2 := column(wide(r.Final), 0, 2), column(wide(r.Final), 1, 2)
			law1, law2 := law(row.line), law(pair{0, row.line.v})
			near(t, "P(x₁ < 0) at step 1000", each(final1, negative), law1.CDF(0))
			near(t, "mean x₁", final1, law1.Mean())
			near(t, "second moment of x₂", each(final2, square), law2.Variance()+square(law2.Mean()))

			variance2 := column(wide(r.Variance), 1, 2)
			near(t, "variance of x₂ in a window", variance2, windowVariance(row.line.v, eta, window))
			std2 := each(variance2, math.Sqrt)
			twice := func(name string, values []float64, want float64) {
				t.Helper()
				if z := off(values, want) / math.Sqrt2; !(math.Abs(z) < alpha) {
					t.Errorf("%s: %.4f, the lecture's %.4f: off by %.1f standard errors", name, stat.Mean(values, nil), want, z)
				}
			}
			twice("mean std of x₂ in a window", std2, row.meanStd)
			twice("P(std x₂ ≥ 0.95)", each(std2, func(v float64) float64 { return negative(0.95 - v) }), row.wideStd)
			mean1, mean2 := column(wide(r.Mean), 0, 2), column(wide(r.Mean), 1, 2)
			sd := stat.StdDev(mean2, nil)
			within(t, "sd of the window's mean of x₂", sd, row.meanSd, alpha*sd/math.Sqrt(chains)) // √2 · sd/√(2n)
			if row.name == "p" {
				twice("P(the window's mean of x₁ < 0)", each(mean1, negative), 0.252)
			}
		})
	}
}

// windowVariance is OUWindowVariance for the chain itself: n states of
// x ← (1 − η/v)x + √(2η) z, stationary.
func windowVariance(v, eta float64, n int) float64 {
	a := 1 - eta/v
	sum := float64(n)
	for lag := 1; lag < n; lag++ {
		sum += 2 * float64(n-lag) * math.Pow(a, float64(lag))
	}
	return mcmc.ULAVariance(v, eta) * (1 - sum/float64(n*n))
}

// gauss runs chains on N(0, 1) and returns their last positions and the mean
// acceptance probability of each. For MALA they start from N(0, 1), so that its
// law is N(0, 1) at every step; for ULA from 0, so that after n steps its variance
// is ULAVariance·(1 − (1 − η)^2n).
func gauss(t *testing.T, b compute.Backend, kernel mcmc.Kernel, chains int, exactStart bool, eta float64, steps int) (x, rate []float64) {
	t.Helper()
	at := make([]float64, chains)
	if exactStart {
		at = rng.NewHost(77).Normal(chains)
	}
	r, err := mcmc.Run(context.Background(), b, kernel, mcmc.Config{
		Start: tensors.FromFlatDataAndDimensions(at, chains, 1), StepSize: eta, Steps: steps, Keep: mcmc.KeepFinal, Seed: 5,
	})
	if err != nil {
		t.Fatal(err)
	}
	return flat(r.Final), r.AcceptRate
}

// stationaryAcceptance is E α for MALA on N(0, 1), by quadrature over x and z: there
// log α = min(0, (η/4)(x² − y²)).
func stationaryAcceptance(eta float64) float64 {
	const h = 0.02
	sum := 0.0
	for i := -400; i <= 400; i++ {
		for j := -400; j <= 400; j++ {
			x, z := h*float64(i), h*float64(j)
			y := (1-eta)*x + math.Sqrt(2*eta)*z
			sum += math.Exp(-(x*x+z*z)/2 + math.Min(0, eta/4*(x*x-y*y)))
		}
	}
	return sum * h * h / (2 * math.Pi)
}

// TestULABias holds ULA on N(0, 1) to its exact variance after 40 steps from 0, for
// the step sizes of S4h, and at T = 2; TestULAVariance has the stationary values.
// 20,000 chains catch an error of 5 % of the variance.
func TestULABias(t *testing.T) {
	const chains, steps = 20_000, 40
	config := mcmc.Config{Start: points(chains, 0), Steps: steps, Keep: mcmc.KeepFinal, Seed: 6}
	for _, temperature := range []float64{1, 2} {
		kernel := mcmc.ULA{Score: Neg, Temperature: temperature}
		sampler, err := mcmc.Compile(backend.MustOpen(), kernel, config)
		if err != nil {
			t.Fatal(err)
		}
		defer sampler.Finalize()
		for _, eta := range []float64{0.01, 0.1, 0.5, 1} {
			config.StepSize = eta
			r, err := sampler.Run(context.Background(), config)
			if err != nil {
				t.Fatal(err)
			}
			want := temperature * mcmc.ULAVariance(1, eta) * (1 - math.Pow(1-eta, 2*steps))
			near(t, fmt.Sprintf("variance, T = %g, η = %g", temperature, eta), each(flat(r.Final), square), want)
		}
	}
}

// TestMALAIsExact holds MALA on N(0, 1) at η = 0.5 to the variance 1 (ULA: 1.33) and
// the acceptance 0.921 (by quadrature), and on the two modes to the lecture's 0.872.
func TestMALAIsExact(t *testing.T) {
	x, rate := gauss(t, backend.MustOpen(), mcmc.MALA{Target: prob.StandardNormal(1)}, 20_000, true, 0.5, 20)
	near(t, "variance", each(x, square), 1)
	near(t, "acceptance", rate, stationaryAcceptance(0.5))

	// Chains at the centre of one mode relax within it in 20 steps, and the modes
	// are mirror images: the acceptance is stationary then.
	const chains = 4000
	r := run(t, mcmc.MALA{Target: prob.TwoModes()}, mcmc.Config{
		Start: points(chains, 2, 0), StepSize: 0.5, BurnIn: 20, Steps: 20, Keep: mcmc.KeepFinal,
	})
	within(t, "acceptance on the two modes (S4h)", stat.Mean(r.AcceptRate, nil), 0.872, 0.005)
	near(t, "variance of x₂", each(column(flat(r.Final), 1, 2), square), 1)
}

// TestTemperature: MALA at T = 2 on N(0, 1) has the variance 2 (FAQ 10), and on far
// modes of weights 0.2 and 0.8 it moves the weights to √0.2 : √0.8 = 1 : 2, which
// convolution with noise would not.
func TestTemperature(t *testing.T) {
	x, _ := gauss(t, backend.MustOpen(), mcmc.MALA{Target: prob.StandardNormal(1), Temperature: 2}, 20_000, false, 1, 40)
	near(t, "variance of N(0, 1) at T = 2", each(x, square), 2)

	modes := func(m float64) *prob.Mixture {
		return &prob.Mixture{Means: [][]float64{{-m}, {m}}, Weights: []float64{0.2, 0.8}}
	}
	within(t, "weight at ±7, T = 2", tempered(7, 0.8, 2), 2./3, 1e-4)
	within(t, "weight at ±7, T = 1", tempered(7, 0.8, 1), 0.8, 1e-4)
	r := run(t, mcmc.MALA{Target: modes(3), Temperature: 2}, mcmc.Config{
		Start: points(4000, 0), StepSize: 1.5, Steps: 250, Keep: mcmc.KeepFinal, Seed: 8,
	})
	right := each(flat(r.Final), func(v float64) float64 { return negative(-v) })
	near(t, "P(x > 0) at ±3, T = 2", right, tempered(3, 0.8, 2))
	if z := off(right, tempered(3, 0.8, 1)); math.Abs(z) < alpha {
		t.Errorf("the check does not tell T = 2 from T = 1: %.1f standard errors", z)
	}
}

// tempered is P(x > 0) under p^{1/T} for p = (1−w)N(−m, 1) + wN(m, 1), by quadrature.
func tempered(m, w, temperature float64) float64 {
	const h = 0.01
	right, all := 0.0, 0.0
	for x := -m - 15; x <= m+15; x += h {
		density := math.Pow((1-w)*math.Exp(-(x+m)*(x+m)/2)+w*math.Exp(-(x-m)*(x-m)/2), 1/temperature)
		all += density
		if x > 0 {
			right += density
		}
	}
	return right / all
}
