package hopfield

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
)

// AGSCapacity returns the load α = M/N above which Hebb's network of N → ∞ units at
// temperature 0 has no state near a pattern, and the overlap that is left there: a
// jump from m to 0, not a slow loss.
//
//	√(2α) = g(y) = erf(y)/y − (2/√π) e^{−y²},   m = erf(y),   α_c = ½ max g²
//
// The maximum is where g′ is 0, found by bisection: α_c = 0.137906, m = 0.967418.
//
// Source: Amit, Gutfreund, Sompolinsky, "Statistical mechanics of neural networks near
// saturation", 1987, replica-symmetric.
func AGSCapacity() (alpha, overlap float64) {
	y := bisect(agsSlope, 1, 3)
	g := agsLoad(y)
	return g * g / 2, math.Erf(y)
}

// AGSOverlap returns the overlap m(α) of the retrieval state at temperature 0 for
// N → ∞ and the load 0 ≤ α ≤ α_c, and 0 above; see [AGSCapacity]. It panics on a load
// that is negative or NaN.
func AGSOverlap(alpha float64) float64 {
	if !(alpha >= 0) {
		panic(fmt.Sprintf("hopfield: AGSOverlap of the load %g; want at least 0", alpha))
	}
	peak := bisect(agsSlope, 1, 3)
	if g := agsLoad(peak); 2*alpha > g*g {
		return 0
	}
	if alpha == 0 {
		return 1
	}
	far := 1/math.Sqrt(2*alpha) + 1 // g(y) < 1/y there
	return math.Erf(bisect(func(y float64) float64 { return agsLoad(y) - math.Sqrt(2*alpha) }, peak, far))
}

// agsLoad is g(y), and agsSlope its derivative.
func agsLoad(y float64) float64 {
	return math.Erf(y)/y - 2/math.SqrtPi*math.Exp(-y*y)
}

func agsSlope(y float64) float64 {
	return math.Exp(-y*y)*(2/y+4*y)/math.SqrtPi - math.Erf(y)/(y*y)
}

// bisect returns a root of f, which is positive at a and not at b > a, to the last bit.
func bisect(f func(float64) float64, a, b float64) float64 {
	for {
		c := a + (b-a)/2
		if c == a || c == b {
			return c
		}
		if f(c) > 0 {
			a = c
		} else {
			b = c
		}
	}
}

// BitError returns the probability that one update turns a unit of one of m random
// patterns of n units stored by Hebb's rule (diagonal 0), in the Gaussian estimate.
//
//	P = Φ(−√((N−1)/(M−1))) ≈ Φ(−1/√α)
//
// It is an estimate of one step, and knows nothing of what the wrong bits do next:
// [AGSOverlap] does. It panics unless n > 1 and m > 0.
func BitError(n, m int) float64 {
	checkSizes("BitError", n, m)
	return math.Erfc(math.Sqrt(float64(n-1)/float64(m-1)/2)) / 2
}

// BitErrorExact is BitError without the Gaussian: the noise N·hᵢξᵢ − (N−1) is a sum of
// k = (M−1)(N−1) independent signs. wrong is the probability that it exceeds the
// signal and turns the unit; tie, that it cancels it, where the rule for ties keeps
// the unit (a coin would turn half of them).
//
//	wrong = P(Bin(k, ½) < b),   tie = P(Bin(k, ½) = b),   b = (k − N + 1)/2
func BitErrorExact(n, m int) (wrong, tie float64) {
	checkSizes("BitErrorExact", n, m)
	k := (m - 1) * (n - 1)
	twice := k - n + 1 // 2b
	if twice < 0 {
		return 0, 0
	}
	atMost := func(b int) float64 { // P(Bin ≤ b)
		if b < 0 {
			return 0
		}
		return mathext.RegIncBeta(float64(k-b), float64(b+1), 0.5)
	}
	wrong = atMost((twice+1)/2 - 1)
	return wrong, atMost(twice/2) - wrong
}

func checkSizes(name string, n, m int) {
	if n < 2 || m < 1 {
		panic(fmt.Sprintf("hopfield: %s of %d patterns of %d units; want n > 1 and m > 0", name, m, n))
	}
}

// PerfectCapacity returns how many random patterns a Hebbian network of n units holds
// without a single wrong bit: in one given pattern, and in all of them, for large n.
//
//	M = N/(2 ln N),   M = N/(4 ln N)
//
// Source: McEliece, Posner, Rodemich, Venkatesh, "The capacity of the Hopfield
// associative memory", 1987.
func PerfectCapacity(n int) (one, all float64) {
	one = float64(n) / (2 * math.Log(float64(n)))
	return one, one / 2
}

// MeanField returns the largest solution of m = tanh(km), which is 0 for k ≤ 1. It is
// the overlap with one stored pattern at the inverse temperature k for N → ∞, and the
// imbalance of two patterns in [MergeWeight].
func MeanField(k float64) float64 {
	if !(k > 1) {
		return 0
	}
	// tanh(km) > m between 0 and the root; below √(3(k−1)/k³) it is, as tanh u > u − u³/3.
	return bisect(func(m float64) float64 { return math.Tanh(k*m) - m }, math.Sqrt(3*(k-1)/k)/k/2, 1)
}
