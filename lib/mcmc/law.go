package mcmc

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// Law is the exact law of one coordinate of a [ULA] chain after some steps, a
// mixture of the Gaussians that its last transition makes of each place on a grid.
type Law struct {
	weights, means []float64 // weights sum to one
	sigma          float64   // of every component
}

// ULALaw returns the law of a one-dimensional ULA chain after steps ≥ 1
// transitions from the point start. Its transition kernel
//
//	K(x → y) = N(y; x + ηs(x), 2η)
//
// is applied on a uniform grid over [low, high] whose spacing is a quarter of √(2η):
// for smooth s the error of such sums is below 1e-9. The interval must hold the
// chain; the error says if it does not.
//
// For a target with independent coordinates it is the law of each alone.
func ULALaw(score func(x float64) float64, start, stepSize float64, steps int, low, high float64) (*Law, error) {
	if !(stepSize > 0) || steps < 1 || !(low < high) {
		return nil, fmt.Errorf("mcmc: ULALaw: want a positive step size, steps ≥ 1 and low < high, got %g, %d and [%g, %g]", stepSize, steps, low, high)
	}
	sigma := math.Sqrt(2 * stepSize)
	cells := math.Ceil((high - low) / (sigma / 4))
	if cells > 1e6 {
		return nil, fmt.Errorf("mcmc: ULALaw: a grid of step √(2η)/4 over [%g, %g] has %g points: narrow the interval", low, high, cells)
	}
	h := (high - low) / cells
	law := &Law{[]float64{1}, []float64{start + stepSize*score(start)}, sigma}
	if steps > 1 {
		drifted := make([]float64, int(cells)+1) // the means from each place of the grid
		for i := range drifted {
			x := low + h*float64(i)
			drifted[i] = x + stepSize*score(x)
		}
		law.weights = massAround(law.means, sigma, low, h, len(drifted)).apply(law.weights)
		law.means = drifted
		kernel := massAround(drifted, sigma, low, h, len(drifted))
		for range steps - 2 {
			law.weights = kernel.apply(law.weights)
		}
	}
	if total := law.over(func(float64) float64 { return 1 }); !(math.Abs(total-1) < 1e-9) {
		return nil, fmt.Errorf("mcmc: ULALaw: the chain leaves [%g, %g] with probability %.2g: widen the interval", low, high, 1-total)
	}
	return law, nil
}

// band is a matrix whose row k is zero but from column first[k] on.
type band struct {
	columns int
	first   []int
	rows    [][]float64
}

// massAround returns the mass h·N(x; mₖ, σ²) of each mean at the n places x of a grid.
func massAround(means []float64, sigma, low, h float64, n int) band {
	b := band{n, make([]int, len(means)), make([][]float64, len(means))}
	const reach = 9 // σ; a Gaussian's mass beyond is 2e-19
	for k, m := range means {
		b.first[k] = place(math.Ceil((m-reach*sigma-low)/h), n)
		for i := b.first[k]; i < place(math.Floor((m+reach*sigma-low)/h)+1, n); i++ {
			b.rows[k] = append(b.rows[k], h*normalProb(low+h*float64(i), m, sigma))
		}
	}
	return b
}

// place returns the integer x, within 0…n; 0 for NaN.
func place(x float64, n int) int {
	if !(x > 0) {
		return 0
	}
	return int(min(x, float64(n)))
}

// apply returns Σₖ wₖ · row k.
func (b band) apply(weights []float64) []float64 {
	sum := make([]float64, b.columns)
	for k, row := range b.rows {
		floats.AddScaled(sum[b.first[k]:][:len(row)], weights[k], row)
	}
	return sum
}

// normalProb is the density of N(mean, σ²) at x.
func normalProb(x, mean, sigma float64) float64 {
	z := (x - mean) / sigma
	return math.Exp(-z*z/2) / (sigma * math.Sqrt(2*math.Pi))
}

// over returns Σₖ wₖ f(mₖ) over the components' means.
func (l *Law) over(f func(m float64) float64) float64 {
	sum := 0.0
	for k, w := range l.weights {
		sum += w * f(l.means[k])
	}
	return sum
}

// Mean returns E[x].
func (l *Law) Mean() float64 {
	return l.over(func(m float64) float64 { return m })
}

// Variance returns Var[x].
func (l *Law) Variance() float64 {
	mean := l.Mean()
	return l.sigma*l.sigma + l.over(func(m float64) float64 { return (m - mean) * (m - mean) })
}

// CDF returns P(x < c).
func (l *Law) CDF(c float64) float64 {
	return l.over(func(m float64) float64 { return math.Erfc((m-c)/(l.sigma*math.Sqrt2)) / 2 })
}

// Prob returns the density at x.
func (l *Law) Prob(x float64) float64 {
	return l.over(func(m float64) float64 { return normalProb(x, m, l.sigma) })
}

// ULAVariance is the exact stationary variance of ULA with step size η on a
// Gaussian of the given variance v, which is that of the autoregression
// x ← (1 − η/v)x + √(2η) z:
//
//	v/(1 − η/2v)
//
// For η ≥ 2v there is none: +Inf. At temperature T it is T times as large.
func ULAVariance(variance, stepSize float64) float64 {
	if stepSize >= 2*variance {
		return math.Inf(1)
	}
	return variance / (1 - stepSize/(2*variance))
}

// OUWindowVariance is the expected variance, about the window's own mean, of a
// stationary Ornstein–Uhlenbeck path within a window of the given length in units
// of its relaxation time (n steps of size η on a Gaussian of variance v: τ = nη/v).
//
//	v [1 − (2/τ²)(τ − 1 + e^(−τ))]
//
// The variance of the window's mean is the rest of v. Series below τ = 1e-3.
func OUWindowVariance(variance, tau float64) float64 {
	if tau < 1e-3 {
		return variance * tau / 3 * (1 - tau/4)
	}
	return variance * (1 - 2/(tau*tau)*(tau+math.Expm1(-tau)))
}
