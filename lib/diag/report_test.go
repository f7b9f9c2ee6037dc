package diag

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gibbs/lib/rng"
)

// good returns four chains of 500 independent normal numbers.
func good(seed int64) [][]float64 {
	h := rng.NewHost(seed)
	var chains [][]float64
	for range 4 {
		chains = append(chains, h.Normal(500))
	}
	return chains
}

// walk is a chain of correlation ρ.
func walk(noise []float64, rho float64) []float64 {
	x := slices.Clone(noise)
	for i := 1; i < len(x); i++ {
		x[i] = rho*x[i-1] + math.Sqrt(1-rho*rho)*x[i]
	}
	return x
}

// TestReport has chains of which nothing is wrong, and chains of which one thing is:
// the report names it, and says nothing of the rest.
func TestReport(t *testing.T) {
	divergent := [][]bool{make([]bool, 500), make([]bool, 500), make([]bool, 500), make([]bool, 500)}
	divergent[2][7] = true
	depth := [][]int{make([]int, 500), make([]int, 500), make([]int, 500), make([]int, 500)}
	depth[1][3], depth[1][4] = 10, 9
	for _, c := range []struct {
		name  string
		spoil func(t *Traces)
		want  []string // problems in order, by their words
	}{
		{"nothing", func(*Traces) {}, nil},
		{"all is known", func(t *Traces) {
			t.Energy, t.Depth, t.MaxDepth = good(8), depth, 11
			t.Divergent = [][]bool{divergent[0], divergent[0], divergent[0], divergent[0]}
		}, nil},
		{"a NaN", func(t *Traces) { t.Draws[1][2][5] = math.NaN() }, []string{"b has draws that are not finite in chain 2"}},
		{"an infinity", func(t *Traces) { t.Draws[0][0][5] = math.Inf(-1) }, []string{"a has draws that are not finite in chain 0"}},
		{"a constant", func(t *Traces) { t.Draws[0][3] = slices.Repeat([]float64{2}, 500) }, []string{"a is the constant 2 in chain 3"}},
		{"one chain", func(t *Traces) { t.Draws[0], t.Draws[1] = t.Draws[0][:1], t.Draws[1][:1] }, []string{"only one chain"}},
		{"divergences", func(t *Traces) { t.Divergent = divergent }, []string{"1 of 2000 transitions diverged"}},
		{"deep trees", func(t *Traces) { t.Depth = depth }, []string{"1 of 2000 trees are as deep as allowed (10)"}},
		{"a chain elsewhere", func(t *Traces) {
			for i := range t.Draws[1][1] {
				t.Draws[1][1][i] += 3
			}
		}, []string{"disagree about where b lies", "In the bulk, b is worth", "In the tails, b is worth"}},
		{"a chain that hardly spreads", func(t *Traces) {
			for i := range t.Draws[0][1] {
				t.Draws[0][1][i] /= 5
			}
		}, []string{"disagree about how far a spreads"}},
		{"slow chains", func(t *Traces) {
			for c, chain := range t.Draws[0] {
				t.Draws[0][c] = walk(chain, 0.9)
			}
		}, []string{"disagree about where a lies", "In the bulk, a is worth", "In the tails, a is worth"}},
		{"slow energies", func(t *Traces) {
			t.Energy = good(9)
			t.Energy[3] = walk(t.Energy[3], 0.95)
		}, []string{"in chain 3 (want 0.3)"}},
		{"constant energies", func(t *Traces) { t.Energy = [][]float64{make([]float64, 500), good(1)[0], good(1)[1], good(1)[2]} }, []string{"energies of chain 0 are constant"}},
	} {
		traces := Traces{Names: []string{"a", "b"}, Draws: [][][]float64{good(1), good(2)}}
		c.spoil(&traces)
		r := traces.Report()
		var got []string
		for _, f := range r.Findings {
			got = append(got, f.Problem)
			if f.Try == "" {
				t.Errorf("%s: no advice for %q", c.name, f.Problem)
			}
		}
		fits := len(got) == len(c.want)
		for i := range min(len(got), len(c.want)) {
			fits = fits && strings.Contains(got[i], c.want[i])
		}
		if !fits {
			t.Errorf("%s: found %q, want %q", c.name, got, c.want)
		}
		if fine := strings.Contains(r.String(), "No problem"); fine != (c.want == nil) {
			t.Errorf("%s: it says\n%s", c.name, r)
		}
	}
}

// TestReportUnknown checks that what is not known is not called fine.
func TestReportUnknown(t *testing.T) {
	r := Traces{Names: []string{"a"}, Draws: [][][]float64{{slices.Repeat([]float64{1}, 9), slices.Repeat([]float64{1}, 9)}}}.Report()
	text := r.String()
	for _, want := range []string{"n/a", "not available", "Not checked, as nothing is known of them: divergences, depths of trees, energies."} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if r.Divergences != -1 || r.AtMaxDepth != -1 || r.EBFMI != nil {
		t.Errorf("unknown counts: %+v", r)
	}
	mustPanic(t, "no name", func() { Traces{Draws: [][][]float64{good(1)}}.Report() })
	mustPanic(t, "short energies", func() { Traces{Names: []string{"a"}, Draws: [][][]float64{good(1)}, Energy: good(1)[:3]}.Report() })
}

func mustPanic(t *testing.T, name string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", name)
		}
	}()
	f()
}

// ExampleTraces_Report judges two chains that stay in modes of their own.
func ExampleTraces_Report() {
	h := rng.NewHost(1)
	left, right := h.Normal(1000), h.Normal(1000)
	for i := range right {
		right[i] += 6
	}
	fmt.Print(Traces{Names: []string{"x"}, Draws: [][][]float64{{left, right}}}.Report().Words())
	// Output:
	// Chains disagree about where x lies (R̂ up to 1.827, want below 1.01): they have not seen the same law. Look at the traces. If they drift, make the warm-up longer; if each stays at a place of its own, the law has several modes, which tempering crosses or another form of the model removes.
	// In the bulk, x is worth as few as 3 independent draws (want 200, 100 for each chain). Draw more; if far more would be needed, the steps suit the law badly: another metric, or another form of the model.
	// In the tails, x is worth as few as 83 independent draws (want 200, 100 for each chain). Draw more before reading quantiles such as 5 % and 95 %.
	// Not checked, as nothing is known of them: divergences, depths of trees, energies.
}
