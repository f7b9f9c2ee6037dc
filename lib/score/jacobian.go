package score

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Jacobian returns the derivatives of a model of flat events, by one reverse pass
// for each dimension: x [batch, dim] → [batch, dim, dim], entry i, j being ∂ⱼsᵢ.
// It panics on other ranks, or if the model changes the shape.
func Jacobian(model Model, x *Node) *Node {
	x.AssertRank(2)
	s := apply(model, x)
	var rows []*Node
	for _, e := range units(x) {
		rows = append(rows, slope(s, x, e))
	}
	return Stack(rows, 1)
}

// Curl returns how far a model is from being a gradient at every example, [batch].
//
//	√Σ_{i<j} (∂ᵢsⱼ − ∂ⱼsᵢ)²
//
// It is 0 everywhere if and only if the model is the gradient of some function.
// In two dimensions it is |∂₁s₂ − ∂₂s₁|, in three the length of the curl.
// x [batch, dim]; it panics as Jacobian does.
func Curl(model Model, x *Node) *Node {
	j := Jacobian(model, x)
	twist := Sub(j, TransposeAllAxes(j, 0, 2, 1)) // each pair stands in it twice
	return Sqrt(MulScalar(sumEvent(Square(twist)), 0.5))
}

// Conservative makes a score of an energy, E(x) [batch] for x [batch, event…].
//
//	s(x) = −∇ₓE(x)
//
// Every score is the gradient of log p; a net that maps x to s freely need not be
// one. This one is, at the price of a reverse pass for each evaluation, and it
// comes with an unnormalised log-probability, −E. It can be differentiated
// further, for training and for its Jacobian. It panics if the energy is not one
// number for each example.
//
// Source: Saremi, Mehrjou, Schölkopf, Hyvärinen, "Deep energy estimator networks",
// 2018, eq. 3.
func Conservative(energy func(x *Node) *Node) Model {
	return func(x *Node) *Node {
		e := energy(x)
		e.AssertDims(x.Shape().Dimensions[0])
		return Neg(Gradient(ReduceAllSum(e), x)[0])
	}
}

// slope returns ∇ₓ(vᵀs), shaped like x: the derivative of s along v, transposed.
func slope(s, x, v *Node) *Node {
	return Gradient(ReduceAllSum(Mul(v, s)), x)[0]
}

// curvature returns vᵀ∇s v of every example, [batch].
func curvature(s, x, v *Node) *Node {
	return sumEvent(Mul(slope(s, x, v), v))
}

// units returns the unit vectors of an event, [1, event…] each.
func units(x *Node) []*Node {
	dims := append([]int{1}, x.Shape().Dimensions[1:]...)
	e := make([]*Node, eventSize(x))
	for i := range e {
		one := make([]float64, len(e))
		one[i] = 1
		e[i] = Reshape(ConstAs(x, one), dims...)
	}
	return e
}
