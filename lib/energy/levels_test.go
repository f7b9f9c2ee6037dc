package energy_test

import (
	"fmt"
	"math"
	"testing"

	"gibbs/lib/energy"

	"gonum.org/v1/gonum/floats"
)

// within fails if got is farther than tolerance from want.
func within(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: %.10g, want %.10g ± %.2g", name, got, want, tolerance)
	}
}

// panics fails unless f panics.
func panics(t *testing.T, name string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if recover() == nil {
			t.Errorf("%s does not panic", name)
		}
	}()
	f()
}

var four = energy.Levels{Energy: []float64{0, 1, 2, 3}}

// reference is the table of the lecture: four levels at five temperatures.
var reference = []struct {
	tau           float64
	p             []float64
	logZ, u, s, c float64
}{
	{.25, []float64{.981684, .017980, .000329, .000006}, .018485, .018657, .093113, .304059},
	{.5, []float64{.864955, .117059, .015842, .002144}, .145078, .155175, .455429, .702578},
	{1, []float64{.643914, .236883, .087144, .032059}, .440190, .507347, .947537, .616586},
	{2, []float64{.455054, .276004, .167405, .101536}, .787339, .915424, 1.245050, .255363},
	{10, []float64{.288651, .261183, .236328, .213838}, 1.242536, 1.375353, 1.380071, .012394},
}

func TestLevelsTable(t *testing.T) {
	for _, row := range reference {
		if err := agrees(four.At(row.tau), row.logZ, row.u, row.s, row.c); err != nil {
			t.Errorf("τ = %g: %v", row.tau, err)
		}
		if p := four.Probs(row.tau); floats.Distance(p, row.p, math.Inf(1)) > 5.1e-7 {
			t.Errorf("τ = %g: probabilities %.6f, want %.6f", row.tau, p, row.p)
		}
	}
}

// agrees compares with a row of six printed digits.
func agrees(at energy.Thermo, logZ, u, s, c float64) error {
	for _, x := range [][2]float64{{at.LogZ, logZ}, {at.U, u}, {at.S, s}, {at.C, c}, {at.F, -at.Tau * logZ}} {
		if !(math.Abs(x[0]-x[1]) <= 5.1e-7*max(1, at.Tau)) {
			return fmt.Errorf("%.7f, want %.6f, in %+v", x[0], x[1], at)
		}
	}
	return nil
}

// TestLevelsCatchesPlantedBugs: what the table must not let through.
func TestLevelsCatchesPlantedBugs(t *testing.T) {
	for name, bug := range map[string]func(energy.Thermo) energy.Thermo{
		"C without τ²":         func(a energy.Thermo) energy.Thermo { a.C *= a.Tau * a.Tau; return a },
		"S with the sign of F": func(a energy.Thermo) energy.Thermo { a.S = a.U/a.Tau - a.LogZ; return a },
		"S without β":          func(a energy.Thermo) energy.Thermo { a.S = a.U + a.LogZ; return a },
		"F without τ":          func(a energy.Thermo) energy.Thermo { a.F = -a.LogZ; return a },
		"F with the wrong sign": func(a energy.Thermo) energy.Thermo {
			a.F = a.U + a.Tau*a.S
			return a
		},
	} {
		caught := 0
		for _, row := range reference {
			if agrees(bug(four.At(row.tau)), row.logZ, row.u, row.s, row.c) != nil {
				caught++
			}
		}
		if caught < 4 {
			t.Errorf("%s: only %d of 5 temperatures catch it", name, caught)
		}
	}
}

// TestThermodynamicIdentities holds derivatives by differences to the fields, at
// levels with multiplicities, far from zero and at both signs of τ.
func TestThermodynamicIdentities(t *testing.T) {
	l := energy.Levels{Energy: []float64{-40, -39.5, -36, -30}, LogCount: []float64{0, 1.2, 3, 4.5}}
	for _, tau := range []float64{.3, 1, 4, -2} {
		at, h := l.At(tau), 1e-5
		logZ := func(beta float64) float64 { return l.At(1 / beta).LogZ }
		beta := 1 / tau
		within(t, "−∂log Z/∂β", -(logZ(beta+h)-logZ(beta-h))/(2*h), at.U, 1e-7)
		within(t, "∂U/∂τ", (l.At(tau+h).U-l.At(tau-h).U)/(2*h), at.C, 1e-7)
		within(t, "−∂F/∂τ", -(l.At(tau+h).F-l.At(tau-h).F)/(2*h), at.S, 1e-7)
		within(t, "U − τS", at.U-tau*at.S, at.F, 1e-12)
		within(t, "ΣP", floats.Sum(l.Probs(tau)), 1, 1e-14)
		within(t, "mean of E", l.Mean(l.Energy, tau), at.U, 1e-12)
	}
}

func TestLevelsLimits(t *testing.T) {
	hot := four.At(math.Inf(1))
	within(t, "S of equal levels", hot.S, math.Log(4), 1e-15)
	within(t, "U of equal levels", hot.U, 1.5, 1e-15)
	cold := energy.Levels{Energy: []float64{-1000, -1000, 5}}.At(1e-3)
	within(t, "S of two ground states", cold.S, math.Ln2, 1e-15)
	within(t, "F at τ = 0.001", cold.F, -1000-1e-3*math.Ln2, 1e-10)
	infinite := energy.Levels{Energy: []float64{0, math.Inf(1)}}.At(1)
	if infinite.LogZ != 0 || infinite.U != 0 || infinite.S != 0 || infinite.C != 0 {
		t.Errorf("a level at +Inf has mass: %+v", infinite)
	}
	panics(t, "no level", func() { energy.Levels{}.At(1) })
	panics(t, "τ = 0", func() { four.At(0) })
	panics(t, "NaN", func() { energy.Levels{Energy: []float64{math.NaN()}}.At(1) })
	panics(t, "too few counts", func() { energy.Levels{Energy: []float64{1, 2}, LogCount: []float64{0}}.At(1) })
}

// TestVariationalFreeEnergy checks the lecture's numbers, and that F[q] − F is
// τ·KL for random laws over levels with multiplicities.
func TestVariationalFreeEnergy(t *testing.T) {
	uniform := []float64{.25, .25, .25, .25}
	within(t, "F[uniform] at τ = 1", four.VariationalFreeEnergy(uniform, 1), .113706, 5.1e-7)
	within(t, "F[p] at τ = 1", four.VariationalFreeEnergy(four.Probs(1), 1), -.440190, 5.1e-7)
	within(t, "gap at τ = 2", four.VariationalFreeEnergy(uniform, 2)-four.At(2).F, .302089, 5.1e-7)
	l := energy.Levels{Energy: []float64{1, -1, 3}, LogCount: []float64{math.Log(2), 0, math.Log(5)}}
	for _, tau := range []float64{.5, 1, 3} {
		q, p := []float64{.2, .5, .3}, l.Probs(tau)
		kl := 0.0
		for i := range q {
			kl += q[i] * math.Log(q[i]/p[i])
		}
		within(t, "F[q] − F", l.VariationalFreeEnergy(q, tau)-l.At(tau).F, tau*kl, 1e-14)
		within(t, "F[p] − F", l.VariationalFreeEnergy(p, tau), l.At(tau).F, 1e-14)
		// The source's sign, F[q] = E_q[E] + H(q), is not stationary at p: it is off by 2τH.
		if wrong := 2*l.Mean(l.Energy, tau) - l.VariationalFreeEnergy(p, tau); math.Abs(wrong-l.At(tau).F) < 0.1 {
			t.Errorf("τ = %g: the wrong sign of the entropy is not seen", tau)
		}
	}
	panics(t, "q of another length", func() { four.VariationalFreeEnergy([]float64{1}, 1) })
	panics(t, "q that sums to 2", func() { four.VariationalFreeEnergy([]float64{1, 1, 0, 0}, 1) })
	panics(t, "a negative q", func() { four.VariationalFreeEnergy([]float64{1.5, -.5, 0, 0}, 1) })
}
