package rbm

import (
	"math"

	"gibbs/lib/rng"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// MeanField returns the naive mean-field bound on log Z, the largest that climbs from
// several starts reach, and where: the inputs of the visible and hidden units of an
// independent law q.
//
//	log Z ≥ E_q[−E] + H(q) = bᵀm + cᵀn + mᵀWn + Σᵢ [Γ(aᵢ) − aᵢmᵢ] + Σⱼ [Γ(dⱼ) − dⱼnⱼ]
//
// with m = E_q[v] = Γ′(a) and n = E_q[h] = Γ′(d). Its two half steps, a = b + Wn and
// d = c + Wᵀm, each maximise the bound given the other layer. The starts are the
// machine without couplings and restarts random ones.
//
// Source: Peterson, Anderson, 1987; the bound: Saul, Jaakkola, Jordan, 1996.
func (m *RBM) MeanField(restarts int, seed int64) (bound float64, visible, hidden []float64) {
	s := rng.NewHost(seed)
	bound = math.Inf(-1)
	for start := range restarts + 1 {
		a := append([]float64(nil), m.B...)
		if start > 0 {
			floats.AddScaled(a, 3, s.Normal(len(a)))
		}
		if l, a, d := m.climb(a); l > bound {
			bound, visible, hidden = l, a, d
		}
	}
	return bound, visible, hidden
}

// climb makes half steps until the bound stands still.
func (m *RBM) climb(a []float64) (bound float64, visible, hidden []float64) {
	last := math.Inf(-1)
	for range 10_000 {
		d := m.HiddenInput(m.VisibleUnits.means(a))
		a = m.VisibleInput(m.HiddenUnits.means(d))
		bound, visible, hidden = m.independent(a, d), a, d
		if bound-last < 1e-13*(1+math.Abs(bound)) {
			break
		}
		last = bound
	}
	return bound, visible, hidden
}

// independent is the bound of the law with the inputs a and d.
func (m *RBM) independent(a, d []float64) float64 {
	v, h := m.VisibleUnits.means(a), m.HiddenUnits.means(d)
	return floats.Dot(m.HiddenInput(v), h) + floats.Dot(m.B, v) + m.VisibleUnits.entropy(a, v) + m.HiddenUnits.entropy(d, h)
}

// entropy is H(q) − E_q[Σψ] of independent units with inputs a and means x.
func (u Units) entropy(a, x []float64) float64 {
	sum := -floats.Dot(a, x)
	for _, a := range a {
		sum += u.cumulant(a)
	}
	return sum
}

// PseudoLogLikelihood returns, for each visible unit, the mean of log p(vᵢ | all other
// visible units) over the rows of data [examples, visible]: [visible]. No Z is needed.
// Its sum is the pseudo-log-likelihood; its mean can be compared between machines of
// different sizes. Discrete units that have values between their states (grey pixels)
// are compared with the value mirrored at the middle.
//
//	log p(vᵢ | v₋ᵢ) = −log(1 + exp(F(v) − F(v with vᵢ flipped)))
//
// For Gaussian visible units it is a log density, whose normaliser is an integral over
// one number: the trapezoidal rule with step ½ is exact to 1e-12 for what is made of
// normal densities of width 1.
//
// Source: Besag, "Statistical analysis of non-lattice data", 1975.
func (m *RBM) PseudoLogLikelihood(data mat.Matrix) []float64 {
	n, d := data.Dims()
	each := make([][]float64, n)
	parallel(n, func(k int) { each[k] = m.conditionalLogs(mat.Row(make([]float64, d), k, data)) })
	mean := make([]float64, d)
	for _, logs := range each {
		floats.AddScaled(mean, 1/float64(n), logs)
	}
	return mean
}

// conditionalLogs returns log p(vᵢ | v₋ᵢ) of every i.
func (m *RBM) conditionalLogs(v []float64) []float64 {
	input := m.HiddenInput(v)
	logs := make([]float64, len(v))
	for i := range v {
		own := m.along(i, input, v[i], v[i])
		if m.VisibleUnits == Gaussian {
			logs[i] = own - m.integral(i, input, v[i])
			continue
		}
		values := m.VisibleUnits.states()
		other := m.along(i, input, v[i], values[0]+values[1]-v[i])
		logs[i] = own - floats.LogSumExp([]float64{own, other})
	}
	return logs
}

// along is −F, but for what does not depend on unit i, where that unit has the value x
// instead of the value v that input was made with.
func (m *RBM) along(i int, input []float64, v, x float64) float64 {
	sum := m.B[i]*x - m.VisibleUnits.baseSum([]float64{x})
	w := m.W.RawRowView(i)
	for j, a := range input {
		sum += m.HiddenUnits.cumulant(a + (x-v)*w[j])
	}
	return sum
}

// integral is log ∫ exp(along) over a Gaussian visible unit.
func (m *RBM) integral(i int, input []float64, v float64) float64 {
	w := m.W.RawRowView(i)
	if m.HiddenUnits == Gaussian {
		// Γ is quadratic, and so is along: c + sx − ½kx².
		k := 1 - floats.Dot(w, w)
		s := m.B[i]
		for j, a := range input {
			s += w[j] * (a - v*w[j])
		}
		return m.along(i, input, v, 0) + s*s/(2*k) + 0.5*math.Log(2*math.Pi/k)
	}
	// A mixture of normal densities of width 1 with means b + Σ hⱼWᵢⱼ.
	low, high := m.B[i], m.B[i]
	values := m.HiddenUnits.states()
	for _, w := range w {
		low += math.Min(values[0]*w, values[1]*w)
		high += math.Max(values[0]*w, values[1]*w)
	}
	const step, tail = 0.5, 9.0
	var logs []float64
	for x := low - tail; x < high+tail; x += step {
		logs = append(logs, m.along(i, input, v, x))
	}
	return floats.LogSumExp(logs) + math.Log(step)
}

// LogOdds returns the biases at which independent units have the means of data
// [examples, visible]: log(p/(1−p)) for Bernoulli units, with p kept from 0 and 1 as if
// one example more had had each state.
func LogOdds(u Units, data mat.Matrix) []float64 {
	n, d := data.Dims()
	bias := make([]float64, d)
	for i := range bias {
		sum := mat.Sum(column(data, i))
		switch u {
		case Gaussian:
			bias[i] = sum / float64(n)
		case Spin:
			bias[i] = math.Atanh(sum / float64(n+2))
		default:
			p := (sum + 1) / float64(n+2)
			bias[i] = math.Log(p / (1 - p))
		}
	}
	return bias
}
