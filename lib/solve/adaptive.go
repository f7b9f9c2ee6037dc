package solve

import (
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/path"

	"github.com/gomlx/gomlx/support/exceptions"
)

// Tolerance is the error that an adaptive step may make. It is met when the root
// mean square, over an example's numbers, of error/(Absolute + Relative·|x|) is
// at most 1. In float32 neither can be kept below about 1e-6.
type Tolerance struct {
	Absolute float64 // in the units of x; 0 means 1e-5
	Relative float64 // 0 means 1e-5
}

// Adaptive is the state of adaptive integration between two steps: where every
// example is, and the step that it will try.
type Adaptive struct {
	X    *Node // [batch, event…]
	T    *Node // [batch]
	DT   *Node // the step to be tried next, [batch]; of the sign of To − T
	K    *Node // f(X, T), shaped like X
	To   *Node // where each example ends, [batch]
	Done *Node // whether it has arrived, bool [batch]
}

// Start begins adaptive integration of dx/dt = f(x, t) from t to to. x [batch,
// event…]; t and to [batch]. The first step to be tried moves x by about a
// hundredth of its size.
//
// Source: Hairer, Nørsett, Wanner, "Solving ordinary differential equations I",
// 1993, section II.4. Differs: without the second evaluation, since a first step
// too long is only tried again.
func Start(f Field, tol Tolerance, x, t, to *Node) Adaptive {
	k := apply(f, x, t)
	size, slope := tol.norm(x, x, x), tol.norm(k, x, x) // [batch]
	span := Sub(to, t)
	length := Abs(span)
	dt := Where(GreaterThan(slope, ZerosLike(slope)), Div(MulScalar(size, 0.01), slope), length)
	dt = Min(Max(dt, MulScalar(length, 1e-6)), length)
	return Adaptive{X: x, T: t, DT: Mul(Sign(span), dt), K: k, To: to, Done: Equal(t, to)}
}

// Advance tries one step of every example. Where the error is within tol the
// example moves; where it is not, it stays and will try a shorter one. The step
// that follows is
//
//	dt′ = dt·min(10, max(0.2, 0.9·E^(−1/Order)))
//
// with E the error in units of tol. An example that has arrived stays as it is. It
// panics unless m has a lower result and its last stage is the next step's first,
// as DormandPrince and BogackiShampine have.
//
// Source: Hairer, Nørsett, Wanner, 1993, eq. II.4.13.
func (m Method) Advance(f Field, tol Tolerance, a Adaptive) Adaptive {
	n := len(m.B)
	if m.used(); m.Lower == nil || !slices.Equal(m.A[n-1], m.B[:n-1]) || m.B[n-1] != 0 {
		exceptions.Panicf("solve: this Method has no error estimate, or its last stage is not the next step's first: use DormandPrince or BogackiShampine")
	}
	left := Sub(a.To, a.T)
	last := GreaterOrEqual(Abs(a.DT), Abs(left))
	dt := Where(last, left, a.DT)
	k := m.stages(f, a.K, n, a.X, a.T, dt)
	x := Add(a.X, Mul(path.Along(dt, a.X), combine(m.B, k)))
	gap := make([]float64, n)
	for i := range gap {
		gap[i] = m.B[i] - m.Lower[i]
	}
	e := tol.norm(Mul(path.Along(dt, x), combine(gap, k)), a.X, x) // [batch]

	factor := MulScalar(PowScalar(MaxScalar(e, 1e-10), -1/float64(m.Order)), 0.9)
	factor = Where(IsFinite(e), ClipScalar(factor, 0.2, 10), Scalar(e.Graph(), e.DType(), 0.2))
	moves := LogicalAnd(LessOrEqual(e, OnesLike(e)), LogicalNot(a.Done)) // not where e is NaN
	arrives := LogicalAnd(moves, last)
	return Adaptive{
		X:    Where(moves, x, a.X),
		T:    Where(arrives, a.To, Where(moves, Add(a.T, dt), a.T)),
		DT:   Where(a.Done, a.DT, Mul(dt, factor)),
		K:    Where(moves, k[n-1], a.K),
		To:   a.To,
		Done: LogicalOr(a.Done, arrives),
	}
}

// norm returns the root mean square of error/(Absolute + Relative·max(|x|, |y|))
// of every example, [batch].
func (tol Tolerance) norm(e, x, y *Node) *Node {
	absolute, relative := tol.orDefault()
	scale := AddScalar(MulScalar(Max(Abs(x), Abs(y)), relative), absolute)
	squares := Square(Div(e, scale))
	return Sqrt(ReduceMean(Reshape(squares, x.Shape().Dimensions[0], -1), 1))
}

func (tol Tolerance) orDefault() (absolute, relative float64) {
	absolute, relative = tol.Absolute, tol.Relative
	if absolute == 0 {
		absolute = 1e-5
	}
	if relative == 0 {
		relative = 1e-5
	}
	if !(absolute > 0) || !(relative > 0) || math.IsInf(absolute, 0) || math.IsInf(relative, 0) {
		exceptions.Panicf("solve: tolerances must be positive, got %v and %v", tol.Absolute, tol.Relative)
	}
	return absolute, relative
}
