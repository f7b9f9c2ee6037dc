package rbm

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Moments are means over a law of v and h.
type Moments struct {
	V, H []float64  // ⟨v⟩ and ⟨h⟩
	VH   *mat.Dense // ⟨vhᵀ⟩, [visible, hidden]
}

// Flat returns VH row by row, then V, then H: a vector with one entry for each
// parameter, in the order W, b, c.
func (s Moments) Flat() []float64 {
	r, c := s.VH.Dims()
	flat := make([]float64, 0, r*c+r+c)
	for i := range r {
		flat = append(flat, s.VH.RawRowView(i)...)
	}
	return append(append(flat, s.V...), s.H...)
}

// Sub returns the difference of two laws' means: a gradient, if s is clamped to data.
func (s Moments) Sub(t Moments) Moments {
	d := Moments{make([]float64, len(s.V)), make([]float64, len(s.H)), new(mat.Dense)}
	floats.SubTo(d.V, s.V, t.V)
	floats.SubTo(d.H, s.H, t.H)
	d.VH.Sub(s.VH, t.VH)
	return d
}

// Moments returns log Z and the exact moments of the machine. Cost and errors are
// LogZ's, some times over.
func (m *RBM) Moments() (logZ float64, s Moments, err error) {
	if err := m.check(); err != nil {
		return 0, s, err
	}
	n, exchanged := m.smaller()
	t, err := n.enumeration()
	if err != nil {
		return 0, s, err
	}
	logZ, bits := t.moments()
	s = bits.fromBits(n)
	if exchanged {
		s = Moments{s.H, s.V, mat.DenseCopyOf(s.VH.T())}
	}
	return logZ, s, nil
}

// moments returns log Z and the moments of the layers in bits.
func (t *table) moments() (float64, Moments) {
	logZ := floats.LogSumExp(t.logZs())
	n, k := len(t.b), len(t.c)
	parts := make([]Moments, t.blocks())
	parallel(len(parts), func(block int) { parts[block] = t.blockMoments(block, logZ) })
	sum := Moments{make([]float64, n), make([]float64, k), mat.NewDense(n, k, nil)}
	for _, p := range parts {
		floats.Add(sum.V, p.V)
		floats.Add(sum.H, p.H)
		sum.VH.Add(sum.VH, p.VH)
	}
	return logZ, sum
}

// blockMoments sums a block. A Gray code flips one unit at a time, so that the sum
// over the states in which unit i is on is a difference of running sums: at each flip
// one row changes, not all.
func (t *table) blockMoments(block int, logZ float64) Moments {
	n, k := len(t.b), len(t.c)
	s := Moments{make([]float64, n), make([]float64, k), mat.NewDense(n, k, nil)}
	total, last := 0.0, 0
	add := func(i int, sign float64) {
		s.V[i] += sign * total
		floats.AddScaled(s.VH.RawRowView(i), sign, s.H)
	}
	t.walk(block, func(state int, logWeight float64, flipped int, x []float64) {
		if flipped >= 0 {
			add(flipped, 1-2*float64(state>>flipped&1)) // on: from here; off: up to here
		}
		weight := math.Exp(logWeight - logZ)
		total += weight
		for j, x := range x {
			s.H[j] += weight * t.mean(x)
		}
		last = state
	})
	for i := range n {
		if last>>i&1 == 1 {
			add(i, 1)
		}
	}
	return s
}

// fromBits turns the moments of bits into those of m's units.
//
//	⟨vhᵀ⟩ = (s_v u + d_v)(s_h u′ + d_h)ᵀ
func (s Moments) fromBits(m *RBM) Moments {
	sv, dv := m.VisibleUnits.fromBits()
	sh, dh := m.HiddenUnits.fromBits()
	s.VH.Apply(func(i, j int, x float64) float64 {
		return sv*sh*x + sv*dh*s.V[i] + dv*sh*s.H[j] + dv*dh
	}, s.VH)
	for i := range s.V {
		s.V[i] = sv*s.V[i] + dv
	}
	for j := range s.H {
		s.H[j] = sh*s.H[j] + dh
	}
	return s
}

// Clamped returns the moments of data [examples, visible]: v is a row drawn at random,
// h given it follows the machine.
func (m *RBM) Clamped(data mat.Matrix) Moments {
	n, d := data.Dims()
	h := m.Features(data)
	_, k := h.Dims()
	s := Moments{make([]float64, d), make([]float64, k), new(mat.Dense)}
	s.VH.Mul(data.T(), h)
	s.VH.Scale(1/float64(n), s.VH)
	for i := range s.V {
		s.V[i] = mat.Sum(column(data, i)) / float64(n)
	}
	for j := range s.H {
		s.H[j] = mat.Sum(h.ColView(j)) / float64(n)
	}
	return s
}

func column(data mat.Matrix, i int) mat.Vector {
	return mat.NewVecDense(rows(data), mat.Col(nil, i, data))
}

func rows(data mat.Matrix) int {
	n, _ := data.Dims()
	return n
}

// Gradient returns the exact gradient of the mean log-likelihood of data [examples,
// visible], by W, b and c.
//
//	∂/∂W = ⟨vhᵀ⟩_data − ⟨vhᵀ⟩_model,   ∂/∂b = ⟨v⟩_data − ⟨v⟩_model,   ∂/∂c = ⟨h⟩_data − ⟨h⟩_model
func (m *RBM) Gradient(data mat.Matrix) (Moments, error) {
	_, model, err := m.Moments()
	if err != nil {
		return Moments{}, err
	}
	return m.Clamped(data).Sub(model), nil
}

// NLL returns the exact mean negative log-likelihood of data [examples, visible], in
// nats: the mean free energy of the data less the machine's own, −log Z.
//
//	−(1/N) Σ log p(v) = (1/N) Σ F(v) + log Z
func (m *RBM) NLL(data mat.Matrix) (float64, error) {
	logZ, err := m.LogZ()
	if err != nil {
		return 0, err
	}
	return m.MeanFreeEnergy(data) + logZ, nil
}

// MeanFreeEnergy returns the mean of F(v) over the rows of data [examples, visible].
func (m *RBM) MeanFreeEnergy(data mat.Matrix) float64 {
	n, d := data.Dims()
	all := make([]float64, n)
	parallel(n, func(i int) { all[i] = m.FreeEnergy(mat.Row(make([]float64, d), i, data)) })
	return floats.Sum(all) / float64(n)
}
