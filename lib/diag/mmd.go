package diag

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// Kernel turns the squared Euclidean distance of two points into their similarity.
// Those here tell any two laws apart, [Distance] any two of finite mean. It must be
// safe for concurrent use.
type Kernel func(d2 float64) float64

// Gaussian returns the kernel exp(−d²/(2h²)) of bandwidth h, in the unit of the
// points; [MedianDistance] is the usual one.
func Gaussian(h float64) Kernel {
	return func(d2 float64) float64 { return math.Exp(-d2 / (2 * h * h)) }
}

// Distance is the kernel −d, of which MMD² is the energy distance. It has no
// bandwidth to choose.
func Distance(d2 float64) float64 { return -math.Sqrt(d2) }

// MMD returns the squared maximum mean discrepancy of the laws of two samples,
// estimated without bias; so it is negative about half of the time where the laws
// are equal.
//
//	MMD² = E k(x, x′) + E k(y, y′) − 2 E k(x, y)
//
// over distinct points. Its error is the delete-one jackknife's: its square is in
// expectation never less than the variance (Efron and Stein 1981) and twice that
// where the laws are equal. There and near there the estimate is not normal: ask
// [PermutationTest] whether laws differ, and this how much. It panics unless both
// samples have at least 3 points of one dimension. Memory: 8(n + m)² bytes.
//
// Source: Gretton et al. 2012, eq. 3.
func MMD(x, y [][]float64, k Kernel) Estimate {
	mustBePoints("MMD", 3, x, y)
	g := newGram(slices.Concat(x, y), k)
	return g.jackknife(identity(len(x) + len(y))[:len(x)])
}

// EnergyDistance returns the energy distance of the laws of two samples, estimated
// without bias: [MMD] with the kernel [Distance]. In one dimension it is
// 2∫(F − G)² dx. It is in the unit of the points and not a root.
//
//	2 E‖x − y‖ − E‖x − x′‖ − E‖y − y′‖
//
// Source: Székely, Rizzo, "Energy statistics: a class of statistics based on
// distances", 2013, eq. 2; Sejdinovic et al., "Equivalence of distance-based and
// RKHS-based statistics", 2013. Differs: U-statistics, so that it is unbiased.
func EnergyDistance(x, y [][]float64) Estimate {
	return MMD(x, y, Distance)
}

// gram holds the similarities of points, 0 for a point with itself, their sums over
// rows and their sum.
type gram struct {
	k     [][]float64
	rows  []float64
	total float64
}

func newGram(points [][]float64, k Kernel) *gram {
	n := len(points)
	g := &gram{k: make([][]float64, n), rows: make([]float64, n)}
	for i := range g.k {
		g.k[i] = make([]float64, n)
	}
	parallel(n, func(i int) {
		for j := range i {
			s := k(squaredDistance(points[i], points[j], math.Inf(1)))
			g.k[i][j], g.k[j][i] = s, s
		}
	})
	for i, row := range g.k {
		g.rows[i] = floats.Sum(row)
	}
	g.total = floats.Sum(g.rows)
	return g
}

// mmd returns the unbiased MMD² of the points of x, by their indices, against all
// others. With S the sum of k over pairs of distinct points,
//
//	MMD² = S_xx/(n(n−1)) + S_yy/(m(m−1)) − 2 S_xy/(nm)
func (g *gram) mmd(x []int) float64 {
	sxx, sx := 0.0, 0.0
	for a, i := range x {
		sx += g.rows[i]
		row := g.k[i]
		for _, j := range x[:a] {
			sxx += 2 * row[j]
		}
	}
	n, m := float64(len(x)), float64(len(g.k)-len(x))
	return contrast(sxx, g.total-2*sx+sxx, sx-sxx, n, m)
}

// contrast is the formula of [gram.mmd].
func contrast(sxx, syy, sxy, n, m float64) float64 {
	return sxx/(n*(n-1)) + syy/(m*(m-1)) - 2*sxy/(n*m)
}

// jackknife returns the MMD² of the points of x against all others, with the error
// that leaving out each point in turn shows.
//
//	Var = (n−1)/n Σᵢ (M₋ᵢ − mean)² + (m−1)/m Σⱼ (M₋ⱼ − mean)²
func (g *gram) jackknife(x []int) Estimate {
	n, m := float64(len(x)), float64(len(g.k)-len(x))
	inX := make([]bool, len(g.k))
	for _, i := range x {
		inX[i] = true
	}
	toX := make([]float64, len(g.k)) // Σ_{j∈x} k(i, j)
	var sxx, sxy, syy float64
	for i, row := range g.k {
		for _, j := range x {
			toX[i] += row[j]
		}
		if inX[i] {
			sxx, sxy = sxx+toX[i], sxy+g.rows[i]-toX[i]
		} else {
			syy += g.rows[i] - toX[i]
		}
	}
	var withoutX, withoutY []float64
	for i, t := range toX {
		rest := g.rows[i] - t
		if inX[i] {
			withoutX = append(withoutX, contrast(sxx-2*t, syy, sxy-rest, n-1, m))
		} else {
			withoutY = append(withoutY, contrast(sxx, syy-2*rest, sxy-t, n, m-1))
		}
	}
	return Estimate{contrast(sxx, syy, sxy, n, m), math.Sqrt(jackknifeVariance(withoutX) + jackknifeVariance(withoutY))}
}

// jackknifeVariance returns (n−1)/n Σ (Mᵢ − mean)².
func jackknifeVariance(without []float64) float64 {
	n := float64(len(without))
	center, sum := floats.Sum(without)/n, 0.0
	for _, v := range without {
		sum += (v - center) * (v - center)
	}
	return (n - 1) / n * sum
}

// identity returns 0 … n−1.
func identity(n int) []int {
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i
	}
	return indices
}
