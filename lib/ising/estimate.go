package ising

import (
	"fmt"
	"math"

	"gibbs/lib/diag"

	"gonum.org/v1/gonum/stat"
)

// Observables are what draws of E and M at one temperature say, for each spin, with
// standard errors.
type Observables struct {
	U       diag.Estimate // ⟨E⟩/N
	C       diag.Estimate // heat capacity Var(E)/(Nτ²)
	AbsM    diag.Estimate // ⟨|m|⟩
	Chi     diag.Estimate // susceptibility N(⟨m²⟩ − ⟨|m|⟩²)/τ
	Binder  diag.Estimate // 1 − ⟨m⁴⟩/(3⟨m²⟩²)
	TauE    float64       // integrated autocorrelation time of E, in draws
	TauAbsM float64       // that of |m|
}

// Measure returns the observables of draws of E and M = Σ sᵢ, [chains][draws] each, from
// lattices of the given number of sites at temperature tau.
//
// Errors are jackknife errors over blocks of ten autocorrelation times (of the slower
// of E and |m|), each chain cut by itself; where that makes fewer than 16 blocks, they
// are NaN: run longer. Autocorrelation times are NaN where a chain stands still. It
// panics if E and M differ in shape or have no draws.
func Measure(e, m [][]float64, sites int, tau float64) Observables {
	if len(e) == 0 || len(e) != len(m) || len(e[0]) == 0 || len(e[0]) != len(m[0]) {
		panic(fmt.Sprintf("ising: Measure: want E and M [chains][draws] of one shape, got %d and %d chains", len(e), len(m)))
	}
	abs := make([][]float64, len(m))
	for i, chain := range m {
		for _, v := range chain {
			abs[i] = append(abs[i], math.Abs(v))
		}
	}
	o := Observables{TauE: diag.AutocorrelationTime(e), TauAbsM: diag.AutocorrelationTime(abs)}
	length := int(math.Ceil(10 * math.Max(1, math.Max(o.TauE, o.TauAbsM))))
	if math.IsNaN(o.TauE) || math.IsNaN(o.TauAbsM) || length > len(e[0]) {
		length = len(e[0])
	}
	blocks := momentBlocks(e, m, sites, length)
	estimate := func(f func(v moments) float64) diag.Estimate { return jackknife(blocks, f) }
	n := float64(sites)
	o.U = estimate(func(v moments) float64 { return v[0] })
	o.C = estimate(func(v moments) float64 { return n * (v[1] - v[0]*v[0]) / (tau * tau) })
	o.AbsM = estimate(func(v moments) float64 { return v[2] })
	o.Chi = estimate(func(v moments) float64 { return n * (v[3] - v[2]*v[2]) / tau })
	o.Binder = estimate(func(v moments) float64 { return 1 - v[4]/(3*v[3]*v[3]) })
	return o
}

// moments are the means of e = E/N, e², |m|, m² and m⁴.
type moments [5]float64

// momentBlocks returns the moments of blocks of consecutive draws; what is left over at
// the end of a chain is not used.
func momentBlocks(e, m [][]float64, sites, length int) []moments {
	var blocks []moments
	n := float64(sites)
	for c := range e {
		for start := 0; start+length <= len(e[c]); start += length {
			var sum moments
			for k := start; k < start+length; k++ {
				u, v := e[c][k]/n, m[c][k]/n
				for i, x := range [...]float64{u, u * u, math.Abs(v), v * v, v * v * v * v} {
					sum[i] += x / float64(length)
				}
			}
			blocks = append(blocks, sum)
		}
	}
	return blocks
}

// jackknife returns f of the mean of the blocks, with its delete-one error, and with the
// bias of order 1/blocks removed.
func jackknife(blocks []moments, f func(v moments) float64) diag.Estimate {
	const fewest = 16
	var mean moments
	k := float64(len(blocks))
	for _, b := range blocks {
		for i, x := range b {
			mean[i] += x / k
		}
	}
	if len(blocks) < fewest {
		return diag.Estimate{Value: f(mean), Error: math.NaN()}
	}
	without := make([]float64, len(blocks))
	for j, b := range blocks {
		rest := mean
		for i := range rest {
			rest[i] += (mean[i] - b[i]) / (k - 1)
		}
		without[j] = f(rest)
	}
	return diag.Estimate{
		Value: k*f(mean) - (k-1)*stat.Mean(without, nil),
		Error: math.Sqrt((k - 1) * stat.PopVariance(without, nil)),
	}
}
