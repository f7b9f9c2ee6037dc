package hopfield_test

import (
	"math"
	"testing"

	"gibbs/lib/hopfield"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"
)

func circle(t float64) []float64 {
	sin, cos := math.Sincos(2 * math.Pi * t)
	return []float64{cos, sin}
}

// curveAt returns energy, less the constant ½ of a circle's norm, and step at x.
func curveAt() func(beta float64, n int, x ...float64) (energy float64, next []float64) {
	at := compiled(func(patterns, beta, x *Node) []*Node {
		m := hopfield.Modern{Patterns: patterns, Beta: beta}
		return []*Node{m.Energy(x), m.Step(x)}
	})
	return func(beta float64, n int, x ...float64) (float64, []float64) {
		got := at(hopfield.Samples(dtypes.Float64, circle, n), beta, matrix(x))
		return got[0][0] - 0.5, got[1]
	}
}

// TestCircle compares a circle of memory with Bessel functions, as the lecture gives
// them (E.8): the ring of minima, its energy, one step, and the error of n points.
func TestCircle(t *testing.T) {
	at := curveAt()
	for _, row := range [][3]float64{
		{2.5, .58970799, -.01953473}, {3, .72415872, -.05335467}, {4, .83146202, -.11755386}, {8, .93015250, -.25952035}, {16, .96712810, -.35694959},
	} {
		e, next := at(row[0], 64, row[1], 0)
		within(t, "r*", next[0], row[1], 1e-8)
		within(t, "x₂", next[1], 0, 1e-14)
		within(t, "E(r*)", e, row[2], 1e-8)
	}
	if _, next := at(1.9, 64, 0.3, 0); !(next[0] < 0.3) {
		t.Errorf("β = 1.9: a step from 0.3 goes to %g; want inwards, there is no ring", next[0])
	}
	_, exact := at(8, 64, .3, .4)
	within(t, "x₁⁺", exact[0], .51811357, 5e-9)
	within(t, "x₂⁺", exact[1], .69081809, 5e-9)
	for n, want := range map[int]float64{4: .1433, 8: 3.1e-3, 16: 2.5e-9} {
		_, next := at(8, n, .3, .4)
		within(t, "error of n points, largest coordinate", max(math.Abs(next[0]-exact[0]), math.Abs(next[1]-exact[1]))/want, 1, .02)
	}
	e, _ := at(8, 64, .5, 0)
	log := -8 * (e - .125) // log I₀(4)
	within(t, "E8.4, the right −(1/β) log ∫", -log/8, -.30312, 5e-6)
	within(t, "E8.4, β inside the logarithm", math.Log(8)-log, -.34553, 5e-6)
}

// TestFitCurve checks the ridge fit: exact where the frames are of the basis, means of
// frames for steps, shrunk by the ridge as by hand.
func TestFitCurve(t *testing.T) {
	frames := mat.NewDense(12, 2, nil)
	for k := range 12 {
		frames.SetRow(k, circle((float64(k)+.5)/12))
	}
	fit := func(basis hopfield.Basis, ridge float64) *hopfield.Curve {
		c, err := hopfield.FitCurve(frames, basis, ridge)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := fit(hopfield.Fourier(5), 0)
	for _, at := range []float64{0, .123, .5, 1} {
		within(t, "cos", c.At(at)[0], circle(at)[0], 1e-13)
		within(t, "sin", c.At(at)[1], circle(at)[1], 1e-13)
	}
	mean := (frames.At(0, 0) + frames.At(1, 0) + frames.At(2, 0)) / 3
	within(t, "step", fit(hopfield.Rectangular(4), 0).At(.1)[0], mean, 1e-14)
	within(t, "step with ridge", fit(hopfield.Rectangular(4), .5).At(.1)[0], mean*3/3.5, 1e-14)
	within(t, "last step", fit(hopfield.Rectangular(4), 0).At(1)[1], (frames.At(9, 1)+frames.At(10, 1)+frames.At(11, 1))/3, 1e-14)
	psi := make([]float64, 3)
	hopfield.RBF(3, 0).At(.25, psi)
	for k, want := range []float64{math.Exp(-.125), math.Exp(-.125), math.Exp(-1.125)} {
		within(t, "bump", psi[k], want, 1e-15)
	}
	if _, err := hopfield.FitCurve(frames, hopfield.Rectangular(20), 0); err == nil {
		t.Error("20 steps through 12 frames without a ridge: no error")
	}
	if _, err := hopfield.FitCurve(frames, hopfield.Rectangular(2), math.NaN()); err == nil {
		t.Error("a ridge of NaN: no error")
	}
	samples := hopfield.Samples(dtypes.Float32, c.At, 10)
	if v := tensors.MustCopyFlatData[float32](samples); len(v) != 20 || math.Abs(float64(v[0])-c.At(.05)[0]) > 1e-7 {
		t.Errorf("10 samples are %s, the first %g; want [10, 2] and ξ(0.05) = %g", samples.Shape(), v[0], c.At(.05)[0])
	}
}
