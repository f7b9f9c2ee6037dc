package native_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"gibbs/lib/mcmc"
	"gibbs/lib/mcmc/native"

	"gonum.org/v1/gonum/stat"
)

// Example runs two chains of the lessons' target, ½N((−2, 0), I) + ½N((2, 0), I),
// and the score's value at a point: s₁ = −x₁ + 2 tanh 2x₁, s₂ = −x₂.
func Example() {
	score, err := native.Mixture[float64](2, []float64{-2, 0, 2, 0}, nil, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	s := make([]float64, 2)
	score([]float64{1, 1}, s)
	fmt.Printf("score at (1, 1): %.6f\n", s)

	x := []float64{10, 10, 10, 10}
	sampler := native.Langevin[float64]{Score: score, StepSize: 0.01, Seed: 1}
	if err := sampler.Run(context.Background(), x, 2, 1000, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("after 1000 steps: %.3f\n", x)
	// Output:
	// score at (1, 1): [0.928055 -1.000000]
	// after 1000 steps: [-2.417 -0.638 0.098 -0.083]
}

// ends runs chains of the two modes from (10, 10) and returns both coordinates.
func ends[T native.Float](t *testing.T, sampler native.Langevin[T], chains, steps int) (x1, x2 []float64) {
	t.Helper()
	x := slices.Repeat([]T{10}, 2*chains)
	if err := sampler.Run(context.Background(), x, 2, steps, nil); err != nil {
		t.Fatal(err)
	}
	for c := range chains {
		x1, x2 = append(x1, float64(x[2*c])), append(x2, float64(x[2*c+1]))
	}
	return x1, x2
}

// off returns how many standard errors the mean of the values is away from want.
func off(values []float64, want float64) float64 {
	mean, std := stat.MeanStdDev(values, nil)
	return (mean - want) / (std / math.Sqrt(float64(len(values))))
}

// twoModes is the score of the lessons' target.
func twoModes[T native.Float](t *testing.T) native.Score[T] {
	t.Helper()
	score, err := native.Mixture[T](2, []float64{-2, 0, 2, 0}, []float64{5, 5}, []float64{1, 1})
	if err != nil {
		t.Fatal(err)
	}
	return score
}

// law is the exact law of a coordinate of the two modes after steps from 10.
func law(t *testing.T, axis int, eta float64, steps int) *mcmc.Law {
	t.Helper()
	score := twoModes[float64](t)
	l, err := mcmc.ULALaw(func(v float64) float64 {
		var x, s [2]float64
		x[axis] = v
		score(x[:], s[:])
		return s[axis]
	}, 10, eta, steps, -10, 14)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// worst returns by how many standard errors chains are off their exact law at most:
// in P(x₁ < 0), the means of both coordinates, and the second moment of x₂.
func worst(t *testing.T, x1, x2 []float64, law1, law2 *mcmc.Law) (z float64) {
	t.Helper()
	left, second := make([]float64, len(x1)), make([]float64, len(x1))
	for i := range x1 {
		if x1[i] < 0 {
			left[i] = 1
		}
		second[i] = (x2[i] - law2.Mean()) * (x2[i] - law2.Mean())
	}
	for _, v := range []float64{off(left, law1.CDF(0)), off(x1, law1.Mean()), off(x2, law2.Mean()), off(second, law2.Variance())} {
		z = max(z, math.Abs(v))
	}
	t.Logf("P(x₁ < 0) %.4f, exact %.4f; worst of four: %.2f standard errors", stat.Mean(left, nil), law1.CDF(0), z)
	return z
}

// TestLaw holds chains from (10, 10) with η = 0.01 to their exact law (mcmc.ULALaw;
// the lecture's S.4: P(x₁ < 0) = 0.0252 after 300 steps, 0.2862 after 1000), at
// α = 1e-6 each. With 4000 chains an error of 0.035 in P(x₁ < 0), or of 0.11 in
// the variance of x₂, is caught.
func TestLaw(t *testing.T) {
	const eta = 0.01
	after300 := []*mcmc.Law{law(t, 0, eta, 300), law(t, 1, eta, 300)}
	if !testing.Short() {
		x1, x2 := ends(t, native.Langevin[float64]{Score: twoModes[float64](t), StepSize: eta, Seed: 3}, 4000, 1000)
		if z := worst(t, x1, x2, law(t, 0, eta, 1000), law(t, 1, eta, 1000)); !(z < 4.89) {
			t.Errorf("float64: off by %.1f standard errors", z)
		}
	}
	x1, x2 := ends(t, native.Langevin[float32]{Score: twoModes[float32](t), StepSize: eta, Seed: 4}, 2000, 300)
	if z := worst(t, x1, x2, after300[0], after300[1]); !(z < 4.89) {
		t.Errorf("float32: off by %.1f standard errors", z)
	}

	// Planted bugs, which the same check must catch.
	score := twoModes[float64](t)
	scaled := func(factor float64) native.Score[float64] {
		return func(x, s []float64) {
			score(x, s)
			for i := range s {
				s[i] *= factor
			}
		}
	}
	for name, wrong := range map[string]native.Langevin[float64]{
		"half the score":     {Score: scaled(0.5), StepSize: eta},
		"sign of the score":  {Score: scaled(-1), StepSize: eta},
		"noise √η for √(2η)": {Score: score, StepSize: eta, Temperature: 0.5},
		"twice the noise":    {Score: score, StepSize: eta, Temperature: 4},
	} {
		x1, x2 := ends(t, wrong, 1000, 300)
		if z := worst(t, x1, x2, after300[0], after300[1]); z < 4.89 {
			t.Errorf("planted bug not caught: %s", name)
		}
	}
}

// TestTemperature checks that N(0, 1) at T = 2 has ULA's variance 2/(1 − η/2).
func TestTemperature(t *testing.T) {
	const chains, eta = 20_000, 0.2
	x := make([]float64, chains)
	sampler := native.Langevin[float64]{Score: func(x, s []float64) { s[0] = -x[0] }, StepSize: eta, Temperature: 2, Seed: 5}
	if err := sampler.Run(context.Background(), x, 1, 60, nil); err != nil {
		t.Fatal(err)
	}
	for i := range x {
		x[i] *= x[i]
	}
	if z := off(x, 2*mcmc.ULAVariance(1, eta)); !(math.Abs(z) < 4.89) {
		t.Errorf("second moment %.3f, want %.3f: off by %.1f standard errors", stat.Mean(x, nil), 2*mcmc.ULAVariance(1, eta), z)
	}
}

// TestChainsAreTheirOwn checks that a chain's numbers do not depend on the workers,
// on the other chains, or on being observed.
func TestChainsAreTheirOwn(t *testing.T) {
	score := twoModes[float64](t)
	x1, x2 := ends(t, native.Langevin[float64]{Score: score, StepSize: 0.01, Seed: 6, Workers: 1}, 9, 150)
	y1, y2 := ends(t, native.Langevin[float64]{Score: score, StepSize: 0.01, Seed: 6, Workers: 4}, 5, 150)
	if !slices.Equal(x1[:5], y1) || !slices.Equal(x2[:5], y2) {
		t.Error("chains depend on the workers or on other chains")
	}
	if x1[0] == x1[1] || y1[0] == y2[0] {
		t.Error("two chains or coordinates share their noise")
	}
	var seen atomic.Int64
	x := slices.Repeat([]float64{10}, 10)
	err := native.Langevin[float64]{Score: score, StepSize: 0.01, Seed: 6}.Run(context.Background(), x, 2, 150,
		func(chain, step int, x []float64) {
			seen.Add(1)
			if step == 149 && (x[0] != x1[chain] || x[1] != x2[chain]) {
				t.Errorf("chain %d is observed at %v after its last step, want (%g, %g)", chain, x, x1[chain], x2[chain])
			}
		})
	if err != nil || seen.Load() != 5*150 {
		t.Errorf("%d observations, want 750; %v", seen.Load(), err)
	}
}

// TestMixture compares the score with differences of log p where components
// differ in weight and width, and far out.
func TestMixture(t *testing.T) {
	means, weights, sigmas := []float64{-2, 0, 2, 1, 0, 3}, []float64{1, 3, 2}, []float64{1, 0.5, 2}
	score, err := native.Mixture[float64](2, means, weights, sigmas)
	if err != nil {
		t.Fatal(err)
	}
	logP := func(x []float64) float64 {
		sum := 0.0
		for k, w := range weights {
			d := math.Hypot(x[0]-means[2*k], x[1]-means[2*k+1]) / sigmas[k]
			sum += w / (sigmas[k] * sigmas[k]) * math.Exp(-d*d/2)
		}
		return math.Log(sum)
	}
	s := make([]float64, 2)
	for _, x := range [][]float64{{0, 0}, {2, 1}, {-3, 2}, {1.9, 0.5}, {-8, 7}} {
		score(x, s)
		for d := range s {
			const h = 1e-5
			up, down := slices.Clone(x), slices.Clone(x)
			up[d] += h
			down[d] -= h
			if want := (logP(up) - logP(down)) / (2 * h); !(math.Abs(s[d]-want) < 1e-6) {
				t.Errorf("score at %v, axis %d: %g, want %g", x, d, s[d], want)
			}
		}
	}
	score([]float64{1e150, 0}, s)
	if math.IsNaN(s[0]) || math.IsInf(s[0], 0) {
		t.Errorf("score far out: %v", s)
	}
	x := []float64{1, 2}
	if n := testing.AllocsPerRun(100, func() { score(x, s) }); n != 0 {
		t.Errorf("a score makes %g allocations", n)
	}
}

func TestErrors(t *testing.T) {
	normal := func(x, s []float64) { copy(s, x) }
	good := native.Langevin[float64]{Score: normal, StepSize: 0.1}
	for name, err := range map[string]error{
		"no score":       native.Langevin[float64]{StepSize: 0.1}.Run(context.Background(), nil, 1, 1, nil),
		"step size":      native.Langevin[float64]{Score: normal}.Run(context.Background(), nil, 1, 1, nil),
		"temperature":    native.Langevin[float64]{Score: normal, StepSize: 1, Temperature: -1}.Run(context.Background(), nil, 1, 1, nil),
		"chains":         good.Run(context.Background(), make([]float64, 3), 2, 1, nil),
		"no mean":        mixture(0, nil, nil, nil),
		"NaN mean":       mixture(1, []float64{math.NaN()}, nil, nil),
		"lengths":        mixture(1, []float64{1, 2}, []float64{1}, nil),
		"zero sigma":     mixture(1, []float64{1}, nil, []float64{0}),
		"no weight":      mixture(1, []float64{1}, []float64{0}, nil),
		"negative weigh": mixture(1, []float64{1, 2}, []float64{2, -1}, nil),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "native: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := good.Run(ctx, make([]float64, 4), 2, 1<<40, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run returns %v", err)
	}
}

func mixture(dim int, means, weights, sigmas []float64) error {
	_, err := native.Mixture[float64](dim, means, weights, sigmas)
	return err
}

// BenchmarkLangevin reports the time of one transition of one chain of the two modes.
func BenchmarkLangevin(b *testing.B) {
	score, err := native.Mixture[float64](2, []float64{-2, 0, 2, 0}, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	x := slices.Repeat([]float64{10}, 2*100)
	sampler := native.Langevin[float64]{Score: score, StepSize: 0.01}
	if err := sampler.Run(context.Background(), x, 2, b.N/100+1, nil); err != nil {
		b.Fatal(err)
	}
}
