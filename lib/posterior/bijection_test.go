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

// bijections are all kinds, with the cells of x whose change is the volume: all, if nil.
var bijections = []struct {
	b     bijection
	cells []int
}{
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

// forwardAll maps points u [rows][free] by all bijections in one program. For the slopes,
// each point is repeated for each cell of x, and each copy differentiates one cell.
func forwardAll(t *testing.T, u [][][]float64) []mapped {
	t.Helper()
	var inputs []any
	for _, rows := range u {
		inputs = append(inputs, tensors.FromValue(rows))
	}
	outputs := MustExecOnceN(backend.MustOpen(), func(in []*Node) (out []*Node) {
		for i, b := range bijections {
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
	all := make([]mapped, len(bijections))
	for i := range all {
		all[i].x = outputs[3*i].Value().([][]float64)
		all[i].logJacobian = outputs[3*i+1].Value().([]float64)
		all[i].slopes = outputs[3*i+2].Value().([][][]float64)
	}
	return all
}

// points returns rows of normal numbers of that spread for each bijection.
func points(spread float64, rows int) [][][]float64 {
	h := rng.NewHost(3)
	all := make([][][]float64, len(bijections))
	for i, b := range bijections {
		for range rows {
			u := h.Normal(b.b.free())
			floats.Scale(spread, u)
			all[i] = append(all[i], u)
		}
	}
	return all
}

// TestBijections holds the maps to their inverses, the log-Jacobians to the determinants
// of derivatives that autodiff finds, and the results to their ranges.
func TestBijections(t *testing.T) {
	u := points(1.5, 8)
	for i, m := range forwardAll(t, u) {
		b := bijections[i]
		t.Run(fmt.Sprintf("%T %v", b.b, b.b), func(t *testing.T) {
			for row, x := range m.x {
				back, err := b.b.inverse(x)
				if err != nil {
					t.Fatal(err)
				}
				if !floats.EqualApprox(back, u[i][row], 1e-10) {
					t.Errorf("%v came back as %v", u[i][row], back)
				}
				if want := logDet(m.slopes[row], b.cells, b.b.free()); math.Abs(m.logJacobian[row]-want) > 1e-10 {
					t.Errorf("log-Jacobian %.12f, determinant %.12f", m.logJacobian[row], want)
				}
				if err := inRange(b.b, x); err != nil {
					t.Error(err)
				}
			}
		})
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

// TestBijectionsFarOut goes where exp and tanh saturate: nothing may be NaN, and the
// log-Jacobians must still fall as the tails say.
func TestBijectionsFarOut(t *testing.T) {
	u := points(1, 2)
	for i := range u {
		for row, far := range []float64{-60, 60} {
			for k := range u[i][row] {
				u[i][row][k] = far
			}
		}
	}
	for i, m := range forwardAll(t, u) {
		for row := range m.x {
			numbers := append(slices.Clone(m.x[row]), m.logJacobian[row])
			numbers = append(numbers, slices.Concat(m.slopes[row]...)...)
			for _, v := range numbers {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%T at %v: %v", bijections[i].b, u[i][row], numbers)
				}
			}
		}
		if b, ok := bijections[i].b.(interval); ok && !math.IsInf(b.low, 0) && !math.IsInf(b.high, 0) {
			for row, got := range m.logJacobian {
				if want := float64(b.n) * (-60 + math.Log(b.high-b.low)); math.Abs(got-want) > 1e-9 {
					t.Errorf("row %d: log-Jacobian %g, want %g", row, got, want)
				}
			}
		}
	}
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
