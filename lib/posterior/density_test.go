package posterior

import (
	"math"
	"testing"

	"gibbs/lib/backend"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/stat/distuv"
)

// density is a log-probability of numbers, in the graph and on the host.
type density struct {
	name  string
	graph func(v []*Node) *Node
	host  func(v []float64) float64
	at    [][]float64 // arguments, the number itself first
	whole int         // of how many first arguments it is not smooth: counts
}

var densities = []density{
	{"Normal", func(v []*Node) *Node { return Normal(v[0], v[1], v[2]) },
		func(v []float64) float64 { return distuv.Normal{Mu: v[1], Sigma: v[2]}.LogProb(v[0]) },
		[][]float64{{0.3, 1, 2}, {-40, 3, 0.5}, {2, 2, 1e-3}}, 0},
	{"HalfNormal", func(v []*Node) *Node { return HalfNormal(v[0], v[1]) },
		func(v []float64) float64 { return math.Ln2 + distuv.Normal{Sigma: v[1]}.LogProb(v[0]) },
		[][]float64{{0.3, 2}, {9, 0.5}, {1e-9, 1}}, 0},
	{"LogNormal", func(v []*Node) *Node { return LogNormal(v[0], v[1], v[2]) },
		func(v []float64) float64 { return distuv.LogNormal{Mu: v[1], Sigma: v[2]}.LogProb(v[0]) },
		[][]float64{{0.3, 1, 2}, {40, 3, 0.5}, {1, 0, 1}}, 0},
	{"Cauchy", func(v []*Node) *Node { return Cauchy(v[0], v[1], v[2]) },
		func(v []float64) float64 { return distuv.StudentsT{Mu: v[1], Sigma: v[2], Nu: 1}.LogProb(v[0]) },
		[][]float64{{0.3, 1, 2}, {-1e4, 3, 0.5}, {2, 2, 1}}, 0},
	{"HalfCauchy", func(v []*Node) *Node { return HalfCauchy(v[0], v[1]) },
		func(v []float64) float64 { return math.Ln2 + distuv.StudentsT{Sigma: v[1], Nu: 1}.LogProb(v[0]) },
		[][]float64{{0.3, 2}, {1e5, 0.5}, {1e-9, 1}}, 0},
	{"StudentT", func(v []*Node) *Node { return StudentT(v[0], v[1], v[2], v[3]) },
		func(v []float64) float64 { return distuv.StudentsT{Nu: v[1], Mu: v[2], Sigma: v[3]}.LogProb(v[0]) },
		[][]float64{{0.3, 4, 1, 2}, {-40, 0.7, 3, 0.5}, {2, 300, 2, 1}}, 0},
	{"Exponential", func(v []*Node) *Node { return Exponential(v[0], v[1]) },
		func(v []float64) float64 { return distuv.Exponential{Rate: v[1]}.LogProb(v[0]) },
		[][]float64{{0.3, 2}, {9, 0.5}, {1e-9, 1}}, 0},
	{"Gamma", func(v []*Node) *Node { return Gamma(v[0], v[1], v[2]) },
		func(v []float64) float64 { return distuv.Gamma{Alpha: v[1], Beta: v[2]}.LogProb(v[0]) },
		[][]float64{{0.3, 25, 4}, {9, 0.5, 0.1}, {1e-3, 1, 3}}, 0},
	{"InverseGamma", func(v []*Node) *Node { return InverseGamma(v[0], v[1], v[2]) },
		func(v []float64) float64 { return distuv.InverseGamma{Alpha: v[1], Beta: v[2]}.LogProb(v[0]) },
		[][]float64{{0.3, 5, 4}, {9, 0.5, 0.1}, {0.1, 1, 3}}, 0},
	{"Beta", func(v []*Node) *Node { return Beta(v[0], v[1], v[2]) },
		func(v []float64) float64 { return distuv.Beta{Alpha: v[1], Beta: v[2]}.LogProb(v[0]) },
		[][]float64{{0.3, 5, 5}, {0.99, 0.5, 0.1}, {1e-3, 1, 30}}, 0},
	{"BernoulliLogit", func(v []*Node) *Node { return BernoulliLogit(v[0], v[1]) },
		func(v []float64) float64 {
			return distuv.Bernoulli{P: 1 / (1 + math.Exp(-v[1]))}.LogProb(v[0])
		}, [][]float64{{1, 0}, {0, 3}, {1, -20}}, 1},
	{"BinomialLogit", func(v []*Node) *Node { return BinomialLogit(v[0], v[1], v[2]) },
		func(v []float64) float64 {
			return distuv.Binomial{N: v[1], P: 1 / (1 + math.Exp(-v[2]))}.LogProb(v[0])
		}, [][]float64{{3, 10, 0}, {0, 5, 3}, {200, 1000, -2}}, 2},
	{"PoissonLog", func(v []*Node) *Node { return PoissonLog(v[0], v[1]) },
		func(v []float64) float64 { return distuv.Poisson{Lambda: math.Exp(v[1])}.LogProb(v[0]) },
		[][]float64{{3, 0}, {0, 3}, {200, 5}}, 1},
	{"LogGamma", func(v []*Node) *Node { return LogGamma(v[0]) },
		func(v []float64) float64 { y, _ := math.Lgamma(v[0]); return y },
		[][]float64{{1e-5}, {0.5}, {1}, {2}, {7.3}, {1e6}}, 0},
	{"LogMix", func(v []*Node) *Node { return LogMix(v[0], v[1], v[2]) },
		func(v []float64) float64 {
			top := max(v[1], v[2])
			return top + math.Log(v[0]*math.Exp(v[1]-top)+(1-v[0])*math.Exp(v[2]-top))
		}, [][]float64{{0.3, -2, 1}, {0.5, -900, -1000}, {0.9, 800, 790}}, 0},
}

// evaluateDensities returns values [case][row] and gradients [case][row][argument].
func evaluateDensities(cases []density) (values [][]float64, gradients [][][]float64) {
	var inputs []any
	for _, c := range cases {
		inputs = append(inputs, tensors.FromValue(c.at))
	}
	outputs := MustExecOnceN(backend.MustOpen(), func(in []*Node) (out []*Node) {
		for i, c := range cases {
			var v []*Node
			for k := range in[i].Shape().Dim(1) {
				v = append(v, Slice(in[i], AxisRange(), AxisRange(k, k+1)))
			}
			value := c.graph(v)
			out = append(out, Squeeze(value, 1), Gradient(ReduceAllSum(value), in[i])[0])
		}
		return out
	}, inputs...)
	for i := range cases {
		values = append(values, outputs[2*i].Value().([]float64))
		gradients = append(gradients, outputs[2*i+1].Value().([][]float64))
	}
	return values, gradients
}

// densityFaults reports values that are not the host's to 1e-11 of 1 + |value|, and
// slopes that are not its differences to 1e-6.
func densityFaults(c density, values []float64, gradients [][]float64, report func(format string, args ...any)) {
	for row, at := range c.at {
		want := c.host(at)
		if !(math.Abs(values[row]-want) <= 1e-11*(1+math.Abs(want))) {
			report("%s%v: %.15g, want %.15g", c.name, at, values[row], want)
		}
		for k := c.whole; k < len(at); k++ {
			step := 1e-5 * math.Abs(at[k])
			if at[k] == 0 {
				step = 1e-5
			}
			slope := fd.Derivative(func(x float64) float64 {
				moved := append([]float64{}, at...)
				moved[k] = x
				return c.host(moved)
			}, at[k], &fd.Settings{Formula: fd.Central, Step: step})
			if !(math.Abs(gradients[row][k]-slope) <= 1e-6*(1+math.Abs(slope))) {
				report("%s%v: slope %d is %.9g, differences give %.9g", c.name, at, k, gradients[row][k], slope)
			}
		}
	}
}

// TestDensities compares with gonum's distributions.
func TestDensities(t *testing.T) {
	values, gradients := evaluateDensities(densities)
	for i, c := range densities {
		densityFaults(c, values[i], gradients[i], t.Errorf)
	}
}

// TestConstants compares log-probabilities of constants, whose normalisers the host
// computes, with those of the same numbers as nodes.
func TestConstants(t *testing.T) {
	data := []float64{2, 3, 5}
	gaps := MustExecOnce(backend.MustOpen(), func(x *Node) *Node {
		as := func(v float64) *Node { return AddScalar(MulScalar(x, 0), v) }
		rows := Add(MulScalar(x, 0), ExpandAxes(ConstAs(x, data), 0))
		return Concatenate([]*Node{
			Sub(StudentT(x, data, 0, 1), StudentT(x, rows, 0, 1)),
			Sub(Gamma(x, 3, 2), Gamma(x, as(3), 2)),
			Sub(InverseGamma(x, data, 2), InverseGamma(x, rows, 2)),
			Sub(Beta(x, data, 4), Beta(x, rows, as(4))),
			Sub(Beta(x, 2, data), Beta(x, as(2), rows)),
			Sub(Beta(x, 2, as(3)), Beta(x, as(2), 3)),
			Sub(PoissonLog(data, x), PoissonLog(rows, x)),
			Sub(BinomialLogit(data, 9, x), BinomialLogit(rows, as(9), x)),
			Sub(Dirichlet(rows, data), Dirichlet(rows, rows)),
		}, 1)
	}, [][]float64{{0.3}, {0.7}}).Value().([][]float64)
	for _, row := range gaps {
		if floats.Norm(row, math.Inf(1)) > 1e-12 {
			t.Errorf("constants differ from nodes by %v", row)
		}
	}
}

// TestDensityBugs plants errors that log-probabilities have had; all must be seen.
func TestDensityBugs(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a graph of its own")
	}
	byName := map[string]density{}
	for _, d := range densities {
		byName[d.name] = d
	}
	var bugs []density
	for name, bug := range map[string]struct {
		of    string
		graph func(v []*Node) *Node
	}{
		"sigma taken for a variance": {"Normal", func(v []*Node) *Node { return Normal(v[0], v[1], Sqrt(v[2])) }},
		"log σ forgotten":            {"Normal", func(v []*Node) *Node { return Add(Normal(v[0], v[1], v[2]), Log(v[2])) }},
		"half a law of mass ½":       {"HalfCauchy", func(v []*Node) *Node { return Cauchy(v[0], 0, v[1]) }},
		"a rate taken for a scale":   {"Gamma", func(v []*Node) *Node { return Gamma(v[0], v[1], Inverse(v[2])) }},
		"1/x without its Jacobian":   {"InverseGamma", func(v []*Node) *Node { return Gamma(Inverse(v[0]), v[1], v[2]) }},
		"log x without its Jacobian": {"LogNormal", func(v []*Node) *Node { return Normal(Log(v[0]), v[1], v[2]) }},
		"softplus of the wrong sign": {"BernoulliLogit", func(v []*Node) *Node { return Sub(Mul(v[0], v[1]), softplus(Neg(v[1]))) }},
		"a mixture in plain numbers": {"LogMix", func(v []*Node) *Node {
			return Log(Add(Mul(v[0], Exp(v[1])), Mul(OneMinus(v[0]), Exp(v[2]))))
		}},
	} {
		d := byName[bug.of]
		d.name, d.graph = name, bug.graph
		bugs = append(bugs, d)
	}
	values, gradients := evaluateDensities(bugs)
	for i, c := range bugs {
		faults := 0
		densityFaults(c, values[i], gradients[i], func(string, ...any) { faults++ })
		if faults == 0 {
			t.Errorf("not seen: %s", c.name)
		}
	}
}

// TestNoNaN asks for gradients where naive formulas have none: far out, at impossible
// terms of a sum, and where |x| has a corner.
func TestNoNaN(t *testing.T) {
	inf := math.Inf(1)
	cases := []density{
		{name: "BernoulliLogit", graph: func(v []*Node) *Node { return BernoulliLogit(1, v[0]) }, at: [][]float64{{-1e4}, {0}, {1e4}}},
		{name: "LogSumExp", graph: func(v []*Node) *Node { return LogSumExp(v...) }, at: [][]float64{{-inf, -inf}, {0, -inf}, {-1e9, -1e9}}},
		{name: "HalfCauchy", graph: func(v []*Node) *Node { return HalfCauchy(v[0], 1) }, at: [][]float64{{0}, {1e-300}, {1e100}}},
	}
	want := [][][]float64{{{1}, {0.5}, {0}}, {{0, 0}, {1, 0}, {0.5, 0.5}}, {{0}, {-2e-300}, {-2e-100}}}
	_, gradients := evaluateDensities(cases)
	for i, c := range cases {
		for row, slopes := range gradients[i] {
			for k, slope := range slopes {
				if !(math.Abs(slope-want[i][row][k]) <= 1e-12) {
					t.Errorf("%s%v: slope %g, want %g", c.name, c.at[row], slope, want[i][row][k])
				}
			}
		}
	}
}

// TestPriorsAreWhole integrates exp LogProb of models of one prior over the unconstrained
// line: prior and Jacobian together have the mass 1.
func TestPriorsAreWhole(t *testing.T) {
	half, unit, line := Positive(), Interval(0, 1), Unbounded()
	pair, plane := CholeskyCorrelation(2), Simplex(2)
	models := []Model{
		{Parameters: []*Param{half}, Joint: func(at Point) *Node { return Sum(HalfNormal(at.Of(half), 2)) }},
		{Parameters: []*Param{half}, Joint: func(at Point) *Node { return Sum(Gamma(at.Of(half), 3, 2)) }},
		{Parameters: []*Param{unit}, Joint: func(at Point) *Node { return Sum(Beta(at.Of(unit), 2, 3)) }},
		{Parameters: []*Param{line}, Joint: func(at Point) *Node { return Sum(Normal(at.Of(line), 1, 2)) }},
		{Parameters: []*Param{pair}, Joint: func(at Point) *Node { return Sum(LKJCholesky(at.Of(pair), 1.5)) }},
		{Parameters: []*Param{plane}, Joint: func(at Point) *Node { return Sum(Dirichlet(at.Of(plane), []float64{2, 3})) }},
	}
	const n = 400
	x, weights := make([]float64, n), make([]float64, n)
	quad.Legendre{}.FixedLocations(x, weights, -30, 30)
	outputs := MustExecOnceN(backend.MustOpen(), func(x *Node) (out []*Node) {
		for _, m := range models {
			out = append(out, m.LogProb(x))
		}
		return out
	}, tensors.FromFlatDataAndDimensions(x, n, 1))
	for i, o := range outputs {
		mass := 0.0
		for k, logP := range o.Value().([]float64) {
			mass += weights[k] * math.Exp(logP)
		}
		if math.Abs(mass-1) > 1e-9 {
			t.Errorf("model %d: mass %.12f", i, mass)
		}
	}
}
