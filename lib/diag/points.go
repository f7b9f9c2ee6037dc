package diag

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Rows cuts flat values [n, dim], row by row, into n points. It panics unless dim
// is positive and divides the length.
func Rows[T Float](flat []T, dim int) [][]float64 {
	if dim < 1 || len(flat)%dim != 0 {
		panic(fmt.Sprintf("diag: Rows of %d numbers, %d to a row: want a positive divisor", len(flat), dim))
	}
	rows := make([][]float64, len(flat)/dim)
	for i := range rows {
		rows[i] = make([]float64, dim)
		for d, x := range flat[i*dim : (i+1)*dim] {
			rows[i][d] = float64(x)
		}
	}
	return rows
}

// Neighbour is a point of a set, by its place in the set, and its Euclidean
// distance.
type Neighbour struct {
	Index    int
	Distance float64
}

// Nearest returns for each query the nearest point of the set, the first of equally
// near ones: beside a generated example it shows what was learned by heart. The
// index is −1, at +Inf, where no distance is finite. It panics if the set is empty
// or dimensions differ.
func Nearest(queries, set [][]float64) []Neighbour {
	mustBePoints("Nearest", 1, set)
	mustBePoints("Nearest", 0, set, queries)
	nearest := make([]Neighbour, len(queries))
	parallel(len(queries), func(q int) {
		best, least := -1, math.Inf(1)
		for i, point := range set {
			if d2 := squaredDistance(queries[q], point, least); d2 < least {
				best, least = i, d2
			}
		}
		nearest[q] = Neighbour{best, math.Sqrt(least)}
	})
	return nearest
}

// squaredDistance returns ‖x − y‖², or some partial sum that is not below limit.
func squaredDistance(x, y []float64, limit float64) float64 {
	const stride = 16
	sum := 0.0
	for start := 0; start < len(x) && sum < limit; start += stride {
		end := min(start+stride, len(x))
		for d, v := range x[start:end] {
			diff := v - y[start+d]
			sum += diff * diff
		}
	}
	return sum
}

// MedianDistance returns the median of the Euclidean distances between all pairs of
// the points of both samples, the usual bandwidth of [Gaussian]. As it does not ask
// which sample a point is from, a permutation test that uses it stays exact.
//
// Source: Gretton, Borgwardt, Rasch, Schölkopf, Smola, "A kernel two-sample test",
// JMLR 13 (2012), section 8.
func MedianDistance(x, y [][]float64) float64 {
	mustBePoints("MedianDistance", 1, x, y)
	points := slices.Concat(x, y)
	pairs := make([]float64, len(points)*(len(points)-1)/2)
	parallel(len(points), func(i int) {
		for j := range i {
			pairs[i*(i-1)/2+j] = squaredDistance(points[i], points[j], math.Inf(1))
		}
	})
	slices.Sort(pairs)
	return (math.Sqrt(pairs[(len(pairs)-1)/2]) + math.Sqrt(pairs[len(pairs)/2])) / 2
}

// mustBePoints panics unless every sample has at least least points and all points
// have the dimension of the first.
func mustBePoints(name string, least int, samples ...[][]float64) {
	for _, sample := range samples {
		if len(sample) < least {
			panic(fmt.Sprintf("diag: %s of %d points: want at least %d", name, len(sample), least))
		}
		for _, point := range sample {
			if len(point) != len(samples[0][0]) {
				panic(fmt.Sprintf("diag: %s of points of %d and %d coordinates: want one dimension", name, len(samples[0][0]), len(point)))
			}
		}
	}
}

// parallel runs f(0) to f(n−1), each once, on all cores.
func parallel(n int, f func(i int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	workers.Wait()
}
