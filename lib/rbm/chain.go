package rbm

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Transition is the exact law of one sweep of block Gibbs, v → h → v′, between all
// visible states; contrastive divergence is what it says about a finite number of
// sweeps.
type Transition struct {
	machine *RBM
	states  [][]float64
	probs   []float64  // p(v)
	kernel  *mat.Dense // P(v → v′), [from, to]
}

// Transition returns the machine's sweep, with states in the order of [RBM.Probs].
// The error says that a layer is Gaussian or has more than 12 units.
func (m *RBM) Transition() (*Transition, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if m.VisibleUnits == Gaussian || m.HiddenUnits == Gaussian || max(len(m.B), len(m.C)) > 12 {
		return nil, fmt.Errorf("rbm: a transition matrix needs two discrete layers of at most 12 units, not %d %s and %d %s",
			len(m.B), m.VisibleUnits, len(m.C), m.HiddenUnits)
	}
	probs, err := m.Probs()
	if err != nil {
		return nil, err
	}
	t := &Transition{machine: m, states: listStates(m.VisibleUnits, len(m.B)), probs: probs, kernel: new(mat.Dense)}
	hidden := listStates(m.HiddenUnits, len(m.C))
	up := m.conditionals(t.states, hidden, m.HiddenInput, m.HiddenUnits)
	down := m.conditionals(hidden, t.states, m.VisibleInput, m.VisibleUnits)
	t.kernel.Mul(up, down)
	return t, nil
}

// conditionals returns p(to | from) of all pairs of states of two layers.
func (m *RBM) conditionals(from, to [][]float64, input func([]float64) []float64, u Units) *mat.Dense {
	p := mat.NewDense(len(from), len(to), nil)
	for i, x := range from {
		a := input(x)
		for k, y := range to {
			log := 0.0
			for j := range y {
				log += a[j]*y[j] - u.cumulant(a[j])
			}
			p.Set(i, k, math.Exp(log))
		}
	}
	return p
}

// Kernel returns P(v → v′), [from, to].
func (t *Transition) Kernel() *mat.Dense { return mat.DenseCopyOf(t.kernel) }

// Eigenvalues returns those of the sweep, from 1 down. They are real, because the
// chain of v alone is reversible: D^½ P D^−½ with D = diag p is symmetric.
func (t *Transition) Eigenvalues() ([]float64, error) {
	n := len(t.probs)
	symmetric := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			symmetric.SetSym(i, j, math.Sqrt(t.probs[i]/t.probs[j])*t.kernel.At(i, j))
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(symmetric, false) {
		return nil, fmt.Errorf("rbm: the eigenvalues of the transition matrix were not found")
	}
	values := eigen.Values(nil)
	slices.Reverse(values)
	return values, nil
}

// After returns the law of v after k sweeps from the law q over the visible states.
func (t *Transition) After(q []float64, k int) []float64 {
	row := mat.NewDense(1, len(q), slices.Clone(q))
	for range k {
		var next mat.Dense
		next.Mul(row, t.kernel)
		row = &next
	}
	return row.RawRowView(0)
}

// CD returns the expected update of contrastive divergence with k sweeps from data
// [examples, visible]: the moments of the data less those of chains that began there.
//
//	⟨vhᵀ⟩_data − ⟨vhᵀ⟩_k,   for k → ∞ the gradient of the log-likelihood
//
// Its distance to [RBM.Gradient] is the bias of CD-k. The error says that a row of the
// data is no state.
func (t *Transition) CD(data mat.Matrix, k int) (Moments, error) {
	q, err := t.Law(data)
	if err != nil {
		return Moments{}, err
	}
	return t.machine.Clamped(data).Sub(t.moments(t.After(q, k))), nil
}

// Law returns the empirical law of the rows of data over the visible states.
func (t *Transition) Law(data mat.Matrix) ([]float64, error) {
	n, d := data.Dims()
	q := make([]float64, len(t.states))
	for i := range n {
		v := mat.Row(make([]float64, d), i, data)
		k := slices.IndexFunc(t.states, func(s []float64) bool { return slices.Equal(s, v) })
		if k < 0 {
			return nil, fmt.Errorf("rbm: row %d of the data is no state of %d %s units", i, len(t.machine.B), t.machine.VisibleUnits)
		}
		q[k] += 1 / float64(n)
	}
	return q, nil
}

// moments are those of v with the law q, and h given v.
func (t *Transition) moments(q []float64) Moments {
	d, k := t.machine.W.Dims()
	s := Moments{make([]float64, d), make([]float64, k), mat.NewDense(d, k, nil)}
	for n, v := range t.states {
		h := t.machine.Hidden(v)
		for i := range v {
			s.V[i] += q[n] * v[i]
			for j := range h {
				s.VH.Set(i, j, s.VH.At(i, j)+q[n]*v[i]*h[j])
			}
		}
		for j := range h {
			s.H[j] += q[n] * h[j]
		}
	}
	return s
}
