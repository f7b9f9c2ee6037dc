package mcmc

import (
	"cmp"
	"fmt"
	"math"
	"math/cmplx"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Finite is a Markov chain on the states 0 … n−1, of which all can be computed: what a
// sampler does is seen on it without noise.
//
//	T[i][j] = P(next j | now i)
//
// Laws are rows, p′ = pT. The rows of T sum to 1; see [NewFinite].
type Finite [][]float64

// NewFinite returns the chain of given transition probabilities. The error says which
// row is not a law: shorter or longer than the number of rows, with a negative number,
// or not of sum 1 to within 1e-9. Rows are copied and not changed.
func NewFinite(rows [][]float64) (Finite, error) {
	f := Finite{}
	for i, row := range rows {
		sum := floats.Sum(row)
		if len(row) != len(rows) || !(floats.Min(row) >= 0) || !(math.Abs(sum-1) <= 1e-9) {
			return nil, fmt.Errorf("mcmc: NewFinite: row %d, %v, is no law on %d states: want as many numbers, none negative, of sum 1", i, row, len(rows))
		}
		f = append(f, slices.Clone(row))
	}
	if len(f) == 0 {
		return nil, fmt.Errorf("mcmc: NewFinite: no states")
	}
	return f, nil
}

// MetropolisHastings returns the chain that proposes j from i with probability
// q[i][j] and accepts so that weights, which need not sum to 1, are its stationary law.
//
//	T[i][j] = q[i][j] · min(1, π_j q[j][i] / π_i q[i][j]),   j ≠ i
//
// What is rejected stays. States of weight 0 may be left and not entered. The error
// says that q is no chain, or the weights no law on its states.
//
// Source: Hastings 1970, equation (8).
func MetropolisHastings(weights []float64, q [][]float64) (Finite, error) {
	f, err := NewFinite(q)
	if err != nil {
		return nil, err
	}
	if len(weights) != len(f) || !(floats.Min(weights) >= 0) || !(floats.Sum(weights) > 0) {
		return nil, fmt.Errorf("mcmc: MetropolisHastings: weights %v: want one for each of %d states, none negative, not all 0", weights, len(f))
	}
	for i, row := range f {
		stay := 1.0
		for j := range row {
			if j != i && row[j] > 0 {
				row[j] *= math.Min(1, weights[j]*q[j][i]/(weights[i]*q[i][j]))
				stay -= row[j]
			}
		}
		row[i] = max(stay, 0)
	}
	return f, nil
}

// After returns the law of the chain after steps transitions from a law, which it does
// not change.
func (f Finite) After(law []float64, steps int) []float64 {
	for range steps {
		next := make([]float64, len(f))
		for i, row := range f {
			floats.AddScaled(next, law[i], row)
		}
		law = next
	}
	return slices.Clone(law)
}

// Stationary returns the law with πT = π. The error says that there are several: the
// states fall into parts that chains never leave.
//
// It solves (Tᵀ − I)π = 0 with Σπ = 1 by least squares. A periodic chain has one too,
// though no chain comes to it.
func (f Finite) Stationary() ([]float64, error) {
	n := len(f)
	a := mat.NewDense(n+1, n, nil)
	for i, row := range f {
		for j, p := range row {
			a.Set(j, i, p)
		}
		a.Set(n, i, 1)
	}
	for i := range n {
		a.Set(i, i, a.At(i, i)-1)
	}
	right := mat.NewVecDense(n+1, nil)
	right.SetVec(n, 1)
	var qr mat.QR
	qr.Factorize(a)
	var pi mat.VecDense
	if err := qr.SolveVecTo(&pi, false, right); err != nil || qr.Cond() > 1e13 {
		return nil, fmt.Errorf("mcmc: Finite.Stationary: the chain has several stationary laws: chains cannot get from every state to a common part")
	}
	return slices.Clone(pi.RawVector().Data), nil
}

// Stationarity returns how far a law is from stationary: max_j |(πT)_j − π_j|, of
// the order of 1e-16 where it is.
func (f Finite) Stationarity(law []float64) float64 {
	return floats.Distance(f.After(law, 1), law, math.Inf(1))
}

// Balance returns how far a law is from detailed balance: the largest difference of
// the flows between two states, max |π_i T_ij − π_j T_ji|. 0 makes the law stationary;
// a law can be stationary without it.
func (f Finite) Balance(law []float64) float64 {
	worst := 0.0
	for i := range f {
		for j := range i {
			worst = max(worst, math.Abs(law[i]*f[i][j]-law[j]*f[j][i]))
		}
	}
	return worst
}

// MoveRate returns the probability that a stationary chain moves, 1 − Σ π_i T_ii: the
// mean acceptance, where no proposal stays.
func (f Finite) MoveRate(law []float64) float64 {
	rate := 1.0
	for i, p := range law {
		rate -= p * f[i][i]
	}
	return rate
}

// Eigenvalues returns the eigenvalues of T, the largest modulus first. The first is 1.
// If no other has modulus 1, every law comes to the stationary one, and what is left of
// the difference falls like |λ₂|ⁿ. Those of a reversible chain are real. The error says
// that they were not found.
func (f Finite) Eigenvalues() ([]complex128, error) {
	a := mat.NewDense(len(f), len(f), slices.Concat(f...))
	var e mat.Eigen
	if !e.Factorize(a, mat.EigenNone) {
		return nil, fmt.Errorf("mcmc: Finite.Eigenvalues: the iteration did not converge")
	}
	values := e.Values(nil)
	slices.SortFunc(values, func(a, b complex128) int {
		return cmp.Or(cmp.Compare(cmplx.Abs(b), cmplx.Abs(a)), cmp.Compare(real(b), real(a)), cmp.Compare(imag(b), imag(a)))
	})
	return values, nil
}

// Gap returns 1 − |λ₂|: 1/Gap is about the number of steps in which a chain forgets
// where it began. It is 1 for a single state, and 0, to rounding, for a chain that never
// forgets: one that is periodic or has several stationary laws.
func (f Finite) Gap() (float64, error) {
	values, err := f.Eigenvalues()
	if err != nil || len(values) == 1 {
		return 1, err
	}
	return 1 - cmplx.Abs(values[1]), nil
}
