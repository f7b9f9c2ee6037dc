package rbm_test

import (
	"math"
	"testing"

	"gibbs/lib/rbm"
	"gibbs/lib/rng"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// TestMeanField: the bound of RBM43, and that of machines of all units is one.
func TestMeanField(t *testing.T) {
	bound, _, _ := rbm43().MeanField(10, 1)
	near(t, "mean-field bound", []float64{bound}, []float64{5.5353752524}, 5e-11)
	for _, m := range kinds() {
		logZ := must(m.LogZ())
		bound, a, d := m.MeanField(5, 1)
		if !(bound <= logZ) {
			t.Errorf("%v, %v: the bound %v is above log Z = %v", m.VisibleUnits, m.HiddenUnits, bound, logZ)
		}
		if len(a) != len(m.B) || len(d) != len(m.C) {
			t.Errorf("inputs of %d and %d units", len(a), len(d))
		}
		m.W.Zero() // independent units: nothing is lost
		bound, _, _ = m.MeanField(0, 1)
		near(t, "bound without couplings", []float64{bound}, []float64{must(m.LogZ())}, 1e-10)
	}
}

// TestPseudoLogLikelihood: that of RBM43, and for all units the conditionals that the
// free energy gives, their normalisers by a fine sum.
func TestPseudoLogLikelihood(t *testing.T) {
	near(t, "pseudo-log-likelihood", []float64{floats.Sum(rbm43().PseudoLogLikelihood(rbm43Data()))}, []float64{-2.9281347595}, 5e-11)
	for _, m := range kinds() {
		s := rng.NewHost(3)
		v := make([]float64, len(m.B))
		for i, u := range s.Uniform(len(v)) {
			switch m.VisibleUnits {
			case rbm.Bernoulli:
				v[i] = math.Round(u)
			case rbm.Spin:
				v[i] = 2*math.Round(u) - 1
			default:
				v[i] = 4*u - 2
			}
		}
		want := make([]float64, len(v))
		for i := range v {
			at := func(x float64) float64 {
				w := append([]float64(nil), v...)
				w[i] = x
				return -m.FreeEnergy(w)
			}
			var logs []float64
			switch m.VisibleUnits {
			case rbm.Bernoulli:
				logs = []float64{at(0), at(1)}
			case rbm.Spin:
				logs = []float64{at(-1), at(1)}
			default:
				for x := -30.0; x < 30; x += 0.01 {
					logs = append(logs, at(x)+math.Log(0.01))
				}
			}
			want[i] = at(v[i]) - floats.LogSumExp(logs)
		}
		got := m.PseudoLogLikelihood(mat.NewDense(1, len(v), v))
		near(t, m.VisibleUnits.String()+" "+m.HiddenUnits.String(), got, want, 1e-10)
	}
}

// TestLogOdds: independent units with these biases have the means of the data.
func TestLogOdds(t *testing.T) {
	data := mat.NewDense(2, 1, []float64{0, 1})
	near(t, "Bernoulli", rbm.LogOdds(rbm.Bernoulli, data), []float64{0}, 1e-15)
	near(t, "Gaussian", rbm.LogOdds(rbm.Gaussian, data), []float64{0.5}, 1e-15)
	near(t, "Spin", rbm.LogOdds(rbm.Spin, mat.NewDense(2, 1, []float64{1, 1})), []float64{math.Atanh(0.5)}, 1e-15)
	near(t, "Bernoulli, always on", rbm.LogOdds(rbm.Bernoulli, mat.NewDense(2, 1, []float64{1, 1})), []float64{math.Log(3)}, 1e-15)
}
