package mcmc_test

import (
	"fmt"
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/mcmc"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/support/exceptions"
)

// ladder is a joint law of replicas on the levels E = 0, 1, 2, 3.
var ladder = []float64{0.1, 0.5, 1, 2}

const levels = 4

// exactLadder draws chains from the ladder's joint law: energies [replicas][chains].
func exactLadder(chains int) [][]float64 {
	h := rng.NewHost(9)
	energy := make([][]float64, len(ladder))
	for i, beta := range ladder {
		z := 0.0
		for e := range levels {
			z += math.Exp(-beta * float64(e))
		}
		energy[i] = make([]float64, chains)
		for c, u := range h.Uniform(chains) {
			e := -1.0
			for ; u > 0; u -= math.Exp(-beta*e) / z {
				e++
			}
			energy[i][c] = e
		}
	}
	return energy
}

// exchanger returns the exchange number t as a call: swapped int32
// positions, swapped energies, which neighbours swapped.
func exchanger(t *testing.T) func(t int32, beta []float64, energy [][]float64) (x, e, accepted []float64) {
	t.Helper()
	exec := MustNewExec(backend.MustOpen(), func(key, i, beta, energy *Node) (x, e, accepted *Node) {
		_, swap, yes := mcmc.Exchange(rng.FromKey(key), i, beta, energy)
		x = ConvertDType(swap(ExpandAxes(ConvertDType(energy, dtypes.Int32), -1)), dtypes.Float64)
		return x, swap(energy), ConvertDType(yes, dtypes.Float64)
	})
	t.Cleanup(exec.Finalize)
	return func(i int32, beta []float64, energy [][]float64) (x, e, accepted []float64) {
		out := exec.MustCall(rng.Key(3), i, beta, energy)
		return flat(out[0]), flat(out[1]), flat(out[2])
	}
}

// swapCheck is the largest deviation, in standard errors, of the swaps of one
// exchange from their probabilities, and of the flow (a, b) → (b, a) from the flow
// back, over all pairs of neighbours and of levels. The chains are drawn from the
// joint law, so that equal flows are detailed balance.
func swapCheck(energy [][]float64, accepted []float64, turn int) (rate, balance float64) {
	chains := len(energy[0])
	for i := turn; i+1 < len(ladder); i += 2 {
		var tried, swapped [levels][levels]float64
		for c := range chains {
			a, b := int(energy[i][c]), int(energy[i+1][c])
			tried[a][b]++
			swapped[a][b] += accepted[i*chains+c]
		}
		for a := range levels {
			for b := range levels {
				alpha := math.Min(1, math.Exp((ladder[i]-ladder[i+1])*float64(a-b)))
				if d := swapped[a][b] - alpha*tried[a][b]; d != 0 {
					rate = math.Max(rate, math.Abs(d)/math.Sqrt(tried[a][b]*alpha*(1-alpha)))
				}
				if d := swapped[a][b] - swapped[b][a]; d != 0 {
					balance = math.Max(balance, math.Abs(d)/math.Sqrt(swapped[a][b]+swapped[b][a]))
				}
			}
		}
	}
	return rate, balance
}

// TestExchange holds exchanges of four replicas to detailed balance and to the swap
// probabilities, even and odd, and positions to what was accepted. With 40,000
// chains it catches 2 % of the common probabilities. Wrong inverse temperatures
// stand for wrong ratios, and must be caught.
func TestExchange(t *testing.T) {
	const chains = 40_000
	energy := exactLadder(chains)
	beta := map[string][]float64{
		"": ladder, "sign of the ratio": {-0.1, -0.5, -1, -2}, "T for β": {10, 2, 1, 0.5},
		"β of one replica alone": {0, 0.5, 0, 2}, "one β too near": {0.1, 0.5, 0.9, 2},
	}
	exchange := exchanger(t)
	for mistake, beta := range beta {
		for turn := range 2 {
			x, e, accepted := exchange(int32(turn), beta, energy)
			rate, balance := swapCheck(energy, accepted, turn)
			t.Logf("%-24s t = %d: swaps off by %.1f, flows by %.1f standard errors", mistake, turn, rate, balance)
			if mistake == "" {
				if !(rate < alpha) || !(balance < alpha) {
					t.Errorf("t = %d: swaps off by %.1f, flows by %.1f standard errors", turn, rate, balance)
				}
				followed(t, turn, energy, x, e, accepted)
			} else if turn == 1 && rate < alpha && balance < alpha {
				t.Errorf("%s: not caught", mistake)
			}
		}
	}
}

// followed checks that positions and energies were moved by what was accepted, and
// that neighbours swapped only in turn.
func followed(t *testing.T, turn int, energy [][]float64, x, e, accepted []float64) {
	t.Helper()
	chains := len(energy[0])
	for c := range chains {
		want := make([]float64, len(ladder))
		for i := range want {
			want[i] = energy[i][c]
		}
		for i := range len(ladder) - 1 {
			if accepted[i*chains+c] == 0 {
				continue
			}
			if i%2 != turn {
				t.Fatalf("t = %d: the pair %d swapped out of turn", turn, i)
			}
			want[i], want[i+1] = want[i+1], want[i]
		}
		for i := range want {
			if x[i*chains+c] != want[i] || e[i*chains+c] != want[i] {
				t.Fatalf("t = %d, chain %d, replica %d: at %g with energy %g, want %g", turn, c, i, x[i*chains+c], e[i*chains+c], want[i])
			}
		}
	}
}

// TestExchangeMisuse has wrong shapes, and an energy that is NaN.
func TestExchangeMisuse(t *testing.T) {
	_, _, accepted := exchanger(t)(0, []float64{1, 1}, [][]float64{{math.NaN(), 0}, {0, 1}})
	if accepted[0] != 0 || accepted[1] != 1 {
		t.Errorf("accepted %v, want NaN never and equal β always", accepted)
	}
	g := NewGraph(backend.MustOpen(), "misuse")
	defer g.Finalize()
	s, i := rng.New(g, 1), Const(g, int32(0))
	two, one := Const(g, []float32{1, 2}), Const(g, [][]float32{{1}, {2}})
	for name, f := range map[string]func(){
		"one replica":   func() { mcmc.Exchange(s, i, Const(g, []float32{1}), Const(g, [][]float32{{1}})) },
		"dtypes":        func() { mcmc.Exchange(s, i, Const(g, []float64{1, 2}), one) },
		"energy's rank": func() { mcmc.Exchange(s, i, two, two) },
		"float t":       func() { mcmc.Exchange(s, Const(g, 1.0), two, one) },
		"swap's shape": func() {
			_, swap, _ := mcmc.Exchange(s, i, two, one)
			swap(two)
		},
	} {
		if exceptions.Try(f) == nil {
			t.Errorf("%s: want a panic", name)
		}
	}
}

// ExampleExchange swaps the positions of two replicas where the colder one has the
// higher energy, which is always accepted.
func ExampleExchange() {
	exec := MustNewExec(backend.MustOpen(), func(key, beta, energy *Node) (*Node, *Node) {
		_, swap, accepted := mcmc.Exchange(rng.FromKey(key), Const(key.Graph(), int32(0)), beta, energy)
		return swap(energy), accepted
	})
	energy := tensors.FromValue([][]float32{{1}, {3}}) // [replicas, chains]
	swapped, accepted := exec.MustCall2(rng.Key(1), []float32{0.5, 2}, energy)
	fmt.Println(swapped.Value(), accepted.Value())
	// Output:
	// [[3] [1]] [[true]]
}
