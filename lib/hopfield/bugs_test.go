package hopfield_test

import (
	"math"
	"slices"
	"testing"

	"gibbs/lib/hopfield"
	"gibbs/lib/rng"

	"gonum.org/v1/gonum/mat"
)

// heatBath is a sweep over the units of a network at the inverse temperature beta,
// with one of the mistakes that people make.
func heatBath(mistake string, w mat.Matrix, bias []float64, beta float64, h *rng.Host, x []int8) {
	before := slices.Clone(x)
	for i, u := range h.Uniform(len(x)) {
		field, others := bias[i], x
		if mistake == "all units at once" {
			others = before
		}
		for j, s := range others {
			if j != i || mistake == "a unit that sees itself" {
				field += w.At(i, j) * float64(s)
			}
		}
		switch mistake {
		case "no 2 in the exponent":
			field /= 2
		case "sign of the field":
			field = -field
		case "temperature for its inverse":
			field /= beta * beta
		case "no bias":
			field -= bias[i]
		}
		x[i] = -1
		if u < 1/(1+math.Exp(-2*beta*field)) {
			x[i] = 1
		}
	}
}

// TestHeatBath holds the frequencies of the 16 states of four units to the Gibbs law:
// the library's within 4.89 standard errors, and those of every mistake beyond.
func TestHeatBath(t *testing.T) {
	w := mat.NewSymDense(4, []float64{.6, .5, -.3, .2, .5, .6, .7, -.4, -.3, .7, .6, .1, .2, -.4, .1, .6})
	bias := []float64{.1, -.2, 0, .3}
	net, err := hopfield.NewNetwork(w, bias)
	if err != nil {
		t.Fatal(err)
	}
	const beta, sweeps, gap = 0.8, 60_000, 4 // every fourth sweep counts: the next ones resemble it by less than 1 %
	states, exact, z := make([][]int8, 16), make([]float64, 16), 0.0
	for s := range exact {
		for i := range 4 {
			states[s] = append(states[s], int8(2*(s>>i&1)-1))
		}
		exact[s] = math.Exp(-beta * net.Energy(states[s]))
		z += exact[s]
	}
	misfit := func(run func(visit func(x []int8))) (worst float64) {
		counts, sweep := make([]float64, 16), 0
		run(func(x []int8) {
			if sweep++; sweep%gap == 0 {
				counts[slices.IndexFunc(states, func(s []int8) bool { return slices.Equal(s, x) })]++
			}
		})
		for s := range exact {
			p := exact[s] / z
			worst = max(worst, math.Abs(counts[s]*gap/sweeps-p)/math.Sqrt(p*(1-p)*gap/sweeps))
		}
		return worst
	}
	got := misfit(func(visit func(x []int8)) {
		if _, err := net.Thermal(rng.NewHost(6), states[0], beta, sweeps, visit); err != nil {
			t.Fatal(err)
		}
	})
	if t.Logf("Thermal: largest of 16 |z| %.2f", got); !(got < 4.89) {
		t.Errorf("Thermal: a frequency is %.2f standard errors off", got)
	}
	for _, mistake := range []string{
		"", "all units at once", "a unit that sees itself", "no 2 in the exponent", "sign of the field", "temperature for its inverse", "no bias",
	} {
		got := misfit(func(visit func(x []int8)) {
			h, x := rng.NewHost(6), slices.Clone(states[0])
			for range sweeps {
				heatBath(mistake, w, bias, beta, h, x)
				visit(x)
			}
		})
		t.Logf("%q: largest |z| %.2f", mistake, got)
		if (got < 4.89) != (mistake == "") {
			t.Errorf("planted mistake %q: largest |z| %.2f", mistake, got)
		}
	}
}
