package posterior

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

const halfLog2Pi = 0.91893853320467274178

// Normal returns the log-probability of N(mean, sigma²); sigma is the standard deviation.
//
//	−½((x − μ)/σ)² − log σ − ½ log 2π
func Normal[X, M, S Value](x X, mean M, sigma S) *Node {
	v := nodes("Normal", real("x", x), real("mean", mean), positive("sigma", sigma))
	z := Div(Sub(v[0], v[1]), v[2])
	return AddScalar(Neg(Add(MulScalar(Square(z), 0.5), Log(v[2]))), -halfLog2Pi)
}

// HalfNormal returns the log-probability of |z|, z from N(0, sigma²), at x ≥ 0.
//
//	−½(x/σ)² − log σ + ½ log 2/π
func HalfNormal[X, S Value](x X, sigma S) *Node {
	v := nodes("HalfNormal", notNegative("x", x), positive("sigma", sigma))
	return AddScalar(Normal(v[0], 0, v[1]), math.Ln2)
}

// LogNormal returns the log-probability of eᶻ, z from N(mean, sigma²), at x > 0.
//
//	−½((log x − μ)/σ)² − log x − log σ − ½ log 2π
func LogNormal[X, M, S Value](x X, mean M, sigma S) *Node {
	v := nodes("LogNormal", positive("x", x), real("mean", mean), positive("sigma", sigma))
	logX := Log(v[0])
	return Sub(Normal(logX, v[1], v[2]), logX)
}

// Cauchy returns the log-probability of Cauchy's law about location.
//
//	−log(1 + ((x − m)/s)²) − log πs
func Cauchy[X, M, S Value](x X, location M, scale S) *Node {
	v := nodes("Cauchy", real("x", x), real("location", location), positive("scale", scale))
	z := Div(Sub(v[0], v[1]), v[2])
	return AddScalar(Neg(Add(Log1P(Square(z)), Log(v[2]))), -math.Log(math.Pi))
}

// HalfCauchy returns the log-probability of |z|, z from Cauchy's law about 0, at x ≥ 0.
//
//	−log(1 + (x/s)²) − log πs/2
func HalfCauchy[X, S Value](x X, scale S) *Node {
	v := nodes("HalfCauchy", notNegative("x", x), positive("scale", scale))
	return AddScalar(Cauchy(v[0], 0, v[1]), math.Ln2)
}

// StudentT returns the log-probability of Student's t with nu > 0 degrees of freedom.
//
//	log Γ((ν+1)/2) − log Γ(ν/2) − ½ log νπ − log s − (ν+1)/2 · log(1 + z²/ν),   z = (x − m)/s
func StudentT[X, N, M, S Value](x X, nu N, location M, scale S) *Node {
	v := nodes("StudentT", real("x", x), positive("nu", nu), real("location", location), positive("scale", scale))
	n, z := v[1], Div(Sub(v[0], v[2]), v[3])
	norm := Sub(Sub(logGamma(n, 0.5, 0.5, nu), logGamma(n, 0.5, 0, nu)), MulScalar(Log(MulScalar(n, math.Pi)), 0.5))
	return Sub(Sub(norm, Log(v[3])), Mul(MulScalar(AddScalar(n, 1), 0.5), Log1P(Div(Square(z), n))))
}

// Exponential returns the log-probability of the exponential law at x ≥ 0: log λ − λx.
func Exponential[X, R Value](x X, rate R) *Node {
	v := nodes("Exponential", notNegative("x", x), positive("rate", rate))
	return Sub(Log(v[1]), Mul(v[1], v[0]))
}

// Gamma returns the log-probability of the gamma law at x > 0, of mean a/b.
//
//	a log b − log Γ(a) + (a − 1) log x − bx
func Gamma[X, A, B Value](x X, shape A, rate B) *Node {
	v := nodes("Gamma", positive("x", x), positive("shape", shape), positive("rate", rate))
	a, b := v[1], v[2]
	norm := Sub(Mul(a, Log(b)), logGamma(a, 1, 0, shape))
	return Add(norm, Sub(Mul(AddScalar(a, -1), Log(v[0])), Mul(b, v[0])))
}

// InverseGamma returns the log-probability of 1/z, z from the gamma law of that shape and
// rate scale, at x > 0.
//
//	a log b − log Γ(a) − (a + 1) log x − b/x
func InverseGamma[X, A, B Value](x X, shape A, scale B) *Node {
	v := nodes("InverseGamma", positive("x", x), positive("shape", shape), positive("scale", scale))
	a, b := v[1], v[2]
	norm := Sub(Mul(a, Log(b)), logGamma(a, 1, 0, shape))
	return Sub(norm, Add(Mul(AddScalar(a, 1), Log(v[0])), Div(b, v[0])))
}

// Beta returns the log-probability of the beta law at x in (0, 1), of mean a/(a + b).
//
//	(a − 1) log x + (b − 1) log(1 − x) − log Γ(a) − log Γ(b) + log Γ(a + b)
func Beta[X, A, B Value](x X, a A, b B) *Node {
	v := nodes("Beta", proportion("x", x), positive("a", a), positive("b", b))
	alpha, beta := v[1], v[2]
	norm := Sub(logGamma(Add(alpha, beta), 1, 0, a, b), Add(logGamma(alpha, 1, 0, a), logGamma(beta, 1, 0, b)))
	return Add(norm, Add(Mul(AddScalar(alpha, -1), Log(v[0])), Mul(AddScalar(beta, -1), Log1P(Neg(v[0])))))
}

// Dirichlet returns the log-probability of Dirichlet's law of weights x on a simplex, with
// concentrations a over the same last axis: [chains, 1].
//
//	Σ (aᵢ − 1) log xᵢ − Σ log Γ(aᵢ) + log Γ(Σ aᵢ)
func Dirichlet[X, A Value](x X, concentration A) *Node {
	v := nodes("Dirichlet", proportion("x", x), positive("concentration", concentration))
	each := Sub(Mul(AddScalar(v[1], -1), Log(v[0])), logGamma(v[1], 1, 0, concentration))
	sum := ReduceAndKeep(Add(v[1], ZerosLike(v[0])), ReduceSum, -1)
	return Add(ReduceAndKeep(each, ReduceSum, -1), LogGamma(sum))
}

// BernoulliLogit returns the log-probability of y, 0 or 1, where 1 has the log-odds eta.
//
//	yη − log(1 + e^η)
func BernoulliLogit[Y, E Value](y Y, eta E) *Node {
	v := nodes("BernoulliLogit", outcome("y", y), real("eta", eta))
	return Sub(Mul(v[0], v[1]), softplus(v[1]))
}

// BinomialLogit returns the log-probability of y successes of n, each of log-odds eta.
//
//	log n! − log y! − log (n−y)! + yη − n log(1 + e^η)
func BinomialLogit[Y, N, E Value](y Y, n N, eta E) *Node {
	v := nodes("BinomialLogit", count("y", y), count("n", n), real("eta", eta))
	count := Sub(logGamma(v[1], 1, 1, n), Add(logGamma(v[0], 1, 1, y), LogGamma(AddScalar(Sub(v[1], v[0]), 1))))
	return Add(count, Sub(Mul(v[0], v[2]), Mul(v[1], softplus(v[2]))))
}

// PoissonLog returns the log-probability of the count y, of mean e^eta.
//
//	yη − e^η − log y!
func PoissonLog[Y, E Value](y Y, eta E) *Node {
	v := nodes("PoissonLog", count("y", y), real("eta", eta))
	return Sub(Sub(Mul(v[0], v[1]), Exp(v[1])), logGamma(v[0], 1, 1, y))
}
