package diag

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gibbs/lib/rng"

	"gonum.org/v1/gonum/floats"
)

// fits simulates the model θ ~ N(0, 1), y ~ N(θ, 1) and draws posteriors N(y/2, ½) by
// a sampler: from y and noise, draws of θ. It returns θ and its draws, and θy and its.
func fits(n, draws int, sampler func(y float64, noise []float64) []float64) (truth, product []float64, all, products [][]float64) {
	h := rng.NewHost(3)
	for range n {
		z := h.Normal(2)
		theta, y := z[0], z[0]+z[1]
		of := sampler(y, h.Normal(draws))
		truth, all = append(truth, theta), append(all, of)
		product, products = append(product, theta*y), append(products, transform([][]float64{of}, func(x float64) float64 { return x * y })[0])
	}
	return truth, product, all, products
}

// scaled draws N(shift + share·y, sd²).
func scaled(share, shift, sd float64) func(float64, []float64) []float64 {
	return func(y float64, noise []float64) []float64 {
		x := slices.Clone(noise)
		floats.Scale(sd, x)
		floats.AddConst(share*y+shift, x)
		return x
	}
}

// chiSquareBound is exceeded by χ² with 19 degrees of freedom once in 10⁶.
const chiSquareBound = 64.4

// TestCalibrate has 2,000 fits by the exact sampler, and by wrong ones: an error of a
// fifth in the spread, of a third of the spread in the place, a forgotten prior or
// likelihood, a wrong sign of y, and draws that hang together. The ranks of θ alone do
// not see the forgotten halves; those of θy do.
func TestCalibrate(t *testing.T) {
	root := math.Sqrt(0.5)
	for _, c := range []struct {
		mistake string
		sampler func(float64, []float64) []float64
		blind   bool // the ranks of θ see nothing
	}{
		{"", scaled(0.5, 0, root), true},
		{"too narrow", scaled(0.5, 0, 0.8*root), false},
		{"too wide", scaled(0.5, 0, 1.25*root), false},
		{"too high", scaled(0.5, 0.33*root, root), false},
		{"prior forgotten", scaled(1, 0, 1), true},
		{"likelihood forgotten", scaled(0, 0, 1), true},
		{"variance for standard deviation", scaled(0.5, 0, 0.5), false},
		{"data turned round", scaled(-0.5, 0, root), false},
		{"draws that hang together", func(y float64, noise []float64) []float64 {
			return scaled(0.5, 0, root)(y, walk(noise, 0.9))
		}, false},
	} {
		truth, product, draws, products := fits(2000, 99, c.sampler)
		a, b := Calibrate(truth, draws, 20), Calibrate(product, products, 20)
		t.Logf("%-32s χ² of θ %7.1f, of θy %7.1f, counts of θ %v", c.mistake, a.ChiSquare, b.ChiSquare, a.Counts)
		if blind := a.ChiSquare < chiSquareBound; blind != c.blind {
			t.Errorf("mistake %q: χ² of θ is %.1f", c.mistake, a.ChiSquare)
		}
		if caught := max(a.ChiSquare, b.ChiSquare) >= chiSquareBound; caught != (c.mistake != "") {
			t.Errorf("mistake %q: χ² of θ and θy are %.1f and %.1f", c.mistake, a.ChiSquare, b.ChiSquare)
		}
		if (a.P < 1e-6) != (a.ChiSquare >= 64.5) && math.Abs(a.ChiSquare-64.4) > 0.2 {
			t.Errorf("mistake %q: χ² = %g has P = %g", c.mistake, a.ChiSquare, a.P)
		}
	}
}

// TestCalibrateByHand has ranks that can be counted.
func TestCalibrateByHand(t *testing.T) {
	truth := []float64{0, 1.5, 2.5, 9, 2, 0, 9, 9, 9, 9}
	var draws [][]float64
	for range truth {
		draws = append(draws, []float64{3, 1, 2})
	}
	r := Calibrate(truth, draws, 2)
	if want := []int{0, 1, 2, 3, 1, 0, 3, 3, 3, 3}; !slices.Equal(r.Ranks, want) || !slices.Equal(r.Counts, []int{4, 6}) {
		t.Errorf("ranks %v, counts %v", r.Ranks, r.Counts)
	}
	if math.Abs(r.ChiSquare-0.4) > 1e-15 || math.Abs(r.P-0.5270892568655381) > 1e-12 {
		t.Errorf("χ² %g, P %.16g", r.ChiSquare, r.P)
	}
	mustPanic(t, "bins", func() { Calibrate(truth, draws, 3) })
	mustPanic(t, "few fits", func() { Calibrate(truth[:9], draws[:9], 2) })
}

// joint runs Geweke's chains on the same model: y given θ, then θ given y by a step.
func joint(step func(h *rng.Host, theta, y float64) float64) (thetas, squares, products [][]float64) {
	h := rng.NewHost(4)
	for range 8 {
		var a, b, c []float64
		theta := h.Normal(1)[0]
		for range 1000 {
			y := theta + h.Normal(1)[0]
			theta = step(h, theta, y)
			a, b, c = append(a, theta), append(b, theta*theta), append(c, theta*y)
		}
		thetas, squares, products = append(thetas, a), append(squares, b), append(products, c)
	}
	return thetas, squares, products
}

// TestJointTest has a Metropolis step on the posterior and steps with mistakes. The
// products see an error that leaves the law of θ as it is. Chains that wander off
// because of theirs have no standard error worth the name, and show by their R̂.
func TestJointTest(t *testing.T) {
	metropolis := func(mistake string) func(*rng.Host, float64, float64) float64 {
		logP := func(theta, y float64) float64 {
			prior, likelihood := -theta*theta/2, -(y-theta)*(y-theta)/2
			switch mistake {
			case "prior forgotten":
				prior = 0
			case "likelihood twice":
				likelihood *= 2
			case "prior alone":
				likelihood = 0
			}
			return prior + likelihood
		}
		return func(h *rng.Host, theta, y float64) float64 {
			to := theta + 1.5*h.Normal(1)[0]
			ratio := logP(to, y) - logP(theta, y)
			if mistake == "sign of the ratio" {
				ratio = -ratio
			}
			if h.Uniform(1)[0] < math.Exp(ratio) {
				return to
			}
			return theta
		}
	}
	h := rng.NewHost(5)
	theta, noise := h.Normal(8000), h.Normal(8000)
	square, product := make([]float64, 8000), make([]float64, 8000)
	for i, v := range theta {
		square[i], product[i] = v*v, v*(v+noise[i])
	}
	for _, mistake := range []string{"", "prior forgotten", "likelihood twice", "prior alone", "sign of the ratio"} {
		a, b, c := joint(metropolis(mistake))
		z := []float64{JointTest(theta, a), JointTest(square, b), JointTest(product, c)}
		worst := math.Max(math.Abs(z[0]), math.Max(math.Abs(z[1]), math.Abs(z[2])))
		t.Logf("%-20s z of θ, θ², θy: %.1f, R̂ of θ %.3f", mistake, z, RHat(a))
		if caught := !(worst < 4.89) || RHat(a) > 1.05; caught != (mistake != "") {
			t.Errorf("mistake %q: z = %.1f", mistake, z)
		}
	}
	if !math.IsNaN(JointTest(theta, [][]float64{make([]float64, 9)})) || !math.IsNaN(JointTest(theta[:1], good(1))) {
		t.Error("constant chains or one prior value: want NaN")
	}
}

// ExampleCalibrate finds a sampler that gives posteriors a fifth too narrow.
func ExampleCalibrate() {
	h := rng.NewHost(1)
	var truth []float64
	var draws [][]float64
	for range 1000 {
		z := h.Normal(2)
		theta, y := z[0], z[0]+z[1]
		of := h.Normal(19)
		for i := range of {
			of[i] = y/2 + 0.8*math.Sqrt(0.5)*of[i] // √½ would be right
		}
		truth, draws = append(truth, theta), append(draws, of)
	}
	c := Calibrate(truth, draws, 10)
	fmt.Println(c.Counts, c.P < 1e-6)
	// Output:
	// [150 88 82 74 101 78 89 91 105 142] true
}
