package energy_test

import (
	"fmt"
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/energy"
	"gibbs/lib/prob"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"
)

// plane is the lecture's grid: spacing 0.02 over [−8, 8]².
var plane = energy.Box(2, 8, .02)

// ringEnergy is the lecture's ring, of radius 2 and width 0.3.
func ringEnergy(x []float64) float64 {
	t := (math.Hypot(x[0], x[1]) - 2) / .3
	return t * t / 2
}

// TestGridLogZ holds the three fixtures to their log Z.
func TestGridLogZ(t *testing.T) {
	half := func(x []float64) float64 { return (x[0]*x[0] + x[1]*x[1]) / 2 }
	within(t, "Gaussian", plane.Levels(plane.Map(half)).At(1).LogZ, 1.8378770664, 1e-8)
	// 2π[s²exp(−r²/2s²) + rs√(2π)Φ(r/s)]
	s, r := .3, 2.
	ring := math.Log(2 * math.Pi * (s*s*math.Exp(-r*r/(2*s*s)) + r*s*math.Sqrt(2*math.Pi)*.5*math.Erfc(-r/s/math.Sqrt2)))
	within(t, "closed form of the ring", ring, 2.2459899758, 1e-10)
	within(t, "ring", plane.Levels(plane.Map(ringEnergy)).At(1).LogZ, ring, 1e-8)
	// A Gaussian at any temperature: log Z = log 2πτ, U = τ, S = log 2πeτ, C = 1.
	for _, tau := range []float64{.1, 1} {
		at := plane.Levels(plane.Map(half)).At(tau)
		within(t, "log Z(τ)", at.LogZ, math.Log(2*math.Pi*tau), 1e-8)
		within(t, "U", at.U, tau, 1e-8)
		within(t, "S", at.S, math.Log(2*math.Pi*math.E*tau), 1e-8)
		within(t, "C", at.C, 1, 1e-8)
	}
	wide := energy.Box(2, 40, .1)
	within(t, "S at τ = 10", wide.Levels(wide.Map(half)).At(10).S, 5.140462, 5.1e-7)
}

// TestGridOfMixture evaluates the mixture on the backend and compares with the
// lecture's tempered values, and with prob's own quadrature of its entropy.
func TestGridOfMixture(t *testing.T) {
	grid := energy.Box(2, 8, .04)
	energies, err := energy.Evaluate(backend.MustOpen(), nil, energy.Of(mix), grid.Tensor(dtypes.Float64))
	if err != nil {
		t.Fatal(err)
	}
	levels := grid.Levels(energies)
	for _, row := range []struct{ beta, logZ, u float64 }{
		{.5, 1.450210, 3.542488}, {1, 0, 2.481231}, {2, -2.112314, 1.862167},
	} {
		at := levels.At(1 / row.beta)
		within(t, fmt.Sprintf("log Z(β = %g)", row.beta), at.LogZ, row.logZ, 5.1e-7)
		within(t, fmt.Sprintf("⟨E⟩(β = %g)", row.beta), at.U, row.u, 5.1e-7)
		h := 1e-3
		slope := (levels.At(1/(row.beta+h)).LogZ - levels.At(1/(row.beta-h)).LogZ) / (2 * h)
		within(t, "∂log Z/∂β", slope, -at.U, 1e-5)
	}
	grid32 := energy.Box(2, 8, .2)
	logZ := MustExecOnce(backend.MustOpen(), func(x *Node) *Node {
		return grid32.LogZ(energy.Of(mix).Energy(x))
	}, grid32.Tensor(dtypes.Float32))
	within(t, "log Z in the graph, float32", float64(tensors.ToScalar[float32](logZ)), 0, 1e-5)
}

func TestGrid(t *testing.T) {
	g := energy.Grid{Low: []float64{0, -1}, High: []float64{2, 1}, Points: []int{3, 5}}
	x := make([]float64, 2)
	g.At(7, x)
	if x[0] != 1 || x[1] != 0 || g.Len() != 15 {
		t.Errorf("point 7 of %d is %v", g.Len(), x)
	}
	if h := g.Spacing(); !floats.Equal(h, []float64{1, .5}) {
		t.Errorf("spacing %v", h)
	}
	within(t, "cell", g.LogCell(), math.Log(.5), 1e-15)
	flat := tensors.MustCopyFlatData[float64](g.Tensor(dtypes.Float64))
	if flat[14] != 1 || flat[15] != 0 {
		t.Errorf("the tensor's point 7 is %v", flat[14:16])
	}
	panics(t, "no axis", func() { energy.Grid{}.Len() })
	panics(t, "a turned box", func() { energy.Grid{Low: []float64{1}, High: []float64{0}, Points: []int{3}}.Len() })
	panics(t, "integers", func() { g.Tensor(dtypes.Int32) })
	panics(t, "too few energies", func() { g.Levels([]float64{1}) })
}

func TestIntegrate(t *testing.T) {
	// From the uniform law, log 4, to τ = 1.
	want := four.At(1).LogZ - math.Log(4)
	ladder := func(n int, slopes bool) (means []energy.Mean) {
		for i := range n + 1 {
			beta := float64(i) / float64(n)
			at := four.At(1 / beta) // β = 0 is τ = +Inf
			m := energy.Mean{Beta: beta, U: at.U, SE: .1}
			if p := four.Probs(1 / beta); slopes {
				for k, e := range four.Energy {
					m.Variance += p[k] * (e - at.U) * (e - at.U)
				}
			}
			means = append(means, m)
		}
		return means
	}
	error := func(n int, slopes bool) float64 {
		got, _ := energy.Integrate(ladder(n, slopes))
		return math.Abs(got - want)
	}
	plain, corrected := error(10, false), error(10, true)
	if order := math.Log2(error(10, false) / error(20, false)); math.Abs(order-2) > .05 {
		t.Errorf("order %.3f without slopes, want 2", order)
	}
	if order := math.Log2(error(10, true) / error(20, true)); math.Abs(order-4) > .1 {
		t.Errorf("order %.3f with slopes, want 4", order)
	}
	if corrected > plain/100 {
		t.Errorf("the slopes take the error from %.2g to %.2g only", plain, corrected)
	}
	_, se := energy.Integrate(ladder(2, false)) // weights ¼, ½, ¼
	within(t, "SE", se, .1*math.Sqrt(.375), 1e-12)
	panics(t, "one mean", func() { energy.Integrate(make([]energy.Mean, 1)) })
	panics(t, "one β twice", func() { energy.Integrate(make([]energy.Mean, 3)) })
}

// TestSigns holds both conversions to one law: an energy is the negative of its
// LogProb, its gradient that of the score, and a temperature divides both.
func TestSigns(t *testing.T) {
	plain := energy.Func(func(x *Node) *Node { return energy.Of(mix).Energy(x) }) // no closed gradient
	out := MustExecOnceN(backend.MustOpen(), func(x *Node) []*Node {
		law := energy.Tempered{E: energy.Of(mix), Tau: 2}
		back := energy.Of(energy.Tempered{E: energy.Of(mix)})
		return []*Node{
			mix.LogProb(x), energy.Of(mix).Energy(x), law.LogProb(x), back.Energy(x),
			mix.Score(x), energy.GradientOf(energy.Of(mix), x), law.Score(x),
			prob.ScoreOf(energy.Tempered{E: plain, Tau: 2}, x),
		}
	}, [][]float64{{-2, -1}, {.3, .4}, {1, 2}})
	flat := func(i int) []float64 { return tensors.MustCopyFlatData[float64](out[i]) }
	for _, pair := range []struct {
		name  string
		a, b  int
		scale float64
	}{
		{"E = −log p", 1, 0, -1}, {"log p^{1/τ}", 2, 0, .5}, {"there and back", 3, 1, 1},
		{"∇E = −score", 5, 4, -1}, {"tempered score", 6, 4, .5}, {"score by derivative", 7, 6, 1},
	} {
		a, b := flat(pair.a), flat(pair.b)
		for i := range a {
			within(t, pair.name, a[i], pair.scale*b[i], 1e-12*(1+math.Abs(a[i])))
		}
	}
	panics(t, "negative τ", func() {
		MustExecOnce(backend.MustOpen(), energy.Tempered{E: plain, Tau: -1}.LogProb, [][]float64{{0, 0}})
	})
}
