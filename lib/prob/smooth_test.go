package prob

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
)

// TestSmoothScore compares a batch in which every example has its own σ with
// Smooth at each σ, in both dtypes; the largest error is in rounding.
func TestSmoothScore(t *testing.T) {
	sigmas := []float64{0, 0.01, 0.5, 5}
	for name, m := range map[string]*Mixture{"two modes": TwoModes(), "uneven": uneven()} {
		for dtype, tolerance := range map[dtypes.DType]float64{dtypes.Float64: 1e-12, dtypes.Float32: 2e-5} {
			for i, e := range smoothErrors(m, m.SmoothScore, sigmas, dtype) {
				if !(e <= tolerance) {
					t.Errorf("%s, %s, σ=%v: off by %.3g", name, dtype, sigmas[i], e)
				}
			}
		}
	}
	wrong := func(x, sigma *Node) *Node { return TwoModes().SmoothScore(x, Square(sigma)) }
	if e := smoothErrors(TwoModes(), wrong, []float64{0.5}, dtypes.Float32)[0]; e < 1e-3 {
		t.Errorf("planted bug not caught: σ² for σ, off by %.3g", e)
	}
}

// smoothErrors returns for each σ the largest difference to the score of
// m.Smooth(σ) at the probes, relative to the larger of 1 and the score.
func smoothErrors(m *Mixture, score func(x, sigma *Node) *Node, sigmas []float64, dtype dtypes.DType) []float64 {
	n := len(probes())
	gaps := run(func(x *Node) *Node {
		wide, g := x, x.Graph()
		x = ConvertDType(x, dtype)
		var all, each, want []*Node
		for _, sigma := range sigmas {
			all = append(all, x)
			each = append(each, MulScalar(Ones(g, x.Shape()), sigma))
			want = append(want, m.Smooth(sigma).Score(ConvertDType(ConvertDType(wide, dtype), dtypes.Float64)))
		}
		sigma := Squeeze(SliceAxis(Concatenate(each, 0), 1, AxisElem(0)), 1)
		got := ConvertDType(score(Concatenate(all, 0), sigma), dtypes.Float64)
		exact := Concatenate(want, 0)
		return Div(Abs(Sub(got, exact)), MaxScalar(Abs(exact), 1))
	}, probes())
	worst := make([]float64, len(sigmas))
	for i, gap := range gaps {
		worst[i/(2*n)] = max(worst[i/(2*n)], gap)
		if math.IsNaN(gap) {
			worst[i/(2*n)] = math.Inf(1)
		}
	}
	return worst
}
