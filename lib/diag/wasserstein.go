package diag

import (
	"fmt"
	"math"
	"slices"

	"gibbs/lib/rng"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// Wasserstein returns the 2-Wasserstein distance of two samples of numbers, of any
// sizes: the root mean square distance of their quantiles. It panics if one is
// empty.
//
//	W₂² = ∫₀¹ (F⁻¹(u) − G⁻¹(u))² du
func Wasserstein(x, y []float64) float64 {
	if len(x) == 0 || len(y) == 0 {
		panic(fmt.Sprintf("diag: Wasserstein of %d and %d numbers: want at least 1 each", len(x), len(y)))
	}
	return math.Sqrt(squaredWasserstein(slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y))))
}

// squaredWasserstein is W₂² of sorted samples. Sample i of x covers the
// probabilities i/n to (i+1)/n, counted here in units of 1/(nm).
func squaredWasserstein(x, y []float64) float64 {
	n, m := len(x), len(y)
	sum, u := 0.0, 0
	for i, j := 0, 0; i < n && j < m; {
		next := min((i+1)*m, (j+1)*n)
		sum += float64(next-u) * (x[i] - y[j]) * (x[i] - y[j])
		u = next
		if u == (i+1)*m {
			i++
		}
		if u == (j+1)*n {
			j++
		}
	}
	return sum / float64(n) / float64(m)
}

// SlicedWasserstein returns the sliced 2-Wasserstein distance of two samples [n][dim]
// and [m][dim]: the root mean over directions θ, uniform on the sphere, of the squared
// distance of the samples' shadows on θ.
//
//	SW₂² = E_θ W₂²(θ·x, θ·y)
//
// Samples that differ by a shift c are ‖c‖/√dim apart. The Error is that of having
// drawn so many directions only (NaN where the distance is 0). It does not hold that
// of the samples: even two samples of one law are of the order of 1/√n apart, so
// compare with the distance of two samples of the target. It panics unless both
// samples have a point, all one dimension, and directions > 1.
//
// Source: Bonneel, Rabin, Peyré, Pfister, "Sliced and Radon Wasserstein barycenters
// of measures", 2015, definition 1.
func SlicedWasserstein(h *rng.Host, x, y [][]float64, directions int) Estimate {
	mustBePoints("SlicedWasserstein", 1, x, y)
	if directions < 2 {
		panic(fmt.Sprintf("diag: SlicedWasserstein along %d directions: want at least 2", directions))
	}
	squares, streams := make([]float64, directions), branch(h)
	parallel(directions, func(i int) {
		theta := streams.Fold(int64(i)).Normal(len(x[0]))
		floats.Scale(1/floats.Norm(theta, 2), theta)
		squares[i] = squaredWasserstein(shadow(x, theta), shadow(y, theta))
	})
	mean, sd := stat.MeanStdDev(squares, nil)
	distance := math.Sqrt(mean)
	return Estimate{distance, stat.StdErr(sd, float64(directions)) / (2 * distance)}
}

// shadow returns the sorted products θ·x.
func shadow(points [][]float64, theta []float64) []float64 {
	products := make([]float64, len(points))
	for i, point := range points {
		products[i] = floats.Dot(theta, point)
	}
	slices.Sort(products)
	return products
}
