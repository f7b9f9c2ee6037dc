package rng

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
)

// Normal draws standard normal numbers by the Box–Muller transform, which makes
// two of each pair of uniforms:
//
//	z₁ = √(−2 ln u) cos 2πv,  z₂ = √(−2 ln u) sin 2πv
//
// u has more bits than Uniform's numbers, so that the tails are right as far as
// they go: |z| ≤ √(66 ln 2) = 6.76 in float32 (a normal number exceeds it with
// probability 1.4e-11; one word each) and √(130 ln 2) = 9.49 in float64 (two
// words each). Number i of the flat result is z₁ of pair i, number pairs+i its z₂.
//
// Logarithm, sine and cosine are polynomials, which XLA vectorises; a number differs
// from the exact one of the same u and v by less than 4e-7·√(−2 ln u) in float32, and
// 1e-15·√(−2 ln u) in float64. Words are equal on every backend; numbers may differ in
// their last bits. It panics on any other dtype.
//
// Source: Box, Muller, "A note on the generation of random normal deviates", 1958.
func Normal(s State, dtype dtypes.DType, dims ...int) (State, *Node) {
	perPair := 2
	if dtype == dtypes.Float64 {
		perPair = 4
	}
	// Pairs half the first axis apart keep the result in its own shape, so that XLA
	// fuses them with what follows and vectorises both.
	if len(dims) > 0 && dims[0]%2 == 0 {
		s, words := s.rows(perPair, append([]int{dims[0] / 2}, dims[1:]...)...)
		return s, boxMuller(words, dtype)
	}
	n := size(dims)
	s, words := s.rows(perPair, (n+1)/2)
	z := boxMuller(words, dtype)
	if n%2 == 1 {
		z = Slice(z, AxisRange(0, n))
	}
	return s, Reshape(z, dims...)
}

// boxMuller turns two rows of words (float32) or four (float64), each [pairs, …],
// into normals [2·pairs, …].
func boxMuller(words []*Node, dtype dtypes.DType) *Node {
	var r, cos, sin *Node // [pairs, …]
	switch dtype {
	case dtypes.Float32:
		r = Sqrt(minus2Log32(unit32(words[0])))
		r, cos, sin = turn32(r, words[1])
	case dtypes.Float64:
		r = Sqrt(minus2Log64(unit64(words[0], words[1])))
		r, cos, sin = turn64(r, words[2], words[3])
	default:
		panicDType(dtype)
	}
	return fixed(Concatenate([]*Node{Mul(r, cos), Mul(r, sin)}, 0))
}

// unit32 maps words to (w+½)·2⁻³², rounded to float32: fine near 0, and 1 at the
// largest words.
func unit32(words *Node) *Node {
	return scaled(words, dtypes.Float32, 0x1p-32, 0x1p-33)
}

// unit64 maps two words to a number from 2⁻⁶⁵ to 1, on a grid of 2⁻⁶⁴, rounded to float64.
func unit64(high, low *Node) *Node {
	return Add(scaled(high, dtypes.Float64, 0x1p-32, 0), scaled(low, dtypes.Float64, 0x1p-64, 0x1p-65))
}

// Coefficients of the polynomials, the lowest power first. Each makes the largest
// error on its interval least, found by Lawson's iteration in float64; the errors
// are those before rounding.
var (
	// (−2 ln(1+f) + 2f)/f² on √½ ≤ 1+f ≤ √2; relative error of the logarithm 3.0e-8.
	logCoefficients = []float64{
		0.9999998321278727, -0.66667900443558, 0.5000351050768016, -0.399241442591861,
		0.3314101635684314, -0.29835947331877777, 0.28615043324482925, -0.1746968554887651,
	}
	// sin(πd)/d in d² on |d| ≤ ½; error of the sine 3.3e-9.
	sinCoefficients = []float64{
		3.141592580044736, -5.1677068789269365, 2.5500313772882923, -0.5980451741634119, 0.0772201290262811,
	}
	// cos(πd) in d² on |d| ≤ ½; error 4.7e-8.
	cosCoefficients = []float64{
		0.9999999534666686, -4.934792858675263, 4.058411914166897, -1.3318801612475093, 0.21969679860122546,
	}
)

// minus2Log32 returns −2 ln u for float32 u, normal and positive.
//
//	u = 2ᵉ·(1+f) with √½ ≤ 1+f < √2:  −2 ln u = −2f + f²·q(f) − 2e·ln 2
func minus2Log32(u *Node) *Node {
	const rootHalf = 0x3F3504F3 // √½ as the bits of a float32
	g := u.Graph()
	shifted := Sub(Bitcast(u, dtypes.Uint32), Const(g, uint32(rootHalf)))
	mantissa := Add(BitwiseAnd(shifted, Const(g, uint32(1<<23-1))), Const(g, uint32(rootHalf)))
	e := ConvertDType(BitwiseShiftRightArithmetic(Bitcast(shifted, dtypes.Int32), Const(g, int32(23))), dtypes.Float32)
	f := plus(Bitcast(mantissa, dtypes.Float32), -1)
	return Add(Mul(f, plus(Mul(f, polynomial(f, logCoefficients)), -2)), times(e, -2*math.Ln2))
}

// turn32 returns r, the cosine and the sine, such that r·cosine = radius·cos 2πv and
// r·sine = radius·sin 2πv for the v that uniform32 makes of the words. v lies half a
// turn's fraction 2v mod 1 = ½ + d into its half turn, whose number, the highest bit
// of the word, is the sign of both products:
//
//	cos π(½+d) = −sin πd,  sin π(½+d) = cos πd,  |d| < ½
func turn32(radius, words *Node) (r, cosine, sine *Node) {
	g := words.Graph()
	fraction := BitwiseAnd(shiftRight(words, 8), Const(g, uint32(1<<23-1)))
	odd := BitwiseOr(fraction, Const(g, uint32(0x3F800001))) // the bits of 1 + (2v mod 1)
	d := plus(Bitcast(odd, dtypes.Float32), -1.5)
	sign := BitwiseAnd(words, Const(g, uint32(1<<31)))
	r = Bitcast(BitwiseXor(Bitcast(radius, dtypes.Uint32), sign), dtypes.Float32)
	d2 := Mul(d, d)
	return r, Neg(Mul(d, polynomial(d2, sinCoefficients))), polynomial(d2, cosCoefficients)
}

// Coefficients in float64 are those of the power series, as many as leave an error
// below 1e-17 on the same intervals.
var (
	atanhSeries = series(11, func(k int) float64 { return 1 / float64(2*k+1) }) // atanh(s)/s in s²
	cosSeries   = series(12, func(k int) float64 { return alternating(2 * k) }) // cos(πd) in d²
	sinSeries   = series(12, func(k int) float64 { return alternating(2*k + 1) })
)

func series(terms int, coefficient func(k int) float64) (c []float64) {
	for k := range terms {
		c = append(c, coefficient(k))
	}
	return c
}

// alternating is (−1)^⌊n/2⌋ πⁿ/n!.
func alternating(n int) float64 {
	c := 1.0
	for i := 1; i <= n; i++ {
		c *= math.Pi / float64(i)
	}
	if n/2%2 == 1 {
		return -c
	}
	return c
}

// minus2Log64 returns −2 ln u for float64 u, normal and positive.
//
//	u = 2ᵉ·m with √½ ≤ m < √2:  ln m = 2 atanh s,  s = (m − 1)/(m + 1),  |s| < 0.172
func minus2Log64(u *Node) *Node {
	const rootHalf = 0x3FE6A09E667F3BCD // √½ as the bits of a float64
	g := u.Graph()
	shifted := Sub(Bitcast(u, dtypes.Int64), Const(g, int64(rootHalf)))
	m := Bitcast(Add(BitwiseAnd(shifted, Const(g, int64(1<<52-1))), Const(g, int64(rootHalf))), dtypes.Float64)
	e := ConvertDType(BitwiseShiftRightArithmetic(shifted, Const(g, int64(52))), dtypes.Float64)
	s := Div(plus(m, -1), plus(m, 1))
	return Sub(times(e, -2*math.Ln2), times(Mul(s, polynomial(Mul(s, s), atanhSeries)), 4))
}

// turn64 is turn32 for the v that uniform64 makes of two words.
func turn64(radius, high, low *Node) (r, cosine, sine *Node) {
	fraction := scaled(BitwiseAnd(high, Const(high.Graph(), uint32(1<<31-1))), dtypes.Float64, 0x1p-31, -0.5)
	d := Add(fraction, scaled(shiftRight(low, 12), dtypes.Float64, 0x1p-51, 0x1p-52))
	sign := scaled(shiftRight(high, 31), dtypes.Float64, -2, 1)
	d2 := Mul(d, d)
	return Mul(radius, sign), Neg(Mul(d, polynomial(d2, sinSeries))), polynomial(d2, cosSeries)
}

// polynomial returns Σ cₖ xᵏ by Horner's scheme.
func polynomial(x *Node, c []float64) *Node {
	p := constant(x, c[len(c)-1])
	for k := len(c) - 2; k >= 0; k-- {
		p = plus(Mul(p, x), c[k])
	}
	return p
}
