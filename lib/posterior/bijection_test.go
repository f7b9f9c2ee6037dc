package posterior

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// volume is a bijection with the cells of x whose change is the volume: all, if nil.
type volume struct {
	b     bijection
	cells []int
}

// bijections are all kinds.
var bijections = []volume{
	{interval{math.Inf(-1), math.Inf(1), 3}, nil},
	{interval{0, math.Inf(1), 3}, nil},
	{interval{-2, math.Inf(1), 1}, nil},
	{interval{math.Inf(-1), 5, 2}, nil},
	{interval{-1, 3, 3}, nil},
	{ordered(1), nil},
	{ordered(4), nil},
	{simplex(2), []int{0}},
	{simplex(5), []int{0, 1, 2, 3}},
	{choleskyCorrelation(2), []int{2}},
	{choleskyCorrelation(4), []int{4, 8, 9, 12, 13, 14}},
}

// mapped is what a bijection makes of points u.
type mapped struct {
	x           [][]float64   // [rows][size]
	logJacobian []float64     // [rows]
	slopes      [][][]float64 // ∂xₖ/∂u, [rows][size][free]
}

// forwardAll maps points u [rows][free] by bijections in one program. For the slopes,
// each point is repeated for each cell of x, and each copy differentiates one cell.
func forwardAll(bs []volume, u [][][]float64) []mapped {
	var inputs []any
	for _, rows := range u {
		inputs = append(inputs, tensors.FromValue(rows))
	}
	outputs := MustExecOnceN(backend.MustOpen(), func(in []*Node) (out []*Node) {
		for i, b := range bs {
			x, logJacobian := b.b.forward(in[i])
			if logJacobian == nil {
				logJacobian = Sum(ZerosLike(in[i]))
			}
			rows, size := x.Shape().Dim(0), x.Shape().Dim(1)
			copies := Reshape(BroadcastToDims(ExpandAxes(in[i], 1), rows, size, b.b.free()), rows*size, b.b.free())
			each, _ := b.b.forward(copies)
			one := ConstAs(x, table(rows*size, size, func(i, j int) bool { return i%size == j }))
			slopes := Gradient(ReduceAllSum(Mul(each, one)), copies)[0]
			out = append(out, x, logJacobian, Reshape(slopes, rows, size, b.b.free()))
		}
		return out
	}, inputs...)
	all := make([]mapped, len(bs))
	for i := range all {
		all[i].x = outputs[3*i].Value().([][]float64)
		all[i].logJacobian = outputs[3*i+1].Value().([]float64)
		all[i].slopes = outputs[3*i+2].Value().([][][]float64)
	}
	return all
}

// points returns rows of normal numbers for each bijection, then a row of −60 and one of
// 60, where exp and tanh saturate.
func points(bs []volume, rows int) [][][]float64 {
	h := rng.NewHost(3)
	all := make([][][]float64, len(bs))
	for i, b := range bs {
		for range rows {
			u := h.Normal(b.b.free())
			floats.Scale(1.5, u)
			all[i] = append(all[i], u)
		}
		for _, far := range []float64{-60, 60} {
			u := make([]float64, b.b.free())
			floats.AddConst(far, u)
			all[i] = append(all[i], u)
		}
	}
	return all
}

const near = 8 // rows of normal numbers

// bijectionFaults reports where a bijection does not go back to 1e-10, its log-Jacobian
// is not the determinant of autodiff's derivatives to 1e-10, or its values are out of
// range; and far out, what is not finite.
func bijectionFaults(v volume, u [][]float64, m mapped, report func(format string, args ...any)) {
	for row, x := range m.x {
		if row >= near {
			numbers := append(slices.Clone(x), m.logJacobian[row])
			numbers = append(numbers, slices.Concat(m.slopes[row]...)...)
			if math.IsNaN(floats.Sum(numbers)) || math.IsInf(floats.Norm(numbers, math.Inf(1)), 0) {
				report("%v: %v", u[row], numbers)
			}
			continue
		}
		back, err := v.b.inverse(x)
		if err != nil || !floats.EqualApprox(back, u[row], 1e-10) {
			report("%v came back as %v, %v", u[row], back, err)
		}
		if want := logDet(m.slopes[row], v.cells, v.b.free()); !(math.Abs(m.logJacobian[row]-want) <= 1e-10) {
			report("log-Jacobian %.12f, determinant %.12f", m.logJacobian[row], want)
		}
		if err := inRange(v.b, x); err != nil {
			report("%v", err)
		}
	}
}

func TestBijections(t *testing.T) {
	u := points(bijections, near)
	for i, m := range forwardAll(bijections, u) {
		v := bijections[i]
		t.Run(fmt.Sprintf("%T %v", v.b, v.b), func(t *testing.T) { bijectionFaults(v, u[i], m, t.Errorf) })
		if b, ok := v.b.(interval); ok && !math.IsInf(b.low, 0) && !math.IsInf(b.high, 0) { // log σ′(±60) is −60
			for _, got := range m.logJacobian[near:] {
				if want := float64(b.n) * (-60 + math.Log(b.high-b.low)); math.Abs(got-want) > 1e-9 {
					t.Errorf("%v: log-Jacobian %g, want %g", b, got, want)
				}
			}
		}
	}
}

// wrong is a bijection with an error planted in its map.
type wrong struct {
	bijection
	of func(b bijection, u *Node) (x, logJacobian *Node)
}

func (b wrong) forward(u *Node) (x, logJacobian *Node) { return b.of(b.bijection, u) }

// jacobian plants an error in the log-Jacobian.
func jacobian(f func(u, x, logJacobian *Node) *Node) func(b bijection, u *Node) (x, logJacobian *Node) {
	return func(b bijection, u *Node) (*Node, *Node) {
		x, logJacobian := b.forward(u)
		return x, f(u, x, logJacobian)
	}
}

// TestBijectionBugs plants errors that bijections have had; all must be seen.
func TestBijectionBugs(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a graph of its own")
	}
	positive, unit := interval{0, math.Inf(1), 3}, interval{-1, 3, 3}
	last := func(u *Node) *Node { return Sum(Slice(u, AxisRange(), AxisRangeToEnd(u.Shape().Dim(1)-1))) }
	var names []string
	var bugs []volume
	plant := func(name string, b bijection, cells []int, of func(b bijection, u *Node) (x, logJacobian *Node)) {
		names, bugs = append(names, name), append(bugs, volume{wrong{b, of}, cells})
	}
	plant("positive: no Jacobian", positive, nil, jacobian(func(u, _, _ *Node) *Node { return Sum(ZerosLike(u)) }))
	plant("positive: Jacobian of the inverse", positive, nil, jacobian(func(_, _, j *Node) *Node { return Neg(j) }))
	plant("interval: width forgotten", unit, nil, jacobian(func(_, _, j *Node) *Node { return AddScalar(j, -3*math.Log(4)) }))
	plant("interval: in plain numbers", unit, nil, jacobian(func(u, _, _ *Node) *Node {
		s := Sigmoid(u)
		return Sum(Log(MulScalar(Mul(s, OneMinus(s)), 4)))
	}))
	plant("ordered: first number in the Jacobian", ordered(4), nil, jacobian(func(u, _, _ *Node) *Node { return Sum(u) }))
	plant("ordered: gaps not summed", ordered(4), nil, func(_ bijection, u *Node) (x, logJacobian *Node) {
		first, gaps := Slice(u, AxisRange(), AxisRange(0, 1)), Slice(u, AxisRange(), AxisRangeToEnd(1))
		return Concatenate([]*Node{first, Add(first, Exp(gaps))}, 1), Sum(gaps)
	})
	plant("simplex: volume of the plane", simplex(5), bijections[8].cells, jacobian(func(_, _, j *Node) *Node { return AddScalar(j, 0.5*math.Log(5)) }))
	plant("simplex: one weight left out", simplex(5), bijections[8].cells, jacobian(func(_, x, j *Node) *Node { return Sub(j, last(Log(x))) }))
	plant("Cholesky: slopes of tanh alone", choleskyCorrelation(4), bijections[10].cells,
		jacobian(func(u, _, _ *Node) *Node { return Sum(AddScalar(logSlope(MulScalar(u, 2)), 2*math.Ln2)) }))
	plant("Cholesky: rows not scaled", choleskyCorrelation(2), bijections[9].cells, func(b bijection, u *Node) (x, logJacobian *Node) {
		x, logJacobian = b.forward(u)
		return MulScalar(x, 1.01), logJacobian
	})
	u := points(bugs, near)
	for i, m := range forwardAll(bugs, u) {
		faults := 0
		v := volume{bugs[i].b.(wrong).bijection, bugs[i].cells}
		bijectionFaults(v, u[i], m, func(string, ...any) { faults++ })
		if faults == 0 {
			t.Errorf("not seen: %s", names[i])
		}
	}
}

// logDet is log |∂(cells of x)/∂u|.
func logDet(slopes [][]float64, cells []int, free int) float64 {
	d := mat.NewDense(free, free, nil)
	for k := range free {
		cell := k
		if cells != nil {
			cell = cells[k]
		}
		d.SetRow(k, slopes[cell])
	}
	log, _ := mat.LogDet(d)
	return log
}

// inRange says whether x is where the bijection's values lie.
func inRange(b bijection, x []float64) error {
	switch b := b.(type) {
	case interval:
		if slices.Min(x) <= b.low || slices.Max(x) >= b.high {
			return fmt.Errorf("%v is not between %g and %g", x, b.low, b.high)
		}
	case ordered:
		if !slices.IsSorted(x) {
			return fmt.Errorf("%v does not increase", x)
		}
	case simplex:
		if slices.Min(x) <= 0 || math.Abs(floats.Sum(x)-1) > 1e-14 {
			return fmt.Errorf("%v is no simplex", x)
		}
	case choleskyCorrelation:
		n := int(b)
		l := mat.NewDense(n, n, slices.Clone(x))
		var r mat.Dense
		r.Mul(l, l.T())
		for i := range n {
			if math.Abs(r.At(i, i)-1) > 1e-14 || l.At(i, i) <= 0 {
				return fmt.Errorf("row %d of %v is not of length 1 with a positive diagonal", i, x)
			}
			for j := i + 1; j < n; j++ {
				if l.At(i, j) != 0 {
					return fmt.Errorf("%v is not lower triangular", x)
				}
			}
		}
	}
	return nil
}

// TestInverseRefuses checks that what is out of range has no inverse.
func TestInverseRefuses(t *testing.T) {
	for _, c := range []struct {
		b bijection
		x []float64
	}{
		{interval{0, 1, 1}, []float64{1}},
		{interval{0, 1, 1}, []float64{math.NaN()}},
		{interval{0, math.Inf(1), 2}, []float64{1}},
		{ordered(2), []float64{1, 1}},
		{simplex(2), []float64{0.5, 0.6}},
		{simplex(2), []float64{0, 1}},
		{choleskyCorrelation(2), []float64{1, 0, 0.6, 0.7}},
		{choleskyCorrelation(2), []float64{1, 0.1, 0.6, 0.8}},
		{choleskyCorrelation(2), []float64{1, 0, 1.2, 0.1}},
	} {
		if u, err := c.b.inverse(c.x); err == nil {
			t.Errorf("%T%v: %v has the inverse %v", c.b, c.b, c.x, u)
		}
	}
}
