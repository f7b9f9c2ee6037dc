package posterior

import (
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// softplus returns log(1 + eˣ) without overflow, with the slope ½ at 0 whatever the
// slope of |x| is taken to be there.
func softplus(x *Node) *Node {
	size := Abs(x)
	return Add(MulScalar(Add(x, size), 0.5), Log1P(Exp(Neg(size))))
}

// logSlope returns log σ(x)(1 − σ(x)), the slope of the logistic function.
func logSlope(x *Node) *Node { return Neg(Add(softplus(x), softplus(Neg(x)))) }

// LogGamma returns log Γ(x) for x > 0, with derivatives of every order: Stirling's
// series at x + 8, and Γ(x+1) = xΓ(x). The error is below 1e-14 of 1 + |log Γ(x + 8)| in
// float64.
//
//	log Γ(x) ≈ (x − ½) log x − x + ½ log 2π + 1/12x − 1/360x³ + …
func LogGamma(x *Node) *Node {
	const shift = 8
	y := AddScalar(x, shift)
	terms := []float64{1. / 12, -1. / 360, 1. / 1260, -1. / 1680, 1. / 1188, -691. / 360360, 1. / 156}
	inverse := Inverse(y)
	square, tail := Square(inverse), ZerosLike(y)
	for i := len(terms) - 1; i >= 0; i-- {
		tail = AddScalar(Mul(tail, square), terms[i])
	}
	value := Add(Sub(Mul(AddScalar(y, -0.5), Log(y)), y), AddScalar(Mul(tail, inverse), 0.5*math.Log(2*math.Pi)))
	for i := range shift {
		value = Sub(value, Log(AddScalar(x, float64(i))))
	}
	return value
}

// logGamma returns log Γ(scale·x + shift) for the node x of a value; of several values, x
// is the node of their sum. Of constants it is computed here, and not in the graph again
// and again.
func logGamma(x *Node, scale, shift float64, values ...any) *Node {
	sum := []float64{0}
	for _, v := range values {
		var numbers []float64
		switch v := v.(type) {
		case []float64:
			numbers = v
		case float64:
			numbers = []float64{v}
		case int:
			numbers = []float64{float64(v)}
		}
		if len(sum) == 1 {
			sum = slices.Repeat(sum, max(1, len(numbers)))
		}
		if len(numbers) != 1 && len(numbers) != len(sum) { // a node, which has none, too
			return LogGamma(AddScalar(MulScalar(x, scale), shift))
		}
		for i := range sum {
			sum[i] += numbers[i%len(numbers)]
		}
	}
	for i, v := range sum {
		sum[i], _ = math.Lgamma(scale*v + shift)
	}
	if len(sum) == 1 {
		return ConstAs(x, sum[0])
	}
	return ExpandAxes(ConstAs(x, sum), 0)
}

// LogSumExp returns log Σ exp(termᵢ) of terms that broadcast, also where some or all are
// −∞, with gradients that are not NaN there.
func LogSumExp(terms ...*Node) *Node {
	top := terms[0]
	for _, term := range terms[1:] {
		top = Max(top, term)
	}
	top = StopGradient(top)
	finite := IsFinite(top)
	zero := ZerosLike(top)
	base, sum := Where(finite, top, zero), zero
	for _, term := range terms {
		sum = Add(sum, Exp(Sub(term, base)))
	}
	return Where(finite, Add(Log(Where(finite, sum, OnesLike(top))), base), top)
}

// LogMix returns the log-probability of a mixture of two, log(θeᵃ + (1−θ)eᵇ), from their
// log-probabilities a and b and the weight θ in (0, 1) of the first; shapes broadcast.
func LogMix(theta, a, b *Node) *Node {
	return LogSumExp(Add(Log(theta), a), Add(Log1P(Neg(theta)), b))
}
