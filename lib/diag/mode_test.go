package diag

import (
	"math"
	"slices"
	"testing"

	"gibbs/lib/rng"
	"gonum.org/v1/gonum/floats/scalar"
)

// switching draws chains of two states that leave state 0 with probability a and
// state 1 with b: the weight of state 1 is a/(a+b).
func switching(h *rng.Host, a, b float64, chains, draws int) [][]int {
	out := make([][]int, chains)
	for c := range out {
		u := h.Uniform(draws + 1)
		state := 0
		if u[draws] < a/(a+b) {
			state = 1
		}
		for _, v := range u[:draws] {
			if leave := []float64{a, b}[state]; v < leave {
				state = 1 - state
			}
			out[c] = append(out[c], state)
		}
	}
	return out
}

func itself(state int) int { return state }

// weightErrors calibrates the error of a weight of ¼ by effective sample size, by the
// spread of many chains, and for many chains of one draw.
func weightErrors(weigh func(chains [][]int) Estimate) map[string]error {
	faults := map[string]error{}
	for name, size := range map[string][2]int{"few long chains": {4, 500}, "many short chains": {60, 20}, "one draw each": {200, 1}} {
		faults[name] = calibrate(name, 400, 0.25, 0.15, func(h *rng.Host) Estimate {
			return weigh(switching(h, 0.05, 0.15, size[0], size[1]))
		})
	}
	return faults
}

func TestModeWeightsErrors(t *testing.T) {
	for _, err := range weightErrors(func(chains [][]int) Estimate { return ModeWeights(chains, 2, itself)[1] }) {
		if err != nil {
			t.Error(err)
		}
	}
	binomial := weightErrors(func(chains [][]int) Estimate {
		w := ModeWeights(chains, 2, itself)[1].Value
		return Estimate{w, math.Sqrt(w * (1 - w) / float64(len(chains)*len(chains[0])))}
	})
	for name, err := range binomial {
		if caught := err != nil; caught == (name == "one draw each") {
			t.Errorf("draws taken as independent, %s: caught is %v", name, caught)
		}
	}
}

func TestModeWeightsByHand(t *testing.T) {
	stuck := make([][]float64, 8) // 6 chains at −2, 2 at +2, for 500 draws
	for c := range stuck {
		for range 500 {
			stuck[c] = append(stuck[c], math.Copysign(2, float64(c)-5.5))
		}
	}
	weights := ModeWeights(stuck, 3, func(x float64) int { return map[bool]int{true: 0, false: 1}[x < 0] })
	if weights[0].Value != 0.75 || weights[1].Value != 0.25 || weights[2].Value != 0 {
		t.Errorf("weights %v", weights)
	}
	// A stuck chain is one draw: √(¾·¼/8) = 0.153.
	if e := weights[0].Error; math.Abs(e/math.Sqrt(0.75*0.25/8)-1) > 0.1 {
		t.Errorf("error of stuck chains %v", e)
	}
	if !math.IsNaN(weights[2].Error) {
		t.Errorf("an empty basin has the error %v", weights[2].Error)
	}
	none := ModeWeights([][]float64{{1, 2, 3, 4, -1, -2}, {9, 8, 7, 6, -5, -4}}, 1, func(x float64) int { return int(math.Copysign(1, x)) - 1 })
	if !scalar.EqualWithinAbs(none[0].Value, 8.0/12, 1e-15) {
		t.Errorf("draws outside of all basins: %v", none)
	}
	for _, chains := range []int{4, 2 * manyChains} {
		for m, w := range ModeWeights(slices.Repeat([][]int{{0, 0, 0, 0}}, chains), 2, itself) {
			if w.Value != float64(1-m) || !math.IsNaN(w.Error) {
				t.Errorf("%d chains that all stay in basin 0: weight %d is %v", chains, m, w)
			}
		}
	}
	if short := ModeWeights([][]int{{0, 1}, {1, 1}}, 2, itself); short[1].Value != 0.75 || !math.IsNaN(short[1].Error) {
		t.Errorf("two short chains: %v", short)
	}
}
