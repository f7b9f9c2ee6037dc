package diag

import (
	"fmt"
	"math"
	"slices"

	"gibbs/lib/rng"
)

// Test is the outcome of a two-sample test.
type Test struct {
	MMD      float64   // the unbiased MMD² of the two samples
	P        float64   // the probability of that much or more if the laws are equal
	Permuted []float64 // MMD² after each permutation, in increasing order
}

// PermutationTest tests whether two samples come from one law, by the [MMD] of the
// given kernel. Under that hypothesis every way to deal the points to the two
// samples is equally likely, so
//
//	P = (1 + #{permuted MMD² ≥ MMD²}) / (1 + permutations)
//
// is at most α with a probability of at most α, for any sizes, law and kernel (that
// does not ask which sample a point is from). The points must be independent: thin
// chains first. What the test can see is a question for [Power]. It panics unless
// both samples have at least 3 points of one dimension and permutations > 0. Time:
// permutations·n² steps, on all cores.
//
// Source: Gretton et al. 2012, section 5; the energy test with [Distance]: Székely,
// Rizzo, "Testing for equal distributions in high dimension", 2004.
func PermutationTest(h *rng.Host, x, y [][]float64, k Kernel, permutations int) Test {
	mustBePoints("PermutationTest", 3, x, y)
	if permutations < 1 {
		panic(fmt.Sprintf("diag: PermutationTest with %d permutations: want at least 1", permutations))
	}
	all := len(x) + len(y)
	g, streams := newGram(slices.Concat(x, y), k), branch(h)
	test := Test{MMD: g.mmd(identity(all)[:len(x)]), Permuted: make([]float64, permutations)}
	parallel(permutations, func(i int) {
		test.Permuted[i] = g.mmd(streams.Fold(int64(i)).Perm(all)[:len(x)])
	})
	slices.Sort(test.Permuted)
	// The same deal, summed in another order, may differ in its last bits.
	rounding := 1e-12 * max(math.Abs(test.Permuted[0]), math.Abs(test.MMD))
	fewer, _ := slices.BinarySearch(test.Permuted, test.MMD-rounding)
	test.P = float64(1+permutations-fewer) / float64(1+permutations)
	return test
}

// Power returns the power of a test by simulation: the fraction of trials in which
// its p-value is at most alpha. pValue draws data from the alternative, from a
// stream of its own in each trial, tests it and returns the p-value; it runs on
// several goroutines at once. Data from the null hypothesis gives the false-alarm
// rate instead. The error is the binomial one, at (rejections + ½)/(trials + 1) so
// that it is never 0. It panics unless trials > 0.
func Power(h *rng.Host, trials int, alpha float64, pValue func(h *rng.Host) float64) Estimate {
	if trials < 1 {
		panic(fmt.Sprintf("diag: Power by %d trials: want at least 1", trials))
	}
	rejected, streams := make([]bool, trials), branch(h)
	parallel(trials, func(i int) { rejected[i] = pValue(streams.Fold(int64(i))) <= alpha })
	rejections, n := 0.0, float64(trials)
	for _, r := range rejected {
		if r {
			rejections++
		}
	}
	smooth := (rejections + 0.5) / (n + 1)
	return Estimate{rejections / n, math.Sqrt(smooth * (1 - smooth) / (n + 1))}
}

// branch draws the seed of a stream whose folds are independent of h, and advances h.
func branch(h *rng.Host) *rng.Host {
	seed := h.Bits(2)
	return rng.NewHost(int64(uint64(seed[0])<<32 | uint64(seed[1])))
}
