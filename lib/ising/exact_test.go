package ising_test

import (
	"math"
	"testing"

	"gibbs/lib/energy"
	"gibbs/lib/ising"
)

// within fails unless |got − want| ≤ tolerance.
func within(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: %.12g, want %.12g ± %g", name, got, want, tolerance)
	}
}

// enumerated returns the states of a lattice.
func enumerated(t *testing.T, l ising.Lattice) *ising.States {
	t.Helper()
	s, err := l.Enumerate()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestDensityOfStates holds 4×4 to its published density of states, and 3×3 to a count
// state by state with the energy written out.
func TestDensityOfStates(t *testing.T) {
	bonds, count := enumerated(t, ising.Lattice{L: 4}).DensityOfStates()
	want := map[int]int{32: 2, 24: 32, 20: 64, 16: 424, 12: 1728, 8: 6688, 4: 13568, 0: 20524}
	if len(bonds) != 15 {
		t.Errorf("%d energies of 4×4, want 15", len(bonds))
	}
	for i, e := range bonds {
		if count[i] != want[max(e, -e)] {
			t.Errorf("g(%d) = %d, want %d", e, count[i], want[max(e, -e)])
		}
	}

	type class struct{ bonds, m int }
	three := map[class]int{}
	for state := range 1 << 9 {
		spin := func(r, c int) int { return state>>(r%3*3+c%3)&1*2 - 1 }
		var at class
		for r := range 3 {
			for c := range 3 {
				at.bonds -= spin(r, c) * (spin(r, c+1) + spin(r+1, c))
				at.m += spin(r, c)
			}
		}
		three[at]++
	}
	s := enumerated(t, ising.Lattice{L: 3})
	for i, n := range s.Count {
		at := class{s.Bonds[i], s.M[i]}
		if three[at] != n {
			t.Errorf("3×3 %+v: %d states, want %d", at, n, three[at])
		}
		delete(three, at)
	}
	if len(three) != 0 {
		t.Errorf("3×3: missing %v", three)
	}
}

// fourByFour are the rows of ISING4: τ, log Z, U/N, C/N, S/N, ⟨|m|⟩, and of the mean
// field m, F/N and log Z less its bound.
var fourByFour = [][]float64{
	{1, 32.6987214019, -1.99715844, .02340940, .04651165, .99927458, .99932567, -2.00033631, .693340},
	{1.5, 22.1170139117, -1.95064256, .20034987, .08188500, .98617330, .98985917, -2.00741930, .704541},
	{2, 17.1053671187, -1.75538029, .60553266, .19139530, .91894327, .95750402, -2.03934214, .790630},
	{2.269185, 15.5219154588, -1.56562379, .78326683, .28016999, .84386044, .92651847, -2.07414268, .897159},
	{2.5, 14.5610930238, -1.37911648, .81251523, .35842172, .76471239, .89064348, -2.11665716, 1.014487},
	{3, 13.2810334556, -1.01706963, .60313471, .49104138, .60129133, .77551631, -2.25638191, 1.246997},
	{4, 12.2012710249, -.62548613, .24010865, .60620791, .41817923, 0, -2.77258872, 1.110916},
	{5, 11.7714703585, -.45613537, .11954619, .64448982, .34276563, 0, -3.46573590, .681115},
	{10, 11.2525884516, -.20571347, .02179343, .68271543, .24949779, 0, -6.93147181, .162234},
}

// TestISING4 holds enumeration, Kaufman's formula and the mean field to that table, to
// half a unit of its last digits. (Its fourth row is at τ_c, rounded there.)
func TestISING4(t *testing.T) {
	s := enumerated(t, ising.Lattice{L: 4})
	for _, row := range fourByFour {
		tau := row[0]
		if tau == 2.269185 {
			tau = ising.TauC
		}
		kaufman, err := ising.Kaufman(4, 4, tau)
		if err != nil {
			t.Fatal(err)
		}
		for name, at := range map[string]energy.Thermo{"enumeration": s.Levels().At(tau), "Kaufman": kaufman} {
			within(t, name+" log Z", at.LogZ, row[1], 5.1e-11)
			within(t, name+" U/N", at.U/16, row[2], 5.1e-9)
			within(t, name+" C/N", at.C/16, row[3], 5.1e-9)
			within(t, name+" S/N", at.S/16, row[4], 5.1e-9)
		}
		within(t, "⟨|m|⟩", s.Mean(math.Abs, tau), row[5], 5.1e-9)
		m, f := ising.OfLattice(4).Solve(tau)
		within(t, "mean field m", m, row[6], 5.1e-9)
		within(t, "mean field F/N", f, row[7], 5.1e-9)
		within(t, "log Z less the bound", kaufman.LogZ+16*f/tau, row[8], 5.1e-7)
	}
	within(t, "Binder at τ_c", s.Binder(ising.TauC), .617199, 5.1e-7)
	best, at := 0.0, 0.0
	for tau := 2.4; tau < 2.5; tau += 1e-4 {
		if c := s.Levels().At(tau).C / 16; c > best {
			best, at = c, tau
		}
	}
	within(t, "largest C/N", best, .816461, 5.1e-7)
	within(t, "its τ", at, 2.4390, 1e-4)
}

// TestKaufman holds the formula to the published log Z/N, to enumeration on 3×3 and 5×5,
// its derivatives to differences, rows to columns, and a large lattice to Onsager.
func TestKaufman(t *testing.T) {
	kaufman := func(rows, cols int, tau float64) energy.Thermo {
		at, err := ising.Kaufman(rows, cols, tau)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	betaC := 1 / ising.TauC
	for beta, row := range map[float64][]float64{
		.3: {.79077079, .79055950, .79055907}, .4: {.88436545, .87980018, .87937335},
		betaC: {.93971532, .93219631, .93032039}, .5: {1.03663409, 1.02850082, 1.02646971},
	} {
		for i, l := range []int{8, 16, 32} {
			within(t, "log Z/N", kaufman(l, l, 1/beta).LogZ/float64(l*l), row[i], 5.1e-9)
		}
	}
	for _, l := range []int{3, 5} {
		if l == 5 && testing.Short() {
			continue
		}
		levels := enumerated(t, ising.Lattice{L: l}).Levels()
		for _, tau := range []float64{0.7, 1.9, ising.TauC, 3, 8} {
			exact, at := levels.At(tau), kaufman(l, l, tau)
			within(t, "log Z", at.LogZ, exact.LogZ, 1e-11*exact.LogZ)
			within(t, "U", at.U, exact.U, 1e-9)
			within(t, "C", at.C, exact.C, 1e-9)
		}
	}
	for _, tau := range []float64{1.5, ising.TauC, 2.6} {
		at, turned := kaufman(6, 10, tau), kaufman(10, 6, tau)
		within(t, "6×10 against 10×6, log Z", at.LogZ, turned.LogZ, 1e-10)
		within(t, "6×10 against 10×6, C", at.C, turned.C, 1e-8)
		const h = 1e-4
		up, down := kaufman(6, 10, 1/(1/tau+h)), kaufman(6, 10, 1/(1/tau-h))
		within(t, "U by differences", at.U, -(up.LogZ-down.LogZ)/(2*h), 1e-4)
		within(t, "C by differences", at.C, -(up.U-down.U)/(2*h)/(tau*tau), 1e-4)
	}
	for _, tau := range []float64{1.5, 2, 2.5, 4} {
		large, onsager := kaufman(512, 512, tau), ising.Onsager(tau)
		within(t, "512×512 against Onsager, log Z/N", large.LogZ/(512*512), onsager.LogZ, 1e-5)
		within(t, "U/N", large.U/(512*512), onsager.U, 1e-8)
		within(t, "C/N", large.C/(512*512), onsager.C, 1e-6)
	}
	if _, err := ising.Kaufman(2, 8, 1); err == nil {
		t.Error("two rows: want an error")
	}
}

// TestOnsager holds the infinite lattice to published values, and to 2G/π + ½ ln 2 at
// τ_c (G is Catalan's constant).
func TestOnsager(t *testing.T) {
	const catalan = 0.915965594177219015
	at := ising.Onsager(ising.TauC)
	within(t, "log Z/N at τ_c", at.LogZ, math.Ln2/2+2*catalan/math.Pi, 1e-12)
	within(t, "U/N at τ_c", at.U, -math.Sqrt2, 1e-7)
	within(t, "F/N at τ_c", at.F(), -2.1096511, 5.1e-8)
	within(t, "F/N at 2", ising.Onsager(2).F(), -2.0515856, 5.1e-8)
	within(t, "F/N at 2.5", ising.Onsager(2.5).F(), -2.1984096, 5.1e-8)
	within(t, "m at 2", ising.Onsager(2).M, .9113194, 5.1e-8)
	within(t, "m at 2.2", ising.Onsager(2.2).M, .7847551, 5.1e-8)
	if m := ising.Onsager(2.27).M; m != 0 {
		t.Errorf("m above τ_c: %g", m)
	}
	within(t, "τ_c", ising.TauC, 2/math.Log(1+math.Sqrt2), 1e-15)
	for _, tau := range []float64{1, 2.2, 2.4, 6} { // U = −∂log Z/∂β, C = ∂U/∂τ
		const h = 1e-5
		up, down := ising.Onsager(1/(1/tau+h)), ising.Onsager(1/(1/tau-h))
		within(t, "U by differences", ising.Onsager(tau).U, -(up.LogZ-down.LogZ)/(2*h), 1e-6)
		within(t, "C by differences", ising.Onsager(tau).C, (ising.Onsager(tau+h).U-ising.Onsager(tau-h).U)/(2*h), 1e-6)
	}
}

// TestRing holds the ring to its published log Z, to enumeration of 12 spins, and to
// the Bethe approximation, which is exact there for many spins.
func TestRing(t *testing.T) {
	ring := func(n int, tau float64) energy.Thermo {
		at, err := ising.Ring(n, tau)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	within(t, "16 spins, τ = 1", ring(16, 1).LogZ, 18.0435776532, 5.1e-11)
	var energies []float64
	for state := range 1 << 12 {
		e := 0
		for i := range 12 {
			e -= (state>>i&1*2 - 1) * (state>>((i+1)%12)&1*2 - 1)
		}
		energies = append(energies, float64(e))
	}
	for _, tau := range []float64{0.4, 1, 3, 20} {
		exact, at := energy.Levels{Energy: energies}.At(tau), ring(12, tau)
		within(t, "log Z", at.LogZ, exact.LogZ, 1e-11)
		within(t, "U", at.U, exact.U, 1e-10)
		within(t, "C", at.C, exact.C, 1e-9)
		m, logZ := ising.Bethe{Z: 2}.Solve(tau)
		within(t, "Bethe with z = 2", logZ, ring(10_000, tau).LogZ/10_000, 1e-6)
		within(t, "its m", m, 0, 0)
	}
}

// TestBethe: τ_c of z = 4, order below it and none above, a lower free energy error than
// the mean field's, and m = −∂f/∂h.
func TestBethe(t *testing.T) {
	within(t, "τ_c of z = 4", ising.Bethe{Z: 4}.TauC(), 2.885390, 5.1e-7)
	for _, tau := range []float64{1.5, 2.5, 2.88, 2.89, 4} {
		m, logZ := ising.Bethe{Z: 4}.Solve(tau)
		if ordered := tau < 2.885390; ordered != (m > 0.01) {
			t.Errorf("τ = %g: m = %g", tau, m)
		}
		_, f := ising.OfLattice(4).Solve(tau)
		exact := ising.Onsager(tau)
		if off := math.Abs(logZ - exact.LogZ); off > math.Abs(-f/tau-exact.LogZ) {
			t.Errorf("τ = %g: log Z/N off by %g, more than the mean field", tau, off)
		}
		for _, field := range []float64{0.3, -0.3} {
			const h = 1e-5
			m, _ := ising.Bethe{Z: 4, Field: field}.Solve(tau)
			_, up := ising.Bethe{Z: 4, Field: field + h}.Solve(tau)
			_, down := ising.Bethe{Z: 4, Field: field - h}.Solve(tau)
			within(t, "m by differences", m, tau*(up-down)/(2*h), 1e-6)
		}
	}
}
