package show

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gibbs/lib/rng"

	"gonum.org/v1/gonum/floats"
)

// threeChains are chains of which the last lies higher.
func threeChains() [][]float64 {
	h := rng.NewHost(2)
	chains := [][]float64{h.Normal(400), h.Normal(400), h.Normal(400)}
	floats.AddConst(2, chains[2])
	return chains
}

// marks has draws 3 of chain 0 and 7 of chain 2.
func marks() [][]bool {
	divergent := [][]bool{make([]bool, 400), make([]bool, 400), make([]bool, 400)}
	divergent[0][3], divergent[2][7] = true, true
	return divergent
}

func TestChainPanels(t *testing.T) {
	chains := threeChains()
	trace := TracePlot("x", chains, marks())
	if n := len(trace.layers); n != 4 || !slices.Equal(trace.layers[2].ys, chains[2]) {
		t.Errorf("trace: %d layers, want one of each chain and the crosses", n)
	}
	crosses := trace.layers[3]
	if !slices.Equal(crosses.xs, []float64{3, 7}) || !slices.Equal(crosses.ys, []float64{chains[0][3], chains[2][7]}) || crosses.style.Label != "2 divergent" {
		t.Errorf("crosses at %v, %v: %q", crosses.xs, crosses.ys, crosses.style.Label)
	}
	if n := len(TracePlot("x", chains, nil).layers); n != 3 {
		t.Errorf("trace without crosses: %d layers", n)
	}

	pair := PairPlot("x", "y", chains, chains, marks())
	if len(pair.layers) != 2 || len(pair.layers[0].xs) != 1200 || !slices.Equal(pair.layers[1].xs, crosses.ys) {
		t.Errorf("pairs: %d layers", len(pair.layers))
	}

	ranks := RankPlot("x", chains)
	for c, want := range []bool{true, true, false} { // above 1 on the left?
		heights := ranks.layers[c].ys
		if math.Abs(floats.Sum(heights)/40-1) > 1e-12 {
			t.Errorf("chain %d: the mean height is %g, want 1", c, floats.Sum(heights)/40)
		}
		if (heights[0] > 1.2) != want || (heights[39] < 0.5) != want {
			t.Errorf("chain %d: heights %.2f … %.2f", c, heights[0], heights[39])
		}
	}
	ties := RankPlot("x", [][]float64{{1, 1, 1, 1}, {1, 1, 1, 1}}).layers[0].ys
	if ties[20] != 20 {
		t.Errorf("equal draws: heights %v, want all in the middle", ties)
	}

	energy := EnergyPlot(chains)
	if len(energy.layers) != 2 || energy.layers[0].kind != "histogram of 1200 values in 40 bins" || energy.layers[1].kind != "histogram of 1197 values in 40 bins" {
		t.Errorf("energies: %+v", energy.layers)
	}
	if _, err := Draw("Four panels of chains.", trace, ranks, energy, pair); err != nil {
		t.Error(err)
	}
	for name, f := range map[string]func(){
		"no chains":    func() { TracePlot("x", nil, nil) },
		"ragged":       func() { RankPlot("x", [][]float64{{1, 2}, {1}}) },
		"short marks":  func() { TracePlot("x", chains, marks()[:2]) },
		"x and y":      func() { PairPlot("x", "y", chains, chains[:2], marks()) },
		"empty chains": func() { EnergyPlot([][]float64{{}}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// TestShadesStandOut checks the contrast of the chains' colours against the card, and
// that neighbours of five differ.
func TestShadesStandOut(t *testing.T) {
	for n := 1; n <= 12; n++ {
		for c := range n {
			if r := contrast(shade(c, n), card); r < 3 {
				t.Errorf("chain %d of %d: a contrast of %.2f, want 3", c, n, r)
			}
			if c > 0 && n <= 5 && shade(c, n) == shade(c-1, n) {
				t.Errorf("chains %d and %d of %d look alike", c-1, c, n)
			}
		}
	}
}

func ExampleTracePlot() {
	left, right := []float64{-2.1, -1.9, -2, -2.2}, []float64{2, 1.8, 2.1, 2}
	Figure("Two chains that stay at −2 and at 2: each has found one mode.", TracePlot("x", [][]float64{left, right}, nil))
	fmt.Println("and so do their ranks:", len(RankPlot("x", [][]float64{left, right}).layers)-1, "lines")
	// Output:
	// Figure: Two chains that stay at −2 and at 2: each has found one mode.
	// and so do their ranks: 2 lines
}
