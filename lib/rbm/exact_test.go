package rbm_test

import (
	"math"
	"testing"

	"gibbs/lib/rbm"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// rbm43 is a machine of four visible and three hidden units whose every number is known.
func rbm43() *rbm.RBM {
	return &rbm.RBM{
		W: mat.NewDense(4, 3, []float64{1, -.5, .3, .8, .6, -1.2, -.7, 1.1, .4, .5, -.9, .9}),
		B: []float64{-.2, .1, .3, -.4},
		C: []float64{.2, -.3, .1},
	}
}

// rbm43Data are its four examples.
func rbm43Data() *mat.Dense {
	return mat.NewDense(4, 4, []float64{1, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0})
}

// near checks numbers to a tolerance.
func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) || !(floats.Distance(got, want, math.Inf(1)) <= tolerance) {
		t.Errorf("%s: %.12g, want %.12g to %g", what, got, want, tolerance)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// TestRBM43 holds the exact mathematics to numbers that were computed elsewhere by
// plain sums over all 128 states.
func TestRBM43(t *testing.T) {
	m, data := rbm43(), rbm43Data()
	near(t, "log Z", []float64{must(m.LogZ()), must(m.LogZOverVisible()), must(m.LogZOverHidden())},
		[]float64{5.742540571400622, 5.742540571400622, 5.742540571400622}, 1e-12)
	p := must(m.Probs())
	near(t, "p(v)", p, []float64{.0261044417, .0313415568, .0594104028, .0558782914, .0412712844, .0366808494, .0850443947, .0608572664,
		.0409607009, .0629156676, .0711469604, .0885662071, .0641601470, .0719402870, .1056775301, .0980440123}, 5e-11)
	near(t, "entropy", []float64{stat.Entropy(p)}, []float64{2.7037321131}, 5e-11)
	v := []float64{1, 0, 1, 0}
	near(t, "F(1010)", []float64{m.FreeEnergy(v)}, []float64{-3.0995328946}, 5e-11)
	near(t, "p(h|1010)", m.Hidden(v), []float64{.6224593312, .5744425168, .6899744811}, 5e-11)
	near(t, "p(v|101)", m.Visible([]float64{1, 0, 1}), []float64{.7502601056, .4255574832, .5, .7310585786}, 5e-11)
	_, s, err := m.Moments()
	if err != nil {
		t.Fatal(err)
	}
	near(t, "⟨v⟩", s.V, []float64{.6034115123, .5636757712, .6246250652, .5062241380}, 5e-11)
	near(t, "⟨h⟩", s.H, []float64{.7205547067, .4943791061, .5659576827}, 5e-11)
	near(t, "NLL", []float64{must(m.NLL(data))}, []float64{2.8344722130}, 5e-11)
	g := must(m.Gradient(data))
	near(t, "gradient", g.Flat(), []float64{.0475425016, .1340904251, .0634576866, -.0165878037, -.1126830708, -.0595483847,
		-.1061970399, -.0828222810, -.0259116469, -.1850307190, -.1041805507, -.2282922446,
		.1465884877, -.0636757712, -.1246250652, -.2562241380, .0152678475, -.0060304236, -.0309225617}, 5e-11)
	near(t, "its norm", []float64{floats.Norm(g.Flat(), 2)}, []float64{.5145413392}, 5e-11)
	near(t, "eigenvalues", must(must(m.Transition()).Eigenvalues())[:4], []float64{1, .2005497, .1334172, .0287031}, 5e-8)
}

// TestCDBias holds the exact bias of contrastive divergence to its table.
func TestCDBias(t *testing.T) {
	data := rbm43Data()
	sweeps := []int{1, 2, 5, 10, 50}
	for _, row := range []struct {
		scale, logZ, nll, lambda2 float64
		bias, tolerance           [5]float64
	}{
		{1, 5.7425405714, 2.83447221, .200550, [5]float64{.040442, .005372, 2.0e-5, 5e-9, 0}, [5]float64{5e-7, 5e-7, 5e-7, 5e-10, 1e-12}},
		{2, 7.2812638446, 3.17895091, .498543, [5]float64{.100, .0282, .00268, 8.1e-5, 0}, [5]float64{5e-4, 5e-5, 5e-6, 5e-7, 1e-12}},
		{3, 9.1933790539, 3.72159913, .691923, [5]float64{.204, .0750, .0170, .00268, 1e-9}, [5]float64{5e-4, 5e-5, 5e-5, 5e-6, 5e-10}},
		{4, 11.3024490018, 4.36941662, .804835, [5]float64{.329, .127, .0308, .0101, 1.7e-6}, [5]float64{5e-4, 5e-4, 5e-5, 5e-5, 5e-8}},
	} {
		m := rbm43().Scaled(row.scale)
		near(t, "log Z", []float64{must(m.LogZ())}, []float64{row.logZ}, 5e-11)
		near(t, "NLL", []float64{must(m.NLL(data))}, []float64{row.nll}, 5e-9)
		transition := must(m.Transition())
		near(t, "λ₂", must(transition.Eigenvalues())[1:2], []float64{row.lambda2}, 5e-7)
		gradient := must(m.Gradient(data)).Flat()
		for i, k := range sweeps {
			cd := must(transition.CD(data, k)).Flat()
			got := floats.Distance(cd, gradient, 2) / floats.Norm(gradient, 2)
			if math.Abs(got-row.bias[i]) > row.tolerance[i] {
				t.Errorf("scale %g, CD-%d: bias %.6g, want %.6g to %g", row.scale, k, got, row.bias[i], row.tolerance[i])
			}
			if row.scale == 1 && k == 1 {
				near(t, "cos(CD-1, ∇)", []float64{floats.Dot(cd, gradient) / floats.Norm(cd, 2) / floats.Norm(gradient, 2)}, []float64{.999246}, 5e-7)
			}
		}
	}
}
