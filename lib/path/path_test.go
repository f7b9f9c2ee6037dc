package path_test

import (
	"fmt"
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
	"gibbs/lib/path"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
)

// at5 is a path whose noise at t = 0 is 0.5.
var at5 = path.VE{SigmaMin: 0.5, SigmaMax: 5}

// Example reads one exact score as a denoiser, and that as a prediction of ε.
func Example() {
	denoise := path.FromSmooth(at5, prob.TwoModes().SmoothScore)
	exec := MustNewExec(backend.MustOpen(), func(x, t *Node) []*Node {
		return []*Node{denoise(x, t), denoise.Eps(at5)(x, t)}
	})
	x0, eps := exec.MustCall2([][]float64{{3, 0}}, []float64{0})
	fmt.Printf("x₀ %.6f, ε %.6f\n", x0.Value().([][]float64)[0][0], eps.Value().([][]float64)[0][0])
	// Output: x₀ 2.799946, ε 0.400108
}

// schedules are the paths that every check below holds for.
var schedules = map[string]path.Schedule{
	"VE": path.VE{SigmaMin: 0.01, SigmaMax: 5}, "VP": path.VP{}, "VP, slow": path.VP{BetaMin: 1, BetaMax: 3},
}

// TestMarginalsSolveTheMomentEquations compares α′ with f·α and (σ²)′ with
// 2f·σ² + g², by central differences in float64: h²/6 of a third derivative is
// below 3e-6 of the rate of either.
func TestMarginalsSolveTheMomentEquations(t *testing.T) {
	for name, p := range schedules {
		if worst := momentError(p); !(worst < 3e-6) {
			t.Errorf("%s: the marginals miss the diffusion's moments by %.3g", name, worst)
		}
	}
	// Planted bugs: a rate without its factor 2, and a drift of the wrong sign.
	for name, p := range map[string]path.Schedule{"g² halved": halved{at5}, "drift reversed": reversed{path.VP{}}} {
		if worst := momentError(p); worst < 3e-6 {
			t.Errorf("planted bug not caught: %s", name)
		}
	}
}

type (
	halved   struct{ path.VE }
	reversed struct{ path.VP }
)

func (p halved) DriftDiffusion(t *Node) (f, g2 *Node) {
	f, g2 = p.VE.DriftDiffusion(t)
	return f, DivScalar(g2, 2)
}

func (p reversed) DriftDiffusion(t *Node) (f, g2 *Node) {
	f, g2 = p.VP.DriftDiffusion(t)
	return Neg(f), g2
}

// momentError returns the largest error of either equation, relative to its terms.
func momentError(p path.Schedule) float64 {
	const h = 1e-4
	worst := MustExecOnce(backend.MustOpen(), func(t *Node) *Node {
		alpha, sigma := p.AlphaSigma(t)
		alphaUp, sigmaUp := p.AlphaSigma(AddScalar(t, h))
		alphaDown, sigmaDown := p.AlphaSigma(AddScalar(t, -h))
		f, g2 := p.DriftDiffusion(t)
		slope := func(up, down *Node) *Node { return DivScalar(Sub(up, down), 2*h) }
		first := Sub(slope(alphaUp, alphaDown), Mul(f, alpha))
		second := Sub(slope(Square(sigmaUp), Square(sigmaDown)), Add(MulScalar(Mul(f, Square(sigma)), 2), g2))
		return ReduceAllMax(Max(Div(Abs(first), OnePlus(Abs(f))), Div(Abs(second), g2)))
	}, []float64{0.001, 0.1, 0.3, 0.5, 0.9, 0.999})
	return worst.Value().(float64)
}

// TestEnds checks α and σ where time begins and ends.
func TestEnds(t *testing.T) {
	for name, c := range map[string]struct {
		p    path.Schedule
		want [4]float64 // α(0), α(1), σ(0), σ(1)
	}{
		"VE": {path.VE{SigmaMin: 0.01, SigmaMax: 5}, [4]float64{1, 1, 0.01, 5}},
		// B(1) = (0.1 + 20)/2 = 10.05.
		"VP": {path.VP{}, [4]float64{1, math.Exp(-5.025), 0, math.Sqrt(1 - math.Exp(-10.05))}},
	} {
		got := flat(MustExecOnce(backend.MustOpen(), func(t *Node) *Node {
			alpha, sigma := c.p.AlphaSigma(t)
			return Concatenate([]*Node{alpha, sigma}, 0)
		}, []float64{0, 1}))
		for i := range got {
			if math.Abs(got[i]-c.want[i]) > 1e-14 {
				t.Errorf("%s: number %d of α(0), α(1), σ(0), σ(1) is %v, want %v", name, i, got[i], c.want[i])
			}
		}
	}
}

// TestConversionsRoundTrip checks that a denoiser read as a score, as ε and as v,
// and made a denoiser again, is the same, and that for the exact denoiser of a
// mixture the score is the mixture's.
func TestConversionsRoundTrip(t *testing.T) {
	m := prob.TwoModes()
	for name, p := range schedules {
		d := path.FromSmooth(p, m.SmoothScore)
		gaps := flat(run(func(x, t *Node) *Node {
			want := d(x, t)
			alpha, sigma := p.AlphaSigma(t)
			// αx₀ + σε has the score s_τ(x/α)/α of the smoothed mixture at τ = σ/α.
			exact := Div(m.SmoothScore(Div(x, path.Along(alpha, x)), Div(sigma, alpha)), path.Along(alpha, x))
			gap := func(a, b *Node) *Node { return ReduceAllMax(Abs(Sub(a, b))) }
			return Stack([]*Node{
				gap(path.FromScore(p, d.Score(p))(x, t), want),
				gap(path.FromEps(p, d.Eps(p))(x, t), want),
				gap(path.FromV(p, d.V(p))(x, t), want),
				gap(Mul(d.Score(p)(x, t), path.Along(sigma, x)), Mul(exact, path.Along(sigma, x))),
			}, 0)
		}))
		for i, kind := range []string{"score", "ε", "v", "exact score"} {
			// Divisions by σ = 0.01 and α = 0.0066 in float64 leave 1e-11.
			if !(gaps[i] < 1e-10) {
				t.Errorf("%s, %s: off by %.3g", name, kind, gaps[i])
			}
		}
	}
}

// TestPredictionsOfKnownNoise checks every conversion where x₀ and ε are known:
// x_t, and predictions of ε and v that are right, give x₀ back. It also checks
// that the loss of a score is 1/σ² times the loss of its ε, example by example.
func TestPredictionsOfKnownNoise(t *testing.T) {
	for name, p := range schedules {
		gaps := flat(run(func(x0, t *Node) *Node {
			s, eps := rng.Normal(rng.New(x0.Graph(), 1), x0.DType(), x0.Shape().Dimensions...)
			x := path.Noise(p, x0, t, eps)
			alpha, sigma := p.AlphaSigma(t)
			alpha, sigma = path.Along(alpha, x), path.Along(sigma, x)
			is := func(n *Node) func(_, _ *Node) *Node { return func(_, _ *Node) *Node { return n } }
			gap := func(a, b *Node) *Node { return ReduceAllMax(Abs(Sub(a, b))) }
			_, guess := rng.Normal(s, x0.DType(), x0.Shape().Dimensions...)
			d := path.FromEps(p, is(guess))
			losses := Sub(
				Square(Add(d.Score(p)(x, t), Div(eps, sigma))),
				Div(Square(Sub(eps, guess)), Square(sigma)))
			return Stack([]*Node{
				gap(path.FromEps(p, is(eps))(x, t), x0),
				gap(path.FromV(p, is(Sub(Mul(alpha, eps), Mul(sigma, x0))))(x, t), x0),
				ReduceAllMax(Mul(Abs(losses), Square(sigma))),
			}, 0)
		}))
		for i, kind := range []string{"ε", "v", "ratio of the losses"} {
			if !(gaps[i] < 1e-10) {
				t.Errorf("%s, %s: off by %.3g", name, kind, gaps[i])
			}
		}
	}
}

// run calls f with 64 points and as many times from 0.02 to 1, in float64.
func run(f func(x, t *Node) *Node) *tensors.Tensor {
	return MustExecOnce(backend.MustOpen(), func(g *Graph) *Node {
		s, x := rng.Normal(rng.New(g, 7), dtypes.Float64, 64, 2)
		_, u := rng.Uniform(s, dtypes.Float64, 64)
		return f(MulScalar(x, 3), AddScalar(MulScalar(u, 0.98), 0.02))
	})
}

func flat(t *tensors.Tensor) []float64 { return tensors.MustCopyFlatData[float64](t) }

func TestMisuseIsRefused(t *testing.T) {
	x, t1 := [][]float32{{1, 2}, {3, 4}}, []float32{0.5, 0.5}
	same := func(x, _ *Node) *Node { return x }
	for name, f := range map[string]func(x, t *Node) *Node{
		"ascending VE":   func(x, t *Node) *Node { return path.FromEps(path.VE{SigmaMin: 5, SigmaMax: 1}, same)(x, t) },
		"no noise":       func(x, t *Node) *Node { return path.FromEps(path.VE{}, same)(x, t) },
		"negative VP":    func(x, t *Node) *Node { return path.FromEps(path.VP{BetaMin: -1, BetaMax: 1}, same)(x, t) },
		"one t too many": func(x, t *Node) *Node { return path.Noise(at5, x, Concatenate([]*Node{t, t}, 0), x) },
		"other shape": func(x, t *Node) *Node {
			return path.FromScore(at5, func(_, t *Node) *Node { return t })(x, t)
		},
	} {
		if _, err := MustNewExec(backend.MustOpen(), f).Call(x, t1); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
