package diag

import (
	"errors"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// chainBugs are known-wrong variants of diagnostics: each stands for the one of its
// name and must be told from ArviZ.
var chainBugs = []struct {
	name, diagnostic string
	variant          func(chains [][]float64) float64
}{
	{"chains not split", "RHatBulk", func(c [][]float64) float64 { return rhat(rankNormalise(c)) }},
	{"no rank normalisation", "RHatBulk", func(c [][]float64) float64 { return rhat(split(c)) }},
	{"ranks of each chain apart", "RHatBulk", func(c [][]float64) float64 {
		var apart [][]float64
		for _, half := range split(c) {
			apart = append(apart, rankNormalise([][]float64{half})...)
		}
		return rhat(apart)
	}},
	{"between-chain variance forgotten", "RHatBulk", func(c [][]float64) float64 {
		n := float64(len(c[0]) / 2)
		return math.Sqrt((n - 1) / n)
	}},
	{"not a root", "RHatBulk", func(c [][]float64) float64 { return RHatBulk(c) * RHatBulk(c) }},
	{"folded about the mean", "RHatFolded", func(c [][]float64) float64 {
		return rhat(rankNormalise(squaredDeviations(split(c))))
	}},
	{"not folded", "RHatFolded", RHatBulk},
	{"the lesser of the two", "RHat", func(c [][]float64) float64 { return min(RHatBulk(c), RHatFolded(c)) }},
	{"chains not split", "ESSBulk", func(c [][]float64) float64 { return ess(rankNormalise(c)) }},
	{"no rank normalisation", "ESSBulk", ESSMean},
	{"no monotone sequence", "ESSMean", essBy(func(rho []float64) float64 {
		tau, k := -1.0, 0
		for ; 2*k+3 < len(rho)-1 && rho[2*k]+rho[2*k+1] > 0; k++ {
			tau += 2 * (rho[2*k] + rho[2*k+1])
		}
		return tau + max(rho[2*k], 0)
	})},
	{"no truncation", "ESSMean", essBy(func(rho []float64) float64 { return 2*floats.Sum(rho) - 1 })},
	{"ends at the first negative lag", "ESSMean", essBy(func(rho []float64) float64 {
		end := slices.IndexFunc(rho, func(r float64) bool { return r < 0 })
		if end < 0 {
			end = len(rho)
		}
		return 2*floats.Sum(rho[:end]) - 1
	})},
	{"last even lag forgotten", "ESSMean", essBy(func(rho []float64) float64 {
		last := 0
		for 2*last+3 < len(rho)-1 && rho[2*last]+rho[2*last+1] > 0 {
			last++
		}
		return geyer(rho) - max(rho[2*last], 0)
	})},
	{"chains averaged one by one", "ESSMean", func(c [][]float64) float64 {
		sum := 0.0
		for _, half := range split(c) {
			sum += ess([][]float64{half})
		}
		return sum
	}},
	{"circular autocovariance", "Autocorrelation1", func(c [][]float64) float64 {
		sum := 0.0
		for _, x := range c {
			m, top := stat.Mean(x, nil), 0.0
			for i := range x {
				top += (x[i] - m) * (x[(i+1)%len(x)] - m)
			}
			sum += top / stat.PopVariance(x, nil) / float64(len(x)*len(c))
		}
		return sum
	}},
	{"n−t terms divided by n−t", "Autocorrelation1", func(c [][]float64) float64 {
		n := float64(len(c[0]))
		return meanAutocorrelation(c) * n / (n - 1)
	}},
	{"upper tail alone", "ESSTail", quantileAt(ESSQuantile, 0.95)},
	{"mean of both tails", "ESSTail", func(c [][]float64) float64 { return (ESSQuantile(c, 0.05) + ESSQuantile(c, 0.95)) / 2 }},
	{"below, not at", "ESSQuantile 0.5", func(c [][]float64) float64 {
		median := quantile(sorted(c), 0.5)
		return ess(split(below(c, math.Nextafter(median, math.Inf(-1)))))
	}},
	{"distances not squared", "ESSSD", func(c [][]float64) float64 {
		m := mean(c)
		return ess(split(transform(c, func(x float64) float64 { return math.Abs(x - m) })))
	}},
	{"draws taken as independent", "MCSEMean", func(c [][]float64) float64 {
		return stat.StdDev(slices.Concat(c...), nil) / math.Sqrt(size(c))
	}},
	{"variance for standard deviation", "MCSEMean", func(c [][]float64) float64 {
		return stat.Variance(slices.Concat(c...), nil) / math.Sqrt(ESSMean(c))
	}},
	{"normal law's factor", "MCSESD", func(c [][]float64) float64 {
		return stat.StdDev(slices.Concat(c...), nil) / math.Sqrt(2*ESSSD(c))
	}},
	{"delta method's ½ forgotten", "MCSESD", func(c [][]float64) float64 { return 2 * MCSESD(c) }},
	{"whole width of the interval", "MCSEQuantile 0.5", func(c [][]float64) float64 { return 2 * MCSEQuantile(c, 0.5) }},
	{"population variance", "EBFMI", func(c [][]float64) float64 {
		n := float64(len(c[0]))
		return leastEBFMI(c) * n / (n - 1)
	}},
	{"chains joined", "EBFMI", func(c [][]float64) float64 { return EBFMI(slices.Concat(c...)) }},
	{"lower tail", "ParetoK", func(c [][]float64) float64 {
		return paretoAt(1)(transform(c, func(x float64) float64 { return -x }))
	}},
	{"efficiency forgotten", "ParetoK 0.3", paretoAt(1)},
	{"efficiency turned round", "ParetoK 0.3", paretoAt(1 / 0.3)},
	{"no prior", "ParetoK", func(c [][]float64) float64 {
		n := math.Ceil(math.Min(size(c)/5, 3*math.Sqrt(size(c))))
		return (paretoAt(1)(c)*(n+10) - 5) / n
	}},
	{"weights for their logarithms", "ParetoK", func(c [][]float64) float64 { return paretoAt(1)(transform(c, math.Exp)) }},
	{"quantile at pN", "Quantile 0.05", func(c [][]float64) float64 {
		all := sorted(c)
		return all[int(0.05*float64(len(all)))]
	}},
}

// essBy is ESSMean with another sum of the autocorrelations.
func essBy(sum func(rho []float64) float64) func([][]float64) float64 {
	return func(chains [][]float64) float64 {
		n := size(split(chains))
		return n / max(sum(jointAutocorrelation(split(chains))), 1/math.Log10(n))
	}
}

// TestArviZTellsBugs: the comparison with ArviZ catches every planted bug.
func TestArviZTellsBugs(t *testing.T) {
	cases := storedCases(t)
	for _, bug := range chainBugs {
		wrong := map[string]func([][]float64) float64{bug.diagnostic: bug.variant}
		if againstArviZ(cases[:len(cases)-2], wrong) == nil {
			t.Errorf("not caught: %s of %s", bug.name, bug.diagnostic)
		}
	}
	fine := map[string]func([][]float64) float64{"RHat": func(c [][]float64) float64 {
		if r := RHat(c); !math.IsNaN(r) {
			return r
		}
		return 1
	}}
	if againstArviZ(cases[len(cases)-2:], fine) == nil {
		t.Error("not caught: constant chains and NaN called converged")
	}
}

// TestCalibrationTellsBugs: so does the calibration of errors, which needs no ArviZ.
func TestCalibrationTellsBugs(t *testing.T) {
	naive := func(chains [][]float64) float64 {
		return stat.StdDev(slices.Concat(chains...), nil) / math.Sqrt(size(chains))
	}
	twice := func(chains [][]float64) float64 { return 2 * MCSESD(chains) }
	whole := func(chains [][]float64, p float64) float64 { return 2 * MCSEQuantile(chains, p) }
	for i, err := range mcseCases(naive, twice, whole) {
		if err == nil {
			t.Errorf("wrong error %d not caught", i)
		}
	}
}

// TestHandSumsTellBugs: sums by hand tell the variants of Geyer's sum apart.
func TestHandSumsTellBugs(t *testing.T) {
	variants := map[string]func(rho []float64) float64{
		"no truncation": func(rho []float64) float64 { return 2*floats.Sum(rho) - 1 },
		"no monotone sequence": func(rho []float64) float64 {
			tau, k := -1.0, 0
			for ; rho[2*k]+rho[2*k+1] > 0; k++ {
				tau += 2 * (rho[2*k] + rho[2*k+1])
			}
			return tau + max(rho[2*k], 0)
		},
	}
	for name, variant := range variants {
		var faults error
		for _, c := range geyersCases {
			if math.Abs(variant(c.rho)-c.tau) > 1e-12 {
				faults = errors.Join(faults, errors.New(c.name))
			}
		}
		if faults == nil {
			t.Errorf("not caught: %s", name)
		}
	}
}
