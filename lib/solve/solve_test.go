package solve_test

import (
	"context"
	"math"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
	"gibbs/lib/solve"

	"github.com/gomlx/gomlx/core/tensors"
)

// decay is dx/dt = −2t·x², with x(t) = 1/(1/x(0) + t²): neither linear nor
// autonomous, so that every coefficient of a method counts.
func decay(x, t *Node) *Node { return MulScalar(Mul(ExpandAxes(t, 1), Square(x)), -2) }

// starts are x(0), and ends x(1).
var (
	starts = [][]float64{{0.5}, {1}, {2}, {-0.3}}
	ends   = [][]float64{{1 / 3.}, {0.5}, {2 / 3.}, {-0.3 / (1 - 0.3)}}
)

// integrate runs a program on a float64 batch and returns where it arrived.
func integrate(t *testing.T, p *solve.Program, err error, x [][]float64, from, to float64, steps int) *solve.Result {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Run(context.Background(), tensors.FromValue(x), from, to, steps, 1)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// points returns where an integration arrived.
func points(r *solve.Result) [][]float64 { return r.X.Value().([][]float64) }

// worst returns the largest difference of two batches.
func worst(got, want [][]float64) float64 {
	gap := 0.0
	for i := range want {
		for j := range want[i] {
			gap = max(gap, math.Abs(got[i][j]-want[i][j]))
		}
	}
	return gap
}

// orders are the methods and how many steps put them well into the range where
// the error falls as dt^Order, far above rounding.
var orders = []struct {
	name string
	m    solve.Method
	n    int
}{
	{"Euler", solve.Euler, 128}, {"Heun", solve.Heun, 64},
	{"Bogacki–Shampine", solve.BogackiShampine, 32}, {"Dormand–Prince", solve.DormandPrince, 40},
}

// order is log₂ of the ratio of the errors with n and 2n steps.
func order(t *testing.T, m solve.Method, n int) float64 {
	t.Helper()
	p, err := solve.CompileODE(backend.MustOpen(), decay, m, solve.Options{})
	defer p.Finalize()
	coarse := worst(points(integrate(t, p, err, starts, 0, 1, n)), ends)
	fine := worst(points(integrate(t, p, err, starts, 0, 1, 2*n)), ends)
	return math.Log2(coarse / fine)
}

// TestOrdersOfConvergence checks that halving dt divides the error by 2^Order: the
// order is measured to 0.2, so a coefficient that lowers it by one is caught.
func TestOrdersOfConvergence(t *testing.T) {
	for _, c := range orders {
		if got := order(t, c.m, c.n); !(math.Abs(got-float64(c.m.Order)) < 0.2) {
			t.Errorf("%s: order %.3f, want %d", c.name, got, c.m.Order)
		} else {
			t.Logf("%s: order %.3f", c.name, got)
		}
	}
	// Planted bugs: two coefficients of the last row exchanged, and a corrector that
	// is forgotten.
	swapped := solve.DormandPrince
	swapped.B = []float64{35. / 384, 0, 125. / 192, 500. / 1113, -2187. / 6784, 11. / 84, 0}
	forgotten := solve.Heun
	forgotten.B = []float64{1, 0}
	for name, m := range map[string]solve.Method{"coefficients swapped": swapped, "corrector forgotten": forgotten} {
		if got := order(t, m, 32); math.Abs(got-float64(m.Order)) < 0.2 {
			t.Errorf("planted bug not caught: %s", name)
		}
	}
}

// TestTimeRunsBackwards takes the end back to the start, and keeps the way.
func TestTimeRunsBackwards(t *testing.T) {
	p, err := solve.CompileODE(backend.MustOpen(), decay, solve.DormandPrince, solve.Options{Every: 32})
	r := integrate(t, p, err, ends, 1, 0, 64)
	defer p.Finalize()
	if gap := worst(points(r), starts); !(gap < 1e-8) {
		t.Errorf("x(0) is off by %.3g", gap)
	}
	kept := r.Kept.Value().([][][]float64)
	half := 1 / (1 + 0.25) // x(½) of the second example
	if len(kept) != 2 || math.Abs(kept[0][1][0]-half) > 1e-8 || worst(kept[1], points(r)) != 0 {
		t.Errorf("kept %v, want x(½) and x(0)", kept)
	}
}

// adaptive integrates from t0 to t1 and returns x and the number of steps tried.
func adaptive(t *testing.T, m solve.Method, f solve.Field, tol solve.Tolerance, x [][]float64, t0, t1 float64) ([][]float64, int) {
	t.Helper()
	p, err := solve.CompileAdaptive(backend.MustOpen(), f, m, tol, solve.Options{})
	r := integrate(t, p, err, x, t0, t1, 5000)
	defer p.Finalize()
	return points(r), r.Steps
}

// TestAdaptiveStepsMeetTheirTolerance checks that the error at the end is within
// ten times the tolerance of one step, and that a hundredth of the tolerance takes
// more steps, by about 100^(1/Order).
func TestAdaptiveStepsMeetTheirTolerance(t *testing.T) {
	for _, c := range []struct {
		name string
		m    solve.Method
	}{{"Bogacki–Shampine", solve.BogackiShampine}, {"Dormand–Prince", solve.DormandPrince}} {
		counts := [2]int{}
		for i, tol := range []float64{1e-5, 1e-7} {
			x, tried := adaptive(t, c.m, decay, solve.Tolerance{Absolute: tol, Relative: tol}, starts, 0, 1)
			counts[i] = tried
			if gap := worst(x, ends); !(gap < 10*tol) || gap == 0 {
				t.Errorf("%s: tolerance %g, error %.3g in %d steps", c.name, tol, gap, tried)
			}
		}
		ratio := float64(counts[1]) / float64(counts[0])
		if want := math.Pow(100, 1/float64(c.m.Order)); ratio < 0.6*want || ratio > 1.5*want {
			t.Errorf("%s: %d and %d steps, ratio %.2f, want about %.2f", c.name, counts[0], counts[1], ratio, want)
		}
	}
	// Planted bug: an error estimate that sees nothing.
	blind := solve.DormandPrince
	blind.Lower = blind.B
	if x, _ := adaptive(t, blind, decay, solve.Tolerance{Absolute: 1e-7, Relative: 1e-7}, starts, 0, 1); worst(x, ends) < 1e-6 {
		t.Error("planted bug not caught: a blind error estimate")
	}
}

// TestExamplesDoNotDependOnTheirBatch integrates a stiff example beside an easy one,
// and the easy one alone.
func TestExamplesDoNotDependOnTheirBatch(t *testing.T) {
	f := func(x, t *Node) *Node { return Mul(x, AddScalar(Square(x), -400)) } // fast where x is near 0
	pair, many := adaptive(t, solve.DormandPrince, f, solve.Tolerance{}, [][]float64{{20}, {1}}, 0, 0.1)
	alone, few := adaptive(t, solve.DormandPrince, f, solve.Tolerance{}, [][]float64{{20}}, 0, 0.1)
	if gap := math.Abs(pair[0][0] - alone[0][0]); gap > 1e-12 || few >= many {
		t.Errorf("the easy example differs by %.3g; %d steps in the pair, %d alone", gap, many, few)
	}
}

// TestNotArriving checks that a solution that leaves for infinity, x = 1/(1 − t),
// ends in an error and not in an endless loop.
func TestNotArriving(t *testing.T) {
	square := func(x, _ *Node) *Node { return Square(x) }
	p, err := solve.CompileAdaptive(backend.MustOpen(), square, solve.DormandPrince, solve.Tolerance{}, solve.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Finalize()
	x := tensors.FromValue([][]float64{{1}, {0.1}})
	if _, err := p.Run(context.Background(), x, 0, 2, 500, 0); err == nil || !strings.Contains(err.Error(), "1 of 2 examples") {
		t.Errorf("got %v, want an error about 1 of 2 examples", err)
	}
	if _, err := p.Run(context.Background(), x, 0, 2, 0, 0); err == nil {
		t.Error("no steps: accepted")
	}
}

func TestMisuseIsRefused(t *testing.T) {
	x, t1 := [][]float32{{1, 2}, {3, 4}}, []float32{0.5, 0.5}
	same := func(x, _ *Node) *Node { return x }
	for name, f := range map[string]func(x, t *Node) *Node{
		"empty method": func(x, t *Node) *Node { return solve.Method{}.Step(same, x, t, t) },
		"a short row": func(x, t *Node) *Node {
			return solve.Method{A: [][]float64{{}, {}}, B: []float64{1, 0}}.Step(same, x, t, t)
		},
		"other shape": func(x, t *Node) *Node { return solve.Euler.Step(func(_, t *Node) *Node { return t }, x, t, t) },
		"no lower": func(x, t *Node) *Node {
			return solve.Heun.Advance(same, solve.Tolerance{}, solve.Start(same, solve.Tolerance{}, x, t, t)).X
		},
		"tolerance < 0":  func(x, t *Node) *Node { return solve.Start(same, solve.Tolerance{Absolute: -1}, x, t, t).X },
		"t of one shape": func(x, t *Node) *Node { return solve.Euler.Step(same, x, t, Concatenate([]*Node{t, t}, 0)) },
	} {
		if _, err := MustNewExec(backend.MustOpen(), f).Call(x, t1); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
