package prob

import (
	"math"
	"testing"

	"gibbs/lib/data"

	. "github.com/gomlx/gomlx/core/graph"
)

// TestSwissRoll checks the moments of the noiseless curve plus σ², and scores from
// trapezoidal sums over two million points. The lecture's sums of 2000 points give
// both ends of the curve the weight of an inner point, which shows at the origin
// (0.9539 for 0.963896 at σ = 1); elsewhere its numbers are these.
func TestSwissRoll(t *testing.T) {
	cases := []struct {
		sigma     float64
		at, score [2]float64
	}{
		{5, [2]float64{0, 0}, [2]float64{0.065946, -0.001914}},
		{2.5, [2]float64{0, 0}, [2]float64{0.494548, -0.374134}},
		{1, [2]float64{0, 0}, [2]float64{0.963896, -4.719051}},
		{1, [2]float64{10, 0}, [2]float64{2.250040, -0.234682}},
		{0.5, [2]float64{10, 0}, [2]float64{10.122942, -1.023134}},
	}
	var at [][]float64
	for _, c := range cases {
		at = append(at, c.at[:])
	}
	scores := run(func(x *Node) *Node {
		var all []*Node
		for i, c := range cases {
			all = append(all, SwissRoll(c.sigma).Score(Slice(x, AxisElem(i))))
		}
		return Concatenate(all, 0)
	}, at)
	for i, s := range scores {
		near(t, "score", s, cases[i/2].score[i%2], sixDecimals)
	}
	p := SwissRoll(0.1)
	near(t, "mean of x₁", p.Mean()[0], 2, 1e-10)
	near(t, "mean of x₂", p.Mean()[1], 2/(3*math.Pi), 1e-10)
	near(t, "sd of x₁", math.Sqrt(p.Cov().At(0, 0)-0.01), 6.623, 5.01e-4)
	near(t, "sd of x₂", math.Sqrt(p.Cov().At(1, 1)-0.01), 6.951, 5.01e-4)
	second := p.Cov().At(0, 0) + p.Cov().At(1, 1) + math.Pow(p.Mean()[0], 2) + math.Pow(p.Mean()[1], 2)
	near(t, "E‖x‖²", second, 39*math.Pi*math.Pi/4+0.02, 1e-9)
}

// TestSwissRollIsAnIntegral compares the score with that of four times as many
// nodes, within radius 20.
func TestSwissRollIsAnIntegral(t *testing.T) {
	var x [][]float64
	for r := 0.0; r <= 20; r += 3 {
		for a := 0.1; a < 2*math.Pi; a += 1.3 {
			x = append(x, []float64{r * math.Cos(a), r * math.Sin(a)})
		}
	}
	for _, sigma := range []float64{0.2, 5} {
		coarse, fine := SwissRoll(sigma), rollOf(sigma, max(256, int(800/sigma)))
		dense := run(fine.Score, x)
		for i, s := range run(coarse.Score, x) {
			if d := math.Abs(s - dense[i]); d > 1e-5/sigma {
				t.Errorf("σ = %g at %.1f: %g, with four times as many nodes %g", sigma, x[i/2], s, dense[i])
				break
			}
		}
	}
}

// TestSwissRollIsTheDataSet: the points of data.SwissRoll lie on the curve, and
// their mean log-probability under the smoothed law is that of its own draws.
func TestSwissRollIsTheDataSet(t *testing.T) {
	set := data.SwissRoll(2000, 1)
	var x [][]float64
	for i := 0; i < len(set.X); i += 2 {
		x = append(x, []float64{float64(set.X[i]), float64(set.X[i+1])})
	}
	// On a straight line of length ℓ the density is 1/(ℓ√(2π)σ): with uneven speed
	// r(t) the mean over the curve is E[−log(3π√(1+t²)·√(2π)σ)], less 0.02 for the ends
	// and the bend.
	const sigma, n = 0.1, 100000
	want := 0.0
	for i := range n {
		t := 1.5 * math.Pi * (1 + 2*(float64(i)+0.5)/n)
		want -= math.Log(3*math.Pi*math.Hypot(1, t)*math.Sqrt(2*math.Pi)*sigma) / n
	}
	mean := 0.0
	for _, l := range run(SwissRoll(sigma).LogProb, x) {
		mean += l / float64(len(x))
	}
	near(t, "mean log-probability of the data", mean, want, 0.03) // sd of one is 0.3
}
