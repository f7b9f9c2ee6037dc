// Package solve integrates ordinary and stochastic differential equations in
// compiled graphs: Runge–Kutta methods of fixed and adaptive step, and
// Euler–Maruyama.
//
// Every example of a batch is a problem of its own and has its own time: x is
// [batch, event…], t and dt are [batch]. So no result depends on which other
// examples share the batch, not even under an adaptive step. Time may run either
// way: a negative dt goes back, which is how samples are made from noise.
package solve

import (
	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/path"

	"github.com/gomlx/gomlx/support/exceptions"
)

// Field is the right-hand side of dx/dt = f(x, t). x [batch, event…], t [batch] →
// shaped like x.
type Field func(x, t *Node) *Node

// Method is an explicit Runge–Kutta method, by its coefficients.
//
//	kᵢ = f(x + dt·Σⱼ Aᵢⱼkⱼ, t + dt·Σⱼ Aᵢⱼ),  x′ = x + dt·Σᵢ Bᵢkᵢ
type Method struct {
	A     [][]float64 // row i has the i coefficients of stage i; the first is empty
	B     []float64   // weights of the stages, summing to 1
	Lower []float64   // weights of a less accurate result, for the error; nil: none
	Order int         // the global error falls as dt^Order
}

// The methods. DormandPrince and BogackiShampine carry a second result for
// adaptive steps, one order lower, and their last stage is the first one of the
// step that follows.
var (
	// Euler's method. One evaluation a step.
	Euler = Method{A: [][]float64{{}}, B: []float64{1}, Order: 1}

	// Heun's method, the trapezoidal rule with Euler's step as its predictor. Two
	// evaluations a step.
	//
	// Source: Karras et al., "Elucidating the design space of diffusion-based
	// generative models", 2022, algorithm 1, uses it for the probability flow.
	Heun = Method{A: [][]float64{{}, {1}}, B: []float64{1. / 2, 1. / 2}, Order: 2}

	// BogackiShampine is the pair 3(2). Three evaluations a step.
	//
	// Source: Bogacki, Shampine, "A 3(2) pair of Runge–Kutta formulas", 1989.
	BogackiShampine = Method{
		A:     [][]float64{{}, {1. / 2}, {0, 3. / 4}, {2. / 9, 1. / 3, 4. / 9}},
		B:     []float64{2. / 9, 1. / 3, 4. / 9, 0},
		Lower: []float64{7. / 24, 1. / 4, 1. / 3, 1. / 8},
		Order: 3,
	}

	// DormandPrince is the pair 5(4). Six evaluations a step.
	//
	// Source: Dormand, Prince, "A family of embedded Runge–Kutta formulae", 1980.
	DormandPrince = Method{
		A: [][]float64{
			{},
			{1. / 5},
			{3. / 40, 9. / 40},
			{44. / 45, -56. / 15, 32. / 9},
			{19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
			{9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
			{35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84},
		},
		B:     []float64{35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84, 0},
		Lower: []float64{5179. / 57600, 0, 7571. / 16695, 393. / 640, -92097. / 339200, 187. / 2100, 1. / 40},
		Order: 5,
	}
)

// Step takes one step of dx/dt = f(x, t) and returns x at t + dt. x [batch,
// event…]; t and dt [batch]. It panics if the coefficients do not fit together or
// f changes the shape of x.
func (m Method) Step(f Field, x, t, dt *Node) *Node {
	k := m.stages(f, apply(f, x, t), m.used(), x, t, dt)
	return Add(x, Mul(path.Along(dt, x), combine(m.B, k)))
}

// stages returns k₀, which is given, to k of the last of n stages.
func (m Method) stages(f Field, k0 *Node, n int, x, t, dt *Node) []*Node {
	k := []*Node{k0}
	for _, a := range m.A[1:n] {
		c := 0.0
		for _, coefficient := range a {
			c += coefficient
		}
		at := Add(x, Mul(path.Along(dt, x), combine(a, k)))
		k = append(k, apply(f, at, Add(t, MulScalar(dt, c))))
	}
	return k
}

// used returns how many stages x′ needs, after checking the coefficients.
func (m Method) used() int {
	fits := len(m.A) > 0 && len(m.B) == len(m.A) && (m.Lower == nil || len(m.Lower) == len(m.A))
	for i, row := range m.A {
		fits = fits && len(row) == i
	}
	if !fits {
		exceptions.Panicf("solve: a Method needs a row of i numbers for its stage i and a weight for each stage, got A %v, B %v, Lower %v", m.A, m.B, m.Lower)
	}
	n := len(m.B)
	for n > 1 && m.B[n-1] == 0 {
		n--
	}
	return n
}

// combine returns Σᵢ weightsᵢ·kᵢ, and leaves out the terms whose weight is zero.
func combine(weights []float64, k []*Node) *Node {
	var sum *Node
	for i, w := range weights {
		switch {
		case w == 0:
		case sum == nil:
			sum = MulScalar(k[i], w)
		default:
			sum = Add(sum, MulScalar(k[i], w))
		}
	}
	if sum == nil {
		return ZerosLike(k[0])
	}
	return sum
}

// apply checks that a field keeps the shape of x.
func apply(f Field, x, t *Node) *Node {
	y := f(x, t)
	if !y.Shape().Equal(x.Shape()) {
		exceptions.Panicf("solve: the field maps %s to %s: a rate of change has the shape of x", x.Shape(), y.Shape())
	}
	return y
}
