package ncsn

import (
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/stat"
)

// The exact numbers of the lecture for the two modes and its ladder.
var wantFloors = []float64{0.204937, 0.571031, 1.068968, 1.541659, 1.846630, 1.958026, 1.989212, 1.997273, 1.999314, 1.999827}

const (
	wantFloor      = 1.517688
	wantBlindFloor = 1.676875
)

func TestFloors(t *testing.T) {
	floors, err := Floors(prob.TwoModes(), lecture)
	if err != nil {
		t.Fatal(err)
	}
	for i, floor := range floors {
		if math.Abs(floor-wantFloors[i]) > 1e-6 {
			t.Errorf("floor at σ=%.4g: %.6f, want %.6f", lecture[i], floor, wantFloors[i])
		}
	}
	blind, err := BlindFloor(prob.TwoModes(), lecture)
	mean := stat.Mean(floors, nil)
	if err != nil || math.Abs(mean-wantFloor) > 1e-6 || math.Abs(blind-wantBlindFloor) > 1e-6 || math.Abs(blind-mean-0.159188) > 1.1e-6 {
		t.Errorf("floor %.6f, blind %.6f, gap %.6f, %v", mean, blind, blind-mean, err)
	}
	s := MustExecOnce(backend.MustOpen(), Pooled(prob.TwoModes(), lecture).Score, [][]float64{{3, 0}, {0, 2}}).Value().([][]float64)
	for i, want := range [][]float64{{-0.2396, 0}, {0, -0.2240}} {
		if math.Abs(s[i][0]-want[0]) > 5e-5 || math.Abs(s[i][1]-want[1]) > 5e-5 {
			t.Errorf("s* number %d: %.4f, want %.4f", i, s[i], want)
		}
	}
}

// The models whose losses are known.
var (
	exact = prob.TwoModes().SmoothScore
	blind = func(x, _ *Node) *Node { return Pooled(prob.TwoModes(), lecture).Score(x) }
)

// examples is the size of the samples below: a level's loss has a standard
// deviation of about 2, so the mean of one level is known to 0.014 and an error of
// 0.07 is caught; the mean of all levels to 0.022.
const examples = 20_000

// sample builds graphs on the same draws of the two modes, and returns the rows of
// each: [graph][level][example], with one level where there is none.
func sample(t *testing.T, graphs ...func(s rng.State, x *Node) *Node) [][][]float64 {
	t.Helper()
	outputs := MustNewExec(backend.MustOpen(), func(g *Graph) []*Node {
		s, noise := rng.New(g, 5).Split()
		_, x := prob.TwoModes().Sample(s, dtypes.Float64, examples)
		var all []*Node
		for _, f := range graphs {
			all = append(all, f(noise, x))
		}
		return all
	}).MustCall()
	rows := make([][][]float64, len(outputs))
	for i, out := range outputs {
		for row := range slices.Chunk(tensors.MustCopyFlatData[float64](out), examples) {
			rows[i] = append(rows[i], row)
		}
	}
	return rows
}

// zScore is the distance of the mean of values from want, in standard errors.
func zScore(values []float64, want float64) float64 {
	mean, std := stat.MeanStdDev(values, nil)
	return math.Abs(mean-want) / (std / math.Sqrt(float64(len(values))))
}

// offFloors returns the largest z of a level's loss against its floor.
func offFloors(rows [][]float64) float64 {
	worst := 0.0
	for i, row := range rows {
		worst = max(worst, zScore(row, wantFloors[i]))
	}
	return worst
}

// TestLossOfKnownModels checks every level of the exact scores against its floor,
// and the mean of the best blind model against its own, at |z| < 4.89.
func TestLossOfKnownModels(t *testing.T) {
	type graph = func(s rng.State, x *Node) *Node
	each := func(m Model) graph {
		return func(s rng.State, x *Node) *Node { return DSM{Ladder: lecture}.Each(m, s, x) }
	}
	rows := sample(t, each(exact), each(blind),
		func(s rng.State, x *Node) *Node { return DSM{Ladder: lecture, Random: true}.Each(exact, s, x) },
		each(func(x, sigma *Node) *Node { return exact(x, Square(sigma)) }),
		each(func(x, sigma *Node) *Node { return Neg(exact(x, sigma)) }))
	right, unaware, random := rows[0], rows[1], rows[2]
	if z := offFloors(right); !(z < 4.89) {
		t.Errorf("exact scores: a level is off its floor by %.1f standard errors", z)
	}
	mean := func(rows [][]float64) []float64 { // over the levels, for each example
		m := make([]float64, examples)
		for i := range m {
			for _, row := range rows {
				m[i] += row[i] / float64(len(rows))
			}
		}
		return m
	}
	if z := zScore(mean(unaware), wantBlindFloor); !(z < 4.89) {
		t.Errorf("the best blind model is off %.6f by %.1f standard errors", wantBlindFloor, z)
	}
	if z := zScore(random[0], wantFloor); !(z < 4.89) || len(random) != 1 {
		t.Errorf("random levels are off %.6f by %.1f standard errors", wantFloor, z)
	}

	// Planted bugs, which the same checks must catch.
	for name, rows := range map[string][][]float64{
		"σ is not passed on":       unaware,
		"σ² is passed for σ":       rows[3],
		"the score's sign":         rows[4],
		"levels without weight σ²": unweighted(right),
		"levels in reverse":        reversed(right),
	} {
		z := offFloors(rows)
		if z < 4.89 {
			t.Errorf("planted bug not caught: %s", name)
		}
		t.Logf("%s: z = %.0f", name, z)
	}
	if z := zScore(mean(unaware), wantFloor); z < 4.89 {
		t.Errorf("the gap between blind and exact is within the noise: z = %.1f", z)
	}
}

func unweighted(rows [][]float64) [][]float64 {
	out := make([][]float64, len(rows))
	for i, row := range rows {
		for _, v := range row {
			out[i] = append(out[i], v/(lecture[i]*lecture[i]))
		}
	}
	return out
}

func reversed(rows [][]float64) [][]float64 {
	out := make([][]float64, len(rows))
	for i, row := range rows {
		out[len(rows)-1-i] = row
	}
	return out
}

// TestFisherPerLevel compares the divergence of the best blind model from the exact
// scores with quadrature, at the ends of the ladder: 0.0051 at σ = 5, and 0.645 at
// σ = 0.01, where no score at all has 0.863.
func TestFisherPerLevel(t *testing.T) {
	rows := sample(t, func(s rng.State, x *Node) *Node { return DSM{Ladder: lecture}.Fisher(exact, blind, s, x) })[0]
	last := len(lecture) - 1
	for _, level := range []int{0, last} {
		want, err := prob.FisherDivergence(prob.TwoModes().Smooth(lecture[level]), Pooled(prob.TwoModes(), lecture))
		if z := zScore(rows[level], want); !(z < 4.89) || err != nil {
			t.Errorf("D_F at σ=%.4g: %.1f standard errors from %.6f, %v", lecture[level], z, want, err)
		}
		t.Logf("D_F at σ=%.4g: %.6f", lecture[level], want)
	}
	if d := stat.Mean(rows[last], nil); d < 0.6 {
		t.Errorf("D_F of the best blind model at σ=0.01: %.4f, want above 0.6", d)
	}
}

// TestPerLevel checks that PerLevel is Each's mean over the batch, and Loss the
// mean of that, for examples of any shape.
func TestPerLevel(t *testing.T) {
	dsm := DSM{Ladder: Ladder{2, 1, 0.5}}
	gap := MustExecOnce(backend.MustOpen(), func(g *Graph) *Node {
		s, x := rng.Normal(rng.New(g, 1), dtypes.Float64, 4, 2, 3)
		pull := func(x, _ *Node) *Node { return Neg(x) }
		levels, each := dsm.PerLevel(pull, s, x), dsm.Each(pull, s, x)
		each.AssertDims(3, 4)
		return Add(ReduceAllMax(Abs(Sub(levels, ReduceMean(each, 1)))), Abs(Sub(dsm.Loss(pull, s, x), ReduceAllMean(levels))))
	}).Value().(float64)
	if !(gap < 1e-14) {
		t.Errorf("the means differ by %g", gap)
	}
}

func TestMisuseIsRefused(t *testing.T) {
	x := [][]float32{{1, 2}}
	same := func(x, _ *Node) *Node { return x }
	for name, f := range map[string]func(x *Node) *Node{
		"ascending": func(x *Node) *Node { return DSM{Ladder: Ladder{1, 5}}.Loss(same, rng.New(x.Graph(), 1), x) },
		"no ladder": func(x *Node) *Node { return DSM{}.Loss(same, rng.New(x.Graph(), 1), x) },
		"random levels": func(x *Node) *Node {
			return DSM{Ladder: lecture, Random: true}.PerLevel(same, rng.New(x.Graph(), 1), x)
		},
		"other shape": func(x *Node) *Node {
			return DSM{Ladder: lecture}.Loss(func(_, sigma *Node) *Node { return sigma }, rng.New(x.Graph(), 1), x)
		},
	} {
		if _, err := MustNewExec(backend.MustOpen(), f).Call(x); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
