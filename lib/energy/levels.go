package energy

import (
	"math"

	"github.com/gomlx/gomlx/support/exceptions"
	"gonum.org/v1/gonum/floats"
)

// Levels are finitely many energies, each with a multiplicity: the states of an
// enumerated model one by one, a density of states, or the cells of a [Grid],
// whose multiplicity is their volume.
//
//	Z(τ) = Σᵢ gᵢ exp(−Eᵢ/τ)
//
// Energies of +Inf are levels without mass, and a LogCount of −Inf is a level
// without states. Methods panic on levels without a finite energy, on NaN, and on
// a LogCount of another length.
type Levels struct {
	Energy   []float64 // Eᵢ
	LogCount []float64 // log gᵢ; nil: each once
}

// Thermo is what a Gibbs law is at one temperature, with k_B = 1.
type Thermo struct {
	Tau  float64 // τ
	LogZ float64 // log Z
	U    float64 // ⟨E⟩ = −∂log Z/∂β, β = 1/τ
	S    float64 // entropy in nats, βU + log Z
	F    float64 // free energy −τ log Z = U − τS
	C    float64 // heat capacity ∂U/∂τ = Var(E)/τ²
}

// At returns the thermodynamics at temperature tau. Of states that are the cells
// of a grid S is the differential entropy. tau may be +Inf, where F is infinite,
// and negative; it panics at 0.
func (l Levels) At(tau float64) Thermo {
	beta, ground := l.reference(tau)
	logP, logZ := l.logProbs(beta, ground)
	u, variance, entropy := 0.0, 0.0, 0.0
	for i, lp := range logP {
		if p := math.Exp(lp); p > 0 {
			u += p * (l.Energy[i] - ground)
			entropy -= p * (lp - l.logCount(i))
		}
	}
	for i, lp := range logP {
		if p := math.Exp(lp); p > 0 {
			gap := l.Energy[i] - ground - u
			variance += p * gap * gap
		}
	}
	logZ -= beta * ground
	f := -tau * logZ
	if math.IsInf(tau, 0) && logZ == 0 {
		f = 0
	}
	return Thermo{Tau: tau, LogZ: logZ, U: u + ground, S: entropy, F: f, C: variance * beta * beta}
}

// Probs returns the probability of each level, all its states together; they sum
// to 1. It panics at tau = 0.
func (l Levels) Probs(tau float64) []float64 {
	beta, ground := l.reference(tau)
	p, _ := l.logProbs(beta, ground)
	for i, lp := range p {
		p[i] = math.Exp(lp)
	}
	return p
}

// Mean returns the Gibbs mean of f, one number for each level, at temperature tau.
// It panics if f has another length or tau is 0.
func (l Levels) Mean(f []float64, tau float64) float64 {
	if len(f) != len(l.Energy) {
		exceptions.Panicf("energy: Mean of %d numbers over %d Levels", len(f), len(l.Energy))
	}
	mean := 0.0
	for i, p := range l.Probs(tau) {
		if p > 0 {
			mean += p * f[i]
		}
	}
	return mean
}

// VariationalFreeEnergy returns the free energy of any law q over the levels, the
// functional that the Gibbs law minimises.
//
//	F[q] = E_q[E] − τ H(q),   F[q] − F = τ KL(q‖p_τ) ≥ 0
//
// q holds the probability of each level, spread evenly over its states, so that
// H(q) = −Σᵢ qᵢ (log qᵢ − log gᵢ). It is +Inf where q has mass on a level without
// mass. It panics unless q is a law over the levels, summing to 1 within 1e-9, and
// tau is positive and finite.
//
// Source: Gibbs' inequality; Neal, Hinton, "A view of the EM algorithm that
// justifies incremental, sparse, and other variants", 1998, equation 7.
func (l Levels) VariationalFreeEnergy(q []float64, tau float64) float64 {
	l.check()
	if len(q) != len(l.Energy) {
		exceptions.Panicf("energy: VariationalFreeEnergy of a law over %d of %d Levels", len(q), len(l.Energy))
	}
	if !(tau > 0) || math.IsInf(tau, 1) {
		exceptions.Panicf("energy: VariationalFreeEnergy: want a positive, finite temperature, got %g", tau)
	}
	if sum := floats.Sum(q); !(math.Abs(sum-1) <= 1e-9) || floats.Min(q) < 0 {
		exceptions.Panicf("energy: VariationalFreeEnergy: q must be probabilities that sum to 1, they sum to %g", sum)
	}
	f := 0.0
	for i, qi := range q {
		if qi > 0 {
			f += qi * (l.Energy[i] + tau*(math.Log(qi)-l.logCount(i)))
		}
	}
	return f
}

// logProbs returns the log-probability of each level, and log Z of the energies
// above ground.
func (l Levels) logProbs(beta, ground float64) (logP []float64, logZ float64) {
	logP = make([]float64, len(l.Energy))
	for i, e := range l.Energy {
		logP[i] = math.Inf(-1)
		if !math.IsInf(e, 1) {
			logP[i] = l.logCount(i) - beta*(e-ground)
		}
	}
	logZ = floats.LogSumExp(logP)
	floats.AddConst(-logZ, logP)
	return logP, logZ
}

// reference returns β and the energy that energies are counted from, so that no
// digits are lost at low temperatures: the one of most weight as β grows.
func (l Levels) reference(tau float64) (beta, ground float64) {
	l.check()
	if tau == 0 || math.IsNaN(tau) {
		exceptions.Panicf("energy: Levels at temperature %g: want one that is not 0", tau)
	}
	beta, ground = 1/tau, math.NaN()
	for i, e := range l.Energy {
		if math.IsInf(e, 1) || math.IsInf(l.logCount(i), -1) {
			continue
		}
		if math.IsNaN(ground) || beta >= 0 && e < ground || beta < 0 && e > ground {
			ground = e
		}
	}
	if math.IsNaN(ground) {
		exceptions.Panicf("energy: Levels: no level has mass")
	}
	return beta, ground
}

func (l Levels) logCount(i int) float64 {
	if l.LogCount == nil {
		return 0
	}
	return l.LogCount[i]
}

func (l Levels) check() {
	if l.LogCount != nil && len(l.LogCount) != len(l.Energy) {
		exceptions.Panicf("energy: Levels of %d energies and %d log counts", len(l.Energy), len(l.LogCount))
	}
	for i, e := range l.Energy {
		if c := l.logCount(i); math.IsNaN(e) || math.IsInf(e, -1) || math.IsNaN(c) || math.IsInf(c, 1) {
			exceptions.Panicf("energy: Levels: level %d has energy %g and log count %g", i, e, c)
		}
	}
}
