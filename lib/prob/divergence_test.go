package prob

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/floats/scalar"
)

// pair returns w N(m, 1) + (1−w) N(−m, 1).
func pair(m, w float64) *Mixture {
	return &Mixture{Means: [][]float64{{m}, {-m}}, Weights: []float64{w, 1 - w}}
}

// TestFarModes: what the Fisher divergence sees of wrong weights vanishes as the
// modes part; what the Kullback–Leibler divergence sees does not. The numbers are
// the lecture's, as printed.
func TestFarModes(t *testing.T) {
	if err := farModes(FisherDivergence, KL); err != nil {
		t.Error(err)
	}
	swapped := func(d func(p, q *Mixture) (float64, error)) func(p, q *Mixture) (float64, error) {
		return func(p, q *Mixture) (float64, error) { return d(q, p) }
	}
	for name, err := range map[string]error{
		"the arguments of KL swapped":      farModes(FisherDivergence, swapped(KL)),
		"those of D_F swapped":             farModes(swapped(FisherDivergence), KL),
		"a factor ½ missing in D_F":        farModes(func(p, q *Mixture) (float64, error) { d, err := FisherDivergence(p, q); return 2 * d, err }, KL),
		"a sum that settles in p, not |f|": farModes(loose, KL),
	} {
		if err == nil {
			t.Errorf("planted bug not caught: %s", name)
		}
		t.Log(name, "→", err)
	}
}

// loose is FisherDivergence with the first result that agrees with the one before
// to 1e-12 of the whole probability: not enough for a small integral.
func loose(p, q *Mixture) (float64, error) {
	a, b := p.hostScore(), q.hostScore()
	x, y := make([]float64, 1), make([]float64, 1)
	low, high, finest := p.box()
	previous := math.NaN()
	for h := finest / 2; ; h /= 2 {
		sum, _ := p.trapezoid(func(at []float64) float64 {
			a(at, x)
			b(at, y)
			return (x[0] - y[0]) * (x[0] - y[0]) / 2
		}, low, high, []float64{h})
		if math.Abs(sum-previous) <= 1e-12 {
			return sum, nil
		}
		previous = sum
	}
}

func farModes(fisher, kl func(p, q *Mixture) (float64, error)) error {
	for _, c := range []struct{ m, fisher, kl, digits float64 }{
		{2, 3.909e-2, 0.2063, 4}, {3, 5.027e-3, 0.2221, 4}, {4, 2.057e-4, 0.2231, 4}, {5, 2.879e-6, 0.22314, 4}, {5 * math.Sqrt2, 1.53e-11, 0.22314, 3},
	} {
		p, q := pair(c.m, 0.5), pair(c.m, 0.2)
		f, err := fisher(p, q)
		if err != nil {
			return err
		}
		k, err := kl(p, q)
		if err != nil {
			return err
		}
		// Half a unit of the last printed digit, at most 5·10^−digits of the number.
		if !scalar.EqualWithinRel(f, c.fisher, 5.01*math.Pow(10, -c.digits)) || math.Abs(k-c.kl) > 5.01e-5 {
			return fmt.Errorf("modes at ±%g: D_F %.4g, KL %.5f, want %.4g, %.5f", c.m, f, k, c.fisher, c.kl)
		}
	}
	// Near the saddle of far modes the integrand is φ(m) times a function of mx, so
	// D_F = K·m·φ(m) with K = a − b/m²: 0.3908 at m = 9 from m = 5 and 5√2.
	f, err := fisher(pair(9, 0.5), pair(9, 0.2))
	if k := f / (9 * math.Exp(-81./2) / math.Sqrt(2*math.Pi)); err != nil || math.Abs(k-0.3908) > 0.001 {
		return fmt.Errorf("modes at ±9: D_F %.4g is %.4f mφ(m), want 0.3908, error %v", f, k, err)
	}
	return nil
}

// TestImplicitObjective checks the printed values of Hyvärinen's objective, and
// that it is D_F − ½I to rounding for laws of one and two dimensions.
func TestImplicitObjective(t *testing.T) {
	must := must(t)
	p, q := TwoModes(), TwoModes().Smooth(0.5)
	wide := &Mixture{Means: [][]float64{{0, 0}}, Sigmas: [][]float64{{math.Sqrt(5), 1}}}
	for _, c := range []struct {
		name string
		p, q *Mixture
		want float64
	}{
		{"p under p", p, p, -0.862805}, {"q under p", p, q, -0.822862}, {"Gaussian under p", p, wide, -0.6},
		{"q under q", q, q, -0.658943}, {"p under q", q, p, -0.610627},
		{"three modes", ThreeModes(), ThreeModes(), -0.204575},
	} {
		near(t, c.name, must(ImplicitObjective(c.p, c.q)), c.want, sixDecimals)
	}
	for _, c := range [][2]*Mixture{{p, uneven()}, {ThreeModes(), pair(2, 0.3)}, {pair(1, 0.6), ThreeModes()}} {
		want := must(FisherDivergence(c[0], c[1])) - must(c[0].FisherInformation())/2
		near(t, "D_F − ½I", must(ImplicitObjective(c[0], c[1])), want, 1e-9)
	}
}
