// Package posterior lets a Bayesian model be written in its own terms, as Go values and
// graph functions, and gives the density that samplers want.
//
//	mu, tau := posterior.Unbounded().Label("mu"), posterior.Positive().Label("tau")
//	model := posterior.Model{
//		Parameters: []*posterior.Param{mu, tau},
//		Joint: func(at posterior.Point) *Node {
//			return posterior.Sum(
//				posterior.Normal(at.Of(mu), 0, 5), posterior.HalfCauchy(at.Of(tau), 5),
//				posterior.Normal(y, at.Of(mu), at.Of(tau)))
//		},
//	}
//	draws, err := model.Sample(ctx, backend.MustOpen(), mcmc.Sampling{})
//
// A [Param] is a value that knows where it may lie; its label is for printing only.
// A [Model] is a [prob.LogProber] over unconstrained numbers: it maps them to the
// parameters, and adds the log-Jacobians of the maps to the joint log-probability.
//
// # Shapes
//
// The leading axis is that of the chains. A parameter of one number is [chains, 1], of
// n numbers [chains, n], a matrix [chains, n, m]; data are [1, n]. So numbers, vectors
// and data of one model combine by the rules of broadcasting. A log-probability, such as
// [Normal], returns one term for each number that it is given, of the shape that its
// arguments broadcast to; [Sum] adds the terms of each chain. In between stand GoMLX's
// graph functions, such as Add, Mul, Exp and Sigmoid; [Linear] is a matrix of data times a
// vector of parameters, and of one row, Linear([][]float64{{1, 4}}, beta), a prediction.
//
// Data and numbers are checked when the model is built: a scale must be positive, an
// outcome 0 or 1. Nodes cannot be. A law of positive numbers, such as [HalfNormal] or
// [Gamma], is no law on a parameter that is not [Positive].
//
// Posteriors are best sampled in float64, which is what [Model.Sample] starts in.
// [Model.SampleFiles] writes the draws as they come, and [ReadFiles] reads them.
package posterior

import (
	"fmt"

	"gibbs/lib/mcmc"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

// Model is a Bayesian model: unknown numbers, and the log-probability of them and the data.
type Model struct {
	Parameters []*Param
	// Joint returns log p(parameters, data) + const, [chains], most often as [Sum].
	Joint func(at Point) *Node
	// Derived are functions of the parameters that draws report after the parameters.
	Derived []*Quantity
}

// Variable is what a [Point] has a value of: a [Param] or a [Quantity].
type Variable interface {
	value(at Point) *Node
	name() string
}

// Quantity is a function of the parameters of a model.
type Quantity struct {
	f     func(at Point) *Node
	label string
}

// Derived returns the quantity that f computes, [chains, …].
func Derived(f func(at Point) *Node) *Quantity { return &Quantity{f: f} }

// Label names the quantity in tables and files, and returns it.
func (q *Quantity) Label(label string) *Quantity {
	q.label = label
	return q
}

func (q *Quantity) name() string         { return q.label }
func (q *Quantity) value(at Point) *Node { return q.f(at) }

// Point is where the chains are, in the terms of the model.
type Point struct {
	like   *Node // of the graph and the dtype
	values map[Variable]*Node
	asked  map[Variable]bool
}

// Of returns the value of a parameter or a derived quantity, [chains, …].
func (at Point) Of(v Variable) *Node {
	at.asked[v] = true
	if _, ok := at.values[v]; !ok {
		at.values[v] = v.value(at)
	}
	return at.values[v]
}

// Data returns numbers as a constant with a leading axis of one for the chains, in the
// dtype of the point: a number or n numbers as [1, 1] and [1, n], rows of k as [1, n, k].
func (at Point) Data(v any) *Node {
	node := ConstAs(at.like, v)
	if node.IsScalar() {
		node = ExpandAxes(node, 0)
	}
	return ExpandAxes(node, 0)
}

// Linear returns Xβ for the rows of X, [n][k], and beta [chains, k]: [chains, n].
func Linear(rows [][]float64, beta *Node) *Node {
	if beta.Rank() != 2 || len(rows) == 0 || len(rows[0]) != beta.Shape().Dim(1) {
		width := 0
		if len(rows) > 0 {
			width = len(rows[0])
		}
		exceptions.Panicf("posterior: Linear: %d rows of %d numbers, and beta is %s, want [chains, %d]", len(rows), width, beta.Shape(), width)
	}
	return mcmc.Product(ConstAs(beta, rows), beta)
}

// Sum adds the numbers of all terms, each [chains, …], for each chain: [chains].
func Sum(terms ...*Node) *Node {
	if len(terms) == 0 {
		exceptions.Panicf("posterior: Sum of no terms")
	}
	var sum *Node
	for _, term := range terms {
		if term.Rank() > 1 {
			term = ReduceSum(Reshape(term, term.Shape().Dim(0), -1), 1)
		}
		if sum == nil {
			sum = term
		} else {
			sum = Add(sum, term)
		}
	}
	return sum
}

// Dim is the number of unconstrained numbers that stand for the parameters.
func (m Model) Dim() (dim int) {
	for _, p := range m.Parameters {
		dim += p.free()
	}
	return dim
}

// LogProb returns log p(parameters, data) + log |∂parameters/∂x| + const.
// x [chains, Dim] → [chains].
func (m Model) LogProb(x *Node) *Node {
	_, logP := m.build(x)
	return logP
}

// build returns the parameters at x, after Joint asked for those it wants, and LogProb.
func (m Model) build(x *Node) (at Point, logP *Node) {
	at, logJacobian := m.point(x)
	joint := m.Joint(at)
	if chains := x.Shape().Dim(0); joint.Rank() != 1 || joint.Shape().Dim(0) != chains {
		exceptions.Panicf("posterior: Joint returned %s, want one number for each of %d chains; wrap its terms in Sum", joint.Shape(), chains)
	}
	return at, Add(joint, logJacobian)
}

// point returns the parameters at x [chains, Dim], and the log-Jacobian [chains].
func (m Model) point(x *Node) (at Point, logJacobian *Node) {
	if x.Rank() != 2 || x.Shape().Dim(1) != m.Dim() {
		exceptions.Panicf("posterior: x is %s, want [chains, %d]", x.Shape(), m.Dim())
	}
	at = Point{x, map[Variable]*Node{}, map[Variable]bool{}}
	logJacobian = ZerosLike(Squeeze(Slice(x, AxisRange(), AxisElem(0)), 1))
	start := 0
	for i, p := range m.Parameters {
		if _, twice := at.values[p]; twice {
			exceptions.Panicf("posterior: parameter %d (%q) is listed twice", i, p.label)
		}
		end := start + p.free()
		value, term := p.bijection.forward(Slice(x, AxisRange(), AxisRange(start, end)))
		at.values[p] = Reshape(value, append([]int{x.Shape().Dim(0)}, p.nodeDims()...)...)
		if term != nil {
			logJacobian = Add(logJacobian, term)
		}
		start = end
	}
	return at, logJacobian
}

// elementLabels returns the labels of the numbers of a variable, the last axis fastest:
// label alone, or label[1], label[1,2]….
func elementLabels(label string, dims []int) []string {
	labels := []string{""}
	for _, dim := range dims {
		var longer []string
		for _, l := range labels {
			for i := range dim {
				longer = append(longer, fmt.Sprintf("%s,%d", l, i+1))
			}
		}
		labels = longer
	}
	for i, l := range labels {
		if l != "" {
			l = "[" + l[1:] + "]"
		}
		labels[i] = label + l
	}
	return labels
}
