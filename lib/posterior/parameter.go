package posterior

import (
	"fmt"
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

// Param is an unknown of a model: one number, a vector or a matrix, and where it may
// lie. It is known by its address: make it once, list it in the model, ask for it by
// [Point.Of].
type Param struct {
	bijection bijection
	dims      []int // as given: none for a number
	label     string
}

// Unbounded returns a parameter without bounds: a number, or an array of the given dims.
func Unbounded(dims ...int) *Param { return Interval(math.Inf(-1), math.Inf(1), dims...) }

// Positive returns a parameter above 0, x = eᵘ: a number, or an array of the given dims.
func Positive(dims ...int) *Param { return Interval(0, math.Inf(1), dims...) }

// Interval returns a parameter between a and b, either of which may be infinite: a
// number, or an array of the given dims.
//
//	x = a + (b − a) σ(u),   x = a + eᵘ,   x = b − eᵘ,   x = u,   σ(u) = 1/(1 + e⁻ᵘ)
//
// It panics unless a < b.
func Interval(a, b float64, dims ...int) *Param {
	if !(a < b) {
		exceptions.Panicf("posterior: Interval(%g, %g) is empty", a, b)
	}
	n := 1
	for _, dim := range dims {
		n *= dim
	}
	if n < 1 {
		exceptions.Panicf("posterior: a parameter with dims %d holds no number", dims)
	}
	return &Param{bijection: interval{a, b, n}, dims: dims}
}

// Ordered returns a vector of n numbers that increase.
//
//	x₁ = u₁,   xᵢ = xᵢ₋₁ + exp uᵢ
func Ordered(n int) *Param {
	return &Param{bijection: ordered(atLeast(1, n)), dims: []int{n}}
}

// Simplex returns a vector of n ≥ 2 positive numbers whose sum is 1, the softmax of a
// vector in the plane Σ = 0. Densities are with respect to the first n − 1.
//
//	x = softmax(Vu),   V [n, n−1] with VᵀV = I and columns that sum to 0
//
// Source: Egozcue et al., "Isometric logratio transformations for compositional data
// analysis", 2003.
func Simplex(n int) *Param {
	return &Param{bijection: simplex(atLeast(2, n)), dims: []int{n}}
}

// CholeskyCorrelation returns a lower triangular matrix L [n, n], n ≥ 2, with a positive
// diagonal and rows of length 1, so that LLᵀ is a correlation matrix. Densities are with
// respect to the numbers below the diagonal.
//
//	Lᵢⱼ = tanh uᵢⱼ √(1 − Σ_{k<j} Lᵢₖ²),   i > j
//
// Source: Lewandowski, Kurowicka, Joe, "Generating random correlation matrices based on
// vines and extended onion method", 2009; Stan Reference Manual, "Cholesky factors of
// correlation matrices".
func CholeskyCorrelation(n int) *Param {
	return &Param{bijection: choleskyCorrelation(atLeast(2, n)), dims: []int{n, n}}
}

func atLeast(least, n int) int {
	if n < least {
		exceptions.Panicf("posterior: a parameter of size %d, want at least %d", n, least)
	}
	return n
}

// Label names the parameter in tables and files, and returns it. Without one it is
// called p1, p2… by its place in the model. No two of a model have the same, and none has
// any of . , [ ] and quotes, which files need for themselves.
func (p *Param) Label(label string) *Param {
	p.label = label
	return p
}

func (p *Param) name() string { return p.label }

// value is for parameters that a point lacks.
func (p *Param) value(Point) *Node {
	exceptions.Panicf("posterior: Point.Of a parameter (%q) that is not in Model.Parameters: list it there, and make it once, outside of Joint", p.label)
	return nil
}

// free is the number of unconstrained numbers that stand for the parameter.
func (p *Param) free() int { return p.bijection.free() }

// nodeDims are the dims of the parameter's node after the chains.
func (p *Param) nodeDims() []int {
	if len(p.dims) == 0 {
		return []int{1}
	}
	return p.dims
}

// Assignment is a parameter with a value.
type Assignment struct {
	parameter *Param
	value     []float64
}

// Is assigns values to the parameter, the last axis fastest.
func (p *Param) Is(value ...float64) Assignment { return Assignment{p, value} }

// Unconstrain returns the point x [Dim] at which parameters have the given values, and
// others u = 0: a place to start chains from. The error says which value has the wrong
// size or is not inside its parameter's range.
func (m Model) Unconstrain(values ...Assignment) ([]float64, error) {
	x := make([]float64, m.Dim())
	for _, a := range values {
		start, i := 0, slices.Index(m.Parameters, a.parameter)
		if i < 0 {
			return nil, fmt.Errorf("posterior: Unconstrain: parameter %q is not in Model.Parameters", a.parameter.label)
		}
		for _, p := range m.Parameters[:i] {
			start += p.free()
		}
		u, err := a.parameter.bijection.inverse(a.value)
		if err != nil {
			return nil, fmt.Errorf("posterior: Unconstrain: parameter %q: %w", a.parameter.label, err)
		}
		copy(x[start:], u)
	}
	return x, nil
}
