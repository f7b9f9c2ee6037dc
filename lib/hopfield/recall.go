package hopfield

import (
	"fmt"
	"math"
	"slices"

	"gibbs/lib/rng"
)

// Recall changes one unit at a time to the sign of its field until none would change,
// and returns the fixed point with the sweeps that it took, the last of which changed
// nothing. It always ends: each change lowers the energy,
//
//	ΔE = (xᵢ_old − xᵢ_new)(hᵢ − Wᵢᵢxᵢ_old) < 0
//
// and there are finitely many states. order draws a new order of the units for each
// sweep, nil takes 0, 1, …, N−1. watch is called with the state and its energy at the
// start and after each unit that changed; nil is silent, and x is the watcher's to
// read only. The error says that x is no state of N units ±1.
func (net *Network) Recall(x []int8, order *rng.Host, watch func(x []int8, energy float64)) (end []int8, sweeps int, err error) {
	if err := checkState(x, net.Units()); err != nil {
		return nil, 0, fmt.Errorf("hopfield: start of recall: %w", err)
	}
	x = slices.Clone(x)
	h, energy := net.Fields(x), net.Energy(x)
	tell(watch, x, energy)
	units := cyclic(len(x))
	for changed := true; changed; sweeps++ {
		changed = false
		if order != nil {
			units = order.Perm(len(x))
		}
		for _, i := range units {
			old := x[i]
			if x[i] = net.sign(i, h[i], old); x[i] == old {
				continue
			}
			change := float64(x[i] - old)
			energy -= change * (h[i] - net.w.At(i, i)*float64(old))
			net.push(h, i, change)
			changed = true
			tell(watch, x, energy)
		}
	}
	return x, sweeps, nil
}

// RecallSync changes all units at once, as long as that leads to new states, and
// returns the last state with the period of what it fell into: 1, a fixed point, or
// 2, a cycle of two states, whose energy need not have fallen. With symmetric weights
// there is no third case (Goles, Olivos, 1981). The error says that x is no state of
// N units ±1.
func (net *Network) RecallSync(x []int8) (end []int8, period int, err error) {
	if err := checkState(x, net.Units()); err != nil {
		return nil, 0, fmt.Errorf("hopfield: start of recall: %w", err)
	}
	before, now := []int8(nil), slices.Clone(x)
	for {
		next := slices.Clone(now)
		for i, h := range net.Fields(now) {
			next[i] = net.sign(i, h, now[i])
		}
		switch {
		case slices.Equal(next, now):
			return now, 1, nil
		case slices.Equal(next, before):
			return now, 2, nil
		}
		before, now = now, next
	}
}

// Thermal makes sweeps of Glauber's heat bath at the inverse temperature beta, unit
// by unit in the order 0, 1, …, N−1, and returns the state after the last.
//
//	P(xᵢ = ±1 | the rest) = 1/(1 + e^{∓2β(hᵢ − Wᵢᵢxᵢ)})
//
// It leaves p(x) ∝ e^{−βE(x)} unchanged. watch is called with the state after every
// sweep; nil is silent, and x is the watcher's to read only. The error says that x is
// no state, or that beta is not a number ≥ 0.
//
// Source: Glauber, "Time-dependent statistics of the Ising model", 1963.
func (net *Network) Thermal(h *rng.Host, x []int8, beta float64, sweeps int, watch func(x []int8)) ([]int8, error) {
	if err := checkState(x, net.Units()); err != nil {
		return nil, fmt.Errorf("hopfield: start of the heat bath: %w", err)
	}
	if !(beta >= 0) || math.IsInf(beta, 1) {
		return nil, fmt.Errorf("hopfield: inverse temperature %g; give a finite number that is not negative", beta)
	}
	x = slices.Clone(x)
	fields := net.Fields(x)
	for range sweeps {
		for i, u := range h.Uniform(len(x)) {
			old := x[i]
			rest := fields[i] - net.w.At(i, i)*float64(old)
			x[i] = -1
			if u*(1+math.Exp(-2*beta*rest)) < 1 {
				x[i] = 1
			}
			if x[i] != old {
				net.push(fields, i, float64(x[i]-old))
			}
		}
		if watch != nil {
			watch(x)
		}
	}
	return x, nil
}

func tell(watch func(x []int8, energy float64), x []int8, energy float64) {
	if watch != nil {
		watch(x, energy)
	}
}

func cyclic(n int) []int {
	units := make([]int, n)
	for i := range units {
		units[i] = i
	}
	return units
}
