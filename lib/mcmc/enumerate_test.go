package mcmc_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/mcmc"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"gonum.org/v1/gonum/floats"
)

// index returns states, numbers in x [n] or [n, 1], as int32 [n, 1] to gather with.
func index(x *Node) *Node { return Reshape(ConvertDType(x, dtypes.Int32), -1, 1) }

// look returns the entries of a table at states, [n, columns] or [n].
func look(table any, x, states *Node) *Node { return Gather(ConstAs(x, table), states) }

// tableLaw is a law on the states 0 … n−1.
type tableLaw []float64

func (p tableLaw) LogProb(x *Node) *Node { return Log(look([]float64(p), x, index(x))) }

// tableWalk proposes by a matrix; with the mistake it forgets its ratio.
func tableWalk(q [][]float64, mistake string) mcmc.Proposal {
	logQ := func(x, from, to *Node) *Node {
		return Log(look(q, x, Concatenate([]*Node{from, to}, 1)))
	}
	return func(s rng.State, _, x *Node) (rng.State, *Node, *Node) {
		s, to := rng.Categorical(s, Log(look(q, x, index(x))))
		y := Reshape(ConvertDType(to, x.DType()), x.Shape().Dimensions...)
		switch forth, back := logQ(x, index(x), index(y)), logQ(x, index(y), index(x)); mistake {
		case "q forgotten":
			return s, y, nil
		case "q upside down":
			return s, y, Sub(forth, back)
		default:
			return s, y, Sub(back, forth)
		}
	}
}

// count counts 10,000 transitions from each state: of a probability T′ in place of
// T = ⅓ it sees T′ − T = .023.
func count(t *testing.T, b compute.Backend, kernel mcmc.Kernel, states [][]float64) *mcmc.Transitions {
	t.Helper()
	c, err := mcmc.CountTransitions(context.Background(), b, kernel, states, 1, 10_000, 3)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// verdict checks all that is known of a kernel on states: its matrix (if there is one),
// its law, and its balance where it has any. It returns what is wrong.
func verdict(c *mcmc.Transitions, want mcmc.Finite, law []float64, balanced bool) (faults []string) {
	if want != nil {
		if z := c.Against(want); !(z < alpha) {
			faults = append(faults, fmt.Sprintf("matrix off by %.1f", z))
		}
	}
	if z := c.Stationary(law); !(z < alpha) {
		faults = append(faults, fmt.Sprintf("law off by %.1f", z))
	}
	if z := c.Balance(law); (z < alpha) != balanced {
		faults = append(faults, fmt.Sprintf("balance off by %.1f", z))
	}
	return faults
}

func pureGo(t *testing.T) compute.Backend {
	t.Helper()
	b, err := gobackend.New("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

var threeStates = [][]float64{{0}, {1}, {2}}

// TestMetropolisOnStates counts what Metropolis does on the lecture's three states, by
// its proposals and by independent ones, against the matrices. Two planted mistakes in
// the ratio must show.
func TestMetropolisOnStates(t *testing.T) {
	everywhere := []float64{0.2, 0.2, 0.6}
	for _, c := range []struct {
		mistake string
		q       [][]float64
	}{
		{"", threeFrom}, {"", [][]float64{everywhere, everywhere, everywhere}},
		{"q forgotten", threeFrom}, {"q upside down", threeFrom},
	} {
		want, err := mcmc.MetropolisHastings(threeLaw, c.q)
		if err != nil {
			t.Fatal(err)
		}
		faults := verdict(count(t, pureGo(t), mcmc.Metropolis{Target: tableLaw{5, 3, 2}, Propose: tableWalk(c.q, c.mistake)}, threeStates), want, threeLaw, true)
		t.Logf("%q: %v", c.mistake, faults)
		if (len(faults) > 0) != (c.mistake != "") {
			t.Errorf("mistake %q: %v", c.mistake, faults)
		}
	}
}

// A joint law of a coin and a die of three faces, and its states.
var (
	jointLaw    = []float64{0.05, 0.2, 0.15, 0.3, 0.1, 0.2}
	jointStates = [][]float64{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}}
)

// drawColumn draws one coordinate of the joint law given the other; with the mistake,
// without looking at the other.
func drawColumn(column int, mistake string) mcmc.Gibbs {
	table := [][]float64{jointLaw[:3], jointLaw[3:]} // of the die, given the coin
	if column == 0 {
		table = [][]float64{{jointLaw[0], jointLaw[3]}, {jointLaw[1], jointLaw[4]}, {jointLaw[2], jointLaw[5]}}
	}
	return func(s rng.State, x *Node) (rng.State, *Node) {
		other := index(SliceAxis(x, 1, AxisElem(1-column)))
		if mistake != "" {
			other = ZerosLike(other)
		}
		s, drawn := rng.Categorical(s, Log(look(table, x, other)))
		return s, mcmc.SetColumns(x, column, ConvertDType(drawn, x.DType()))
	}
}

// columnMatrix is the matrix of drawColumn.
func columnMatrix(column int) mcmc.Finite {
	f := mcmc.Finite{}
	for _, from := range jointStates {
		row := make([]float64, len(jointStates))
		for j, to := range jointStates {
			if from[1-column] == to[1-column] {
				row[j] = jointLaw[j]
			}
		}
		floats.Scale(1/floats.Sum(row), row)
		f = append(f, row)
	}
	return f
}

// product is the matrix of one chain after the other; blend that of either.
func product(a, b mcmc.Finite) (f mcmc.Finite) {
	for _, row := range a {
		f = append(f, b.After(row, 1))
	}
	return f
}

func blend(a, b mcmc.Finite, w float64) (f mcmc.Finite) {
	for i := range a {
		row := make([]float64, len(a))
		floats.AddScaled(row, w, a[i])
		floats.AddScaled(row, 1-w, b[i])
		f = append(f, row)
	}
	return f
}

// TestScansOnStates counts Gibbs draws, cycles and mixtures of them, and of Gibbs with
// Metropolis, against the products and sums of their matrices. Both scans leave the
// law as it is; only the mixture has detailed balance (lecture E10.5, E11.4).
func TestScansOnStates(t *testing.T) {
	coin, die := drawColumn(0, ""), drawColumn(1, "")
	uniform := func(s rng.State, _, x *Node) (rng.State, *Node, *Node) { // proposes a face
		s, y := rng.Integers(s, 3, x.Shape().Dim(0))
		return s, mcmc.SetColumns(x, 1, ConvertDType(y, x.DType())), nil
	}
	faces := mcmc.Metropolis{Target: jointTarget{}, Propose: uniform}
	facesMatrix := mcmc.Finite{}
	for i, from := range jointStates {
		row := make([]float64, len(jointStates))
		for j, to := range jointStates {
			if i != j && from[0] == to[0] {
				row[j] = min(1, jointLaw[j]/jointLaw[i]) / 3
			}
		}
		row[i] = 1 - floats.Sum(row)
		facesMatrix = append(facesMatrix, row)
	}
	for _, c := range []struct {
		name     string
		kernel   mcmc.Kernel
		want     mcmc.Finite
		balanced bool
	}{
		{"one block", die, columnMatrix(1), true},
		{"cycle", mcmc.Cycle{coin, die}, product(columnMatrix(0), columnMatrix(1)), false},
		{"mixture", mcmc.Mixture{Kernels: []mcmc.Kernel{coin, die}, Weights: []float64{1, 3}}, blend(columnMatrix(0), columnMatrix(1), 0.25), true},
		{"Metropolis in Gibbs", mcmc.Cycle{coin, faces, die}, product(product(columnMatrix(0), facesMatrix), columnMatrix(1)), false},
		{"mixture with Metropolis", mcmc.Mixture{Kernels: []mcmc.Kernel{coin, faces}}, blend(columnMatrix(0), facesMatrix, 0.5), true},
	} {
		b := pureGo(t)
		if c.name == "mixture with Metropolis" {
			b = backend.MustOpen()
		}
		faults := verdict(count(t, b, c.kernel, jointStates), c.want, jointLaw, c.balanced)
		if len(faults) > 0 {
			t.Errorf("%s: %v", c.name, faults)
		}
	}
	for name, wrong := range map[string]mcmc.Kernel{
		"a block that ignores the rest": mcmc.Cycle{coin, drawColumn(1, "blind")},
		"the same words twice":          sameWords{coin, die},
		"one choice for a scan":         mcmc.Mixture{Kernels: []mcmc.Kernel{coin, drawColumn(1, "blind")}},
	} {
		faults := verdict(count(t, pureGo(t), wrong, jointStates), nil, jointLaw, false)
		t.Logf("%s: %v", name, faults)
		if len(faults) == 0 {
			t.Errorf("%s: not caught", name)
		}
	}
}

// jointTarget is the joint law in graph form.
type jointTarget struct{}

func (jointTarget) LogProb(x *Node) *Node {
	table := [][]float64{jointLaw[:3], jointLaw[3:]}
	return Log(look(table, x, ConvertDType(x, dtypes.Int32)))
}

// sameWords is a cycle whose kernels draw the same random words.
type sameWords []mcmc.Kernel

func (c sameWords) Init(x *Node) mcmc.State { return mcmc.State{X: x} }

func (c sameWords) Step(s rng.State, stepSize *Node, at mcmc.State) (rng.State, mcmc.State, mcmc.Info) {
	for _, k := range c {
		_, at, _ = k.Step(s, stepSize, k.Init(at.X))
	}
	return s, at, mcmc.Info{}
}

// TestTemperingOnStates counts steps of ladders of three replicas on three states
// against the matrix: every replica's move at its β, then the swaps of the even or the
// odd neighbours. Ladders whose laws do not agree with their swaps must show.
func TestTemperingOnStates(t *testing.T) {
	betas := []float64{0.2, 0.6, 1}
	base := []float64{1, 1, 4}
	var law []float64
	var states [][]float64
	at := func(r int, i float64) float64 { // weight of state i for replica r
		return math.Pow(threeLaw[int(i)], betas[r]) * math.Pow(base[int(i)], 1-betas[r])
	}
	for i := range 27 {
		state := []float64{float64(i / 9), float64(i / 3 % 3), float64(i % 3)}
		states = append(states, state)
		law = append(law, at(0, state[0])*at(1, state[1])*at(2, state[2]))
	}
	floats.Scale(1/floats.Sum(law), law)
	moves, even, odd := mcmc.Finite{}, mcmc.Finite{}, mcmc.Finite{}
	var each [3]mcmc.Finite
	for r := range each {
		var err error
		if each[r], err = mcmc.MetropolisHastings([]float64{at(r, 0), at(r, 1), at(r, 2)}, threeFrom); err != nil {
			t.Fatal(err)
		}
	}
	swap := func(a, r int) []float64 { // of replicas r and r+1 of state a
		row, s := make([]float64, 27), states[a]
		b := a + int(s[r+1]-s[r])*pow3(2-r) + int(s[r]-s[r+1])*pow3(1-r)
		row[b] += min(1, law[b]/law[a])
		row[a] += 1 - min(1, law[b]/law[a])
		return row
	}
	for a, s := range states {
		row := make([]float64, 27)
		for b, to := range states {
			row[b] = 1
			for r := range each {
				row[b] *= each[r][int(s[r])][int(to[r])]
			}
		}
		moves, even, odd = append(moves, row), append(even, swap(a, 0)), append(odd, swap(a, 1))
	}
	want := product(moves, blend(even, odd, 0.5))

	kernel := mcmc.Tempering{
		Target: tableLaw(threeLaw), Base: tableLaw(base), Betas: betas,
		Kernel: func(p prob.LogProber) mcmc.Kernel {
			return mcmc.Metropolis{Target: p, Propose: tableWalk(threeFrom, "")}
		},
	}
	c, err := mcmc.CountTransitions(context.Background(), backend.MustOpen(), kernel, states, 1, 2_000, 3)
	if err != nil {
		t.Fatal(err)
	}
	// One coin is tossed in a step, for all: the step was even or odd.
	z := math.Min(c.Against(product(moves, even)), c.Against(product(moves, odd)))
	if !(z < alpha) || !(c.Stationary(law) < alpha) {
		t.Errorf("off by %.1f, the law by %.1f", z, c.Stationary(law))
	}
	within(t, "law of the matrix", want.Stationarity(law), 0, 1e-15)

	for mistake, wrong := range map[string]mcmc.Tempering{
		"replicas move without base": {Target: quotient{}, Betas: betas, Kernel: kernel.Kernel},
		"another β in the moves": {Target: tableLaw(threeLaw), Base: tableLaw(base), Betas: betas, Kernel: func(prob.LogProber) mcmc.Kernel {
			return mcmc.Metropolis{Target: tableLaw(threeLaw), Propose: tableWalk(threeFrom, "")}
		}},
	} {
		c, err := mcmc.CountTransitions(context.Background(), pureGo(t), wrong, states, 1, 2_000, 3)
		if err != nil {
			t.Fatal(err)
		}
		if z := c.Stationary(law); z < alpha {
			t.Errorf("%s: not caught, the law is off by %.1f", mistake, z)
		}
	}
}

func pow3(n int) int { return []int{1, 3, 9}[n] }

// quotient is threeLaw over the base of the ladder.
type quotient struct{}

func (quotient) LogProb(x *Node) *Node {
	return Sub(tableLaw(threeLaw).LogProb(x), tableLaw{1, 1, 4}.LogProb(x))
}

func TestCountTransitionsErrors(t *testing.T) {
	walk := mcmc.Metropolis{Target: prob.StandardNormal(1)}
	for name, states := range map[string][][]float64{"none": nil, "twice": {{0}, {0}}, "ragged": {{0}, {1, 2}}, "elsewhere": {{0}, {1}}} {
		if _, err := mcmc.CountTransitions(context.Background(), pureGo(t), walk, states, 1, 100, 1); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// ExampleCountTransitions tests a kernel that proposes right twice as often as left and
// forgets to say so.
func ExampleCountTransitions() {
	law := []float64{0.25, 0.25, 0.25, 0.25}
	flat := tableLaw(law)
	walk := func(s rng.State, _, x *Node) (rng.State, *Node, *Node) {
		s, die := rng.Integers(s, 3, x.Shape().Dim(0), 1)
		right := LessThan(ConvertDType(die, x.DType()), ConstAs(x, 2))
		y := Add(x, Where(right, OnesLike(x), Neg(OnesLike(x))))
		return s, MinScalar(MaxScalar(y, 0), 3), nil
	}
	counts, err := mcmc.CountTransitions(context.Background(), backend.MustOpen(), mcmc.Metropolis{Target: flat, Propose: walk},
		[][]float64{{0}, {1}, {2}, {3}}, 1, 10_000, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("leaves its law as it is:", counts.Stationary(law) < 4.89)
	// Output:
	// leaves its law as it is: false
}
