package ising

import (
	"fmt"
	"math"

	"gibbs/lib/energy"

	"gonum.org/v1/gonum/floats"
)

// Ring returns the thermodynamics of n spins on a ring at temperature tau, without
// field, from the eigenvalues of the transfer matrix. In one dimension there is no
// transition at any tau > 0.
//
//	Z = (2cosh β)ⁿ + (2sinh β)ⁿ
//
// The error refuses fewer than 3 spins and a tau that is not positive.
//
// Source: Ising, 1925.
func Ring(n int, tau float64) (energy.Thermo, error) {
	if n < 3 || !(tau > 0) {
		return energy.Thermo{}, fmt.Errorf("ising: Ring: want at least 3 spins and τ > 0, got %d and %g", n, tau)
	}
	// Z = (2cosh β)ⁿ(1 + tⁿ), t = tanh β, t' = 1 − t².
	beta := 1 / tau
	t, k := math.Tanh(beta), float64(n)
	slope := 1 - t*t
	tn := math.Pow(t, k)
	share := tn / (1 + tn) // of the second eigenvalue in Z
	first := share * k * slope / t
	second := first*(k*slope/t)*(1-share) - share*k*slope*(1/(t*t)+1) // of log(1 + tⁿ)
	logCosh := beta + math.Log1p(math.Exp(-2*beta))                   // log 2cosh β
	return thermo(tau, jet{k*logCosh + math.Log1p(tn), k*t + first, k*slope + second}), nil
}

// jet is a function of β with its first two derivatives.
type jet struct{ value, first, second float64 }

// thermo is what follows from log Z(β) and its derivatives: U = −(log Z)′, C =
// β²(log Z)″.
func thermo(tau float64, logZ jet) energy.Thermo {
	u := -logZ.first
	return energy.Thermo{
		Tau: tau, LogZ: logZ.value, U: u, S: u/tau + logZ.value, F: -tau * logZ.value, C: logZ.second / (tau * tau),
	}
}

// Kaufman returns the thermodynamics of the rows×cols torus at temperature tau, without
// field: exact for any size, in time O(rows).
//
//	Z = ½(2 sinh 2β)^{N/2} [Π 2cosh(nγ₂ᵣ₊₁/2) + Π 2sinh(nγ₂ᵣ₊₁/2) + Π 2cosh(nγ₂ᵣ/2) + Π 2sinh(nγ₂ᵣ/2)]
//	cosh γ_l = cosh² 2β/sinh 2β − cos(πl/m),   γ₀ = 2β + ln tanh β
//
// with m rows, n columns, products over r = 0…m−1. The derivatives are analytic. The
// error refuses fewer than 3 rows or columns and a tau that is not positive.
//
// Source: Kaufman, "Crystal statistics II", 1949; Ferdinand, Fisher, 1969.
func Kaufman(rows, cols int, tau float64) (energy.Thermo, error) {
	if rows < 3 || cols < 3 || !(tau > 0) {
		return energy.Thermo{}, fmt.Errorf("ising: Kaufman: want at least 3 rows and columns and τ > 0, got %d×%d and %g", rows, cols, tau)
	}
	k := newKaufman(rows, cols, 1/tau)
	odd, even := k.products(1, 2*rows), k.products(2, 2*rows) // log of the products, without γ₀
	zero := k.gammaZero()
	// The factors of γ₀ stay outside of the logarithms: 2sinh(nγ₀/2) is 0 at τ_c.
	half := float64(cols) / 2 * zero.value
	c, s := 2*math.Cosh(half), 2*math.Sinh(half)
	slope, curve := float64(cols)/2*zero.first, float64(cols)/2*zero.second
	one := jet{1, 0, 0}
	factors := []jet{one, one, {c, s * slope, c*slope*slope + s*curve}, {s, c * slope, s*slope*slope + c*curve}}
	logs := []jet{odd[0], odd[1], even[0], even[1]}

	largest := math.Max(math.Max(logs[0].value, logs[1].value), math.Max(logs[2].value, logs[3].value))
	var z jet
	for i, f := range factors {
		l := logs[i]
		scale := math.Exp(l.value - largest)
		z.value += scale * f.value
		z.first += scale * (f.first + f.value*l.first)
		z.second += scale * (f.second + 2*f.first*l.first + f.value*(l.second+l.first*l.first))
	}
	first := z.first / z.value
	logZ := jet{largest + math.Log(z.value/2), first, z.second/z.value - first*first}
	n := float64(rows * cols)
	cosh, sinh := math.Cosh(2*k.beta), math.Sinh(2*k.beta)
	logZ.value += n / 2 * math.Log(2*sinh)
	logZ.first += n * cosh / sinh
	logZ.second -= 2 * n / (sinh * sinh)
	return thermo(tau, logZ), nil
}

// kaufman is what the factors of Kaufman's products share.
type kaufman struct {
	rows, cols int
	beta       float64
	excess     float64 // c − 2, c = cosh²2β/sinh 2β: (s − 1)²/s, which is 0 at τ_c
	c          jet     // as a function of β
}

func newKaufman(rows, cols int, beta float64) kaufman {
	s, cosh := math.Sinh(2*beta), math.Cosh(2*beta)
	c := jet{s + 1/s, 2 * cosh * (1 - 1/(s*s)), 4*s*(1-1/(s*s)) + 8*cosh*cosh/(s*s*s)}
	return kaufman{rows, cols, beta, (s - 1) * (s - 1) / s, c}
}

// products returns log Π 2cosh(nγ_l/2) and log Π 2sinh(nγ_l/2) over l = from, from+2, …
// below end.
func (k kaufman) products(from, end int) (logs [2]jet) {
	for l := from; l < end; l += 2 {
		g := k.gamma(l)
		half := float64(k.cols) / 2
		x := half * g.value
		for i, sign := range []float64{1, -1} { // cosh, sinh
			t := math.Pow(math.Tanh(x), sign)
			logs[i].value += x + math.Log1p(sign*math.Exp(-2*x))
			logs[i].first += half * g.first * t
			logs[i].second += half*g.second*t + half*half*g.first*g.first*(1-t*t)
		}
	}
	return logs
}

// gamma returns γ_l, l > 0, from cosh γ − 1 = (c − 2) + 2 sin²(πl/2m), which loses no
// digits where γ is small.
func (k kaufman) gamma(l int) jet {
	sin := math.Sin(math.Pi * float64(l) / float64(2*k.rows))
	above := k.excess + 2*sin*sin // cosh γ − 1
	sinh := math.Sqrt(above * (above + 2))
	first := k.c.first / sinh
	return jet{2 * math.Asinh(math.Sqrt(above/2)), first, (k.c.second - (above+1)*first*first) / sinh}
}

// gammaZero returns γ₀, which changes its sign at τ_c.
func (k kaufman) gammaZero() jet {
	s := math.Sinh(2 * k.beta)
	return jet{2*k.beta + math.Log(math.Tanh(k.beta)), 2 + 2/s, -4 * math.Cosh(2*k.beta) / (s * s)}
}

// Infinite is the thermodynamics of the infinite square lattice, for each spin.
type Infinite struct {
	Tau  float64 // τ
	LogZ float64 // log Z/N
	U    float64 // ⟨E⟩/N
	C    float64 // heat capacity/N, which grows like −ln|τ − τ_c| at τ_c
	M    float64 // spontaneous magnetisation, the limit h → 0 from above; 0 above TauC
}

// F returns the free energy −τ log Z/N.
func (f Infinite) F() float64 { return -f.Tau * f.LogZ }

// Onsager returns the exact solution without field at temperature tau > 0; it panics
// on any other.
//
//	log Z/N = ln 2cosh 2β + (1/π)∫₀^{π/2} ln ½(1 + √(1 − κ² sin² φ)) dφ,   κ = 2 sinh 2β/cosh² 2β
//	U/N     = −coth 2β [1 + (2/π)(2tanh² 2β − 1) K(κ)]
//	m       = (1 − sinh⁻⁴ 2β)^{1/8}
//
// Source: Onsager, 1944; Yang, 1952 (m). The integral's error is below 1e-12.
func Onsager(tau float64) Infinite {
	if !(tau > 0) {
		panic(fmt.Sprintf("ising: Onsager at τ = %g: want τ > 0", tau))
	}
	beta := 1 / tau
	sinh, cosh, tanh := math.Sinh(2*beta), math.Cosh(2*beta), math.Tanh(2*beta)
	complement := math.Abs(sinh-1) * (sinh + 1) / (cosh * cosh) // √(1 − κ²) = |1 − sinh²|/cosh²
	integral := doubleExponential(func(x float64) float64 {
		// 1 − κ² sin² φ with x = π/2 − φ, where κ near 1 loses no digits.
		kappaCos := 2 * sinh / (cosh * cosh) * math.Sin(x)
		return math.Log((1 + math.Hypot(complement, kappaCos)) / 2)
	}, math.Pi/2)
	f := Infinite{Tau: tau, LogZ: math.Log(2*cosh) + integral/math.Pi}
	if tau < TauC {
		f.M = math.Pow(1-math.Pow(sinh, -4), 1./8)
	}
	if complement == 0 {
		f.U, f.C = -math.Sqrt2, math.Inf(1)
		return f
	}
	k1, e1 := elliptic(complement)
	signed := math.Copysign(complement, sinh-1) // 2tanh² 2β − 1
	f.U = -(1 + 2/math.Pi*signed*k1) / tanh
	f.C = 2 / math.Pi * math.Pow(beta/tanh, 2) * (2*k1 - 2*e1 - (1-signed)*(math.Pi/2+signed*k1))
	return f
}

// elliptic returns the complete elliptic integrals K and E of the modulus √(1 − c²), c
// in (0, 1], by the arithmetic-geometric mean, which holds as c → 0.
func elliptic(c float64) (k, e float64) {
	a, b, weight := 1.0, c, 0.5
	sum := weight * (1 - c*c)
	for a-b > 1e-15*a {
		weight *= 2
		sum += weight * (a - b) * (a - b) / 4
		a, b = (a+b)/2, math.Sqrt(a*b)
	}
	k = math.Pi / (2 * a)
	return k, k * (1 - sum)
}

// doubleExponential integrates f over [0, end] by the tanh-sinh rule, whose points
// crowd at both ends.
//
// Source: Takahasi, Mori, 1974.
func doubleExponential(f func(x float64) float64, end float64) float64 {
	const h, n = 1. / 64, 4 * 64
	terms := make([]float64, 0, 2*n+1)
	for k := -n; k <= n; k++ {
		t := h * float64(k)
		u := math.Pi / 2 * math.Sinh(t)
		x := end / (1 + math.Exp(-2*u)) // from 0
		weight := math.Pi / 2 * math.Cosh(t) / math.Pow(math.Cosh(u), 2)
		terms = append(terms, weight*f(x))
	}
	return h * end / 2 * floats.SumCompensated(terms)
}
