package ising

import (
	"context"
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"
)

// TestRulesBalance: p(−)P(− → +) = p(+)P(+ → −) to rounding, the thresholds rise with
// the sum, as counting them needs, and stand for the probabilities to 2⁻³².
func TestRulesBalance(t *testing.T) {
	for _, rule := range []Rule{HeatBath, Metropolis} {
		for _, tau := range []float64{0.1, 1, TauC, 50} {
			for _, field := range []float64{0, 0.3, -5} {
				table := rule.thresholds(field, []float64{tau}, 1)
				for sum := -4; sum <= 4; sum += 2 {
					ratio := math.Exp(2 * (float64(sum) + field) / tau) // p(+)/p(−)
					up, down := rule.up(-1, sum, field, tau), 1-rule.up(1, sum, field, tau)
					if d := math.Abs(up - ratio*down); d > 1e-12*math.Max(1, ratio) {
						t.Errorf("rule %d, τ = %g, h = %g, sum %d: balance off by %g", rule, tau, field, sum, d)
					}
					for i, row := range table {
						k := sum/2 + 2
						if k > 0 && row[k][0] < row[k-1][0] {
							t.Errorf("rule %d: thresholds %v fall", rule, row)
						}
						if d := math.Abs(float64(row[k][0])/(1<<32) - rule.up(2*i-1, sum, field, tau)); d > 0x1p-32 {
							t.Errorf("rule %d: threshold off by %g", rule, d)
						}
					}
				}
			}
		}
	}
}

// hostSweeps makes the sweeps of a Sampler on the host, in the textbook's words: each
// site reads its four neighbours and the word that the device draws for it. mistake
// plants one.
func hostSweeps(l Lattice, c Config, mistake string) [][]int {
	n, half := len(c.Tau)*c.Chains, l.L/2
	stream := rng.NewHost(c.Seed).Fold(0).Lanes(half * half * n)
	x := make([][]int, n) // [lattice][site]
	for i := range x {
		x[i] = make([]int, l.Sites())
	}
	quarter := func(a, b int, f func(lattice, site int, word uint32)) {
		for k, word := range stream.Bits(half * half * n) {
			lattice, at := k%n, k/n
			f(lattice, (2*(at/half)+a)*l.L+2*(at%half)+b, word)
		}
	}
	for a := range 2 {
		for b := range 2 {
			quarter(a, b, func(lattice, site int, word uint32) { x[lattice][site] = 1 - 2*int(word>>31) })
		}
	}
	for range c.Sweeps {
		for parity := range 2 {
			for a := range 2 {
				quarter(a, a^parity, func(lattice, site int, word uint32) {
					sum := 0
					around, old, tau := l.neighbours(site), x[lattice][site], c.Tau[lattice/c.Chains]
					switch mistake {
					case "left neighbour twice":
						around[3] = around[2]
					case "β for 2β":
						tau *= 2
					case "old spin turned":
						old = -old
					case "temperatures of the neighbour":
						tau = c.Tau[(lattice/c.Chains+1)%len(c.Tau)]
					case "a sublattice that reads itself":
						around = [4]int{site, site, site, site}
					}
					for _, j := range around {
						sum += x[lattice][j]
					}
					up := c.Rule.up(old, sum, l.Field, tau)
					if x[lattice][site] = -1; float64(word) < up*(1<<32) {
						x[lattice][site] = 1
					}
				})
			}
		}
	}
	return x
}

// TestSweepsWordForWord holds the spins after some sweeps to the host's, for both rules,
// with many lattices and with one; a host with a mistake must not agree.
func TestSweepsWordForWord(t *testing.T) {
	for _, c := range []struct {
		l Lattice
		Config
		mistakes []string
	}{
		{
			Lattice{L: 6, Field: 0.2}, Config{Tau: []float64{1.5, 2.5, 4}, Chains: 2, Rule: Metropolis},
			[]string{"left neighbour twice", "β for 2β", "old spin turned", "temperatures of the neighbour", "a sublattice that reads itself"},
		},
		{Lattice{L: 8}, Config{Tau: []float64{2.5}, Chains: 1}, []string{"left neighbour twice", "β for 2β", "a sublattice that reads itself"}},
	} {
		c.Config.Hot, c.Config.Sweeps, c.Config.Seed = true, 5, 11
		r, err := Run(context.Background(), backend.MustOpen(), c.l, c.Config)
		if err != nil {
			t.Fatal(err)
		}
		differ := func(mistake string) (spins int) {
			for k, want := range hostSweeps(c.l, c.Config, mistake) {
				for site, spin := range want {
					if int(r.Final[k/c.Chains][k%c.Chains].S[site]) != spin {
						spins++
					}
				}
			}
			return spins
		}
		if n := differ(""); n != 0 {
			t.Errorf("%+v: %d spins differ from the host's", c.l, n)
		}
		for _, mistake := range c.mistakes {
			if differ(mistake) == 0 {
				t.Errorf("%+v: %s: not caught", c.l, mistake)
			}
		}
	}
}

// TestGraphFunctions holds Energy to the host's, and HeatBath by its law: started from
// independent random spins at β = 0.2 on 4×4, the mean energy after 30 sweeps, 4,000
// lattices, which catches 2 % of it.
func TestGraphFunctions(t *testing.T) {
	const lattices, tau, field = 4000, 5, 0.1
	l := Lattice{L: 4, Field: field}
	exec := MustNewExec(backend.MustOpen(), func(key, x, beta *Node) (*Node, *Node) {
		_, next := l.HeatBath(rng.FromKey(key), x, beta)
		return next, l.Energy(next)
	})
	defer exec.Finalize()
	x := make([][][]float64, lattices)
	h := rng.NewHost(3)
	for i := range x {
		for range 4 {
			row := make([]float64, 4)
			for k, w := range h.Bits(4) {
				row[k] = 1 - 2*float64(w>>31)
			}
			x[i] = append(x[i], row)
		}
	}
	var e []float64
	for sweep := range int64(30) {
		next, energies := exec.MustCall2(rng.Key(sweep), x, 1./tau)
		x, e = next.Value().([][][]float64), energies.Value().([]float64)
	}
	mean, square := 0.0, 0.0
	for i := range x {
		s := NewSpins(l)
		for site := range s.S {
			s.S[site] = int8(x[i][site/4][site%4])
		}
		if math.Abs(s.Energy()-e[i]) > 1e-12 {
			t.Fatalf("lattice %d: E = %g, host %g", i, e[i], s.Energy())
		}
		mean += e[i] / lattices
		square += e[i] * e[i] / lattices
	}
	states, err := l.Enumerate()
	if err != nil {
		t.Fatal(err)
	}
	want := states.Levels().At(tau).U
	if z := (mean - want) / math.Sqrt((square-mean*mean)/lattices); math.Abs(z) > 4.89 {
		t.Errorf("mean energy %.3f, want %.3f: off by %.1f standard errors", mean, want, z)
	}
}
