package mcmc

import (
	"context"
	"math"
	"slices"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"
)

// TestCheesGradient holds the gradient to central differences of the criterion along
// the exact flow of N(0, I), for positions and momenta that come in pairs of opposites,
// so that means stay where they are. In coordinates stretched by a matrix, with the
// metric that undoes it, the gradient must be the same.
func TestCheesGradient(t *testing.T) {
	const n, dim, time, h = 6, 2, 0.7, 1e-5
	z := rng.NewHost(3).Normal(n * dim) // half of each pair: x, then p
	at := func(t float64) (x, p []float64) {
		for _, sign := range []float64{1, -1} {
			for i := range n / 2 * dim {
				x = append(x, sign*(z[i]*math.Cos(t)+z[n/2*dim+i]*math.Sin(t)))
				p = append(p, sign*(z[n/2*dim+i]*math.Cos(t)-z[i]*math.Sin(t)))
			}
		}
		return x, p
	}
	criterion := func(t float64) (c float64) {
		from, _ := at(0)
		to, _ := at(t)
		for i := 0; i < n*dim; i += dim {
			change := floats.Dot(to[i:i+dim], to[i:i+dim]) - floats.Dot(from[i:i+dim], from[i:i+dim])
			c += change * change / 4 / n
		}
		return c
	}
	want := (criterion(time+h) - criterion(time-h)) / (2 * h)
	accept := tensors.FromValue(slices.Repeat([]float64{0.7}, n))
	unequal := []float64{0.9, 0.1, 0.5, 0.9, 0.1, 0.5} // alike within a pair
	weighted, sum := 0.0, 0.0
	from, _ := at(0)
	to, p := at(time)
	for i, w := range unequal {
		x, y, q := from[i*dim:(i+1)*dim], to[i*dim:(i+1)*dim], p[i*dim:(i+1)*dim]
		weighted += w * (floats.Dot(y, y) - floats.Dot(x, x)) * floats.Dot(y, q)
		sum += w
	}
	gradient := func(g *Graph, metric Metric, stretch func(x *Node) (*Node, *Node), accept *Node) *Node {
		from, _ := at(0)
		to, p := at(time)
		node := func(v []float64) *Node { return Reshape(Const(g, v), n, dim) }
		x, _ := stretch(node(from))
		y, _ := stretch(node(to))
		_, q := stretch(node(p))
		return cheesGradient(metric, x, Phase{State{X: y}, q}, accept)
	}
	out := MustExecOnceN(backend.MustOpen(), func(accept *Node) []*Node {
		g := accept.Graph()
		// y = Bx with B = ((2, 0), (1, 3)); momenta transform by B⁻ᵀ, M = B⁻ᵀB⁻¹.
		b := Const(g, [][]float64{{2, 0}, {1, 3}})
		root := Const(g, [][]float64{{1. / 2, -1. / 6}, {0, 1. / 3}}) // B⁻ᵀ
		scale := Const(g, []float64{2, 5})
		return []*Node{
			gradient(g, Metric{}, func(x *Node) (*Node, *Node) { return x, x }, accept),
			gradient(g, Metric{Root: ExpandAxes(Inverse(scale), 0)}, func(x *Node) (*Node, *Node) {
				return Mul(x, ExpandAxes(scale, 0)), Div(x, ExpandAxes(scale, 0))
			}, accept),
			gradient(g, Metric{Root: ExpandAxes(root, 0)}, func(x *Node) (*Node, *Node) {
				return Einsum("cj,ij->ci", x, b), Einsum("cj,ij->ci", x, root)
			}, accept),
			gradient(g, Metric{}, func(x *Node) (*Node, *Node) { return AddScalar(x, 100), x }, accept),
			gradient(g, Metric{}, func(x *Node) (*Node, *Node) { return x, x }, ZerosLike(accept)),
			gradient(g, Metric{}, func(x *Node) (*Node, *Node) { return x, x }, Const(g, unequal)),
		}
	}, accept)
	for i, name := range []string{"unit metric", "diagonal metric", "dense metric", "far from 0"} {
		if got := flat(out[i])[0]; !(math.Abs(got/want-1) < 1e-8) {
			t.Errorf("%s: %g, want %g", name, got, want)
		}
	}
	if got := flat(out[5])[0]; !(math.Abs(got*sum/weighted-1) < 1e-10) {
		t.Errorf("with unequal acceptances: %g, want %g", got, weighted/sum)
	}
	if got := flat(out[4])[0]; got != 0 {
		t.Errorf("of trajectories that are all refused: %g, want 0", got)
	}
}

// TestCheesFindsTheLength checks the length on N(0, I), which is known: the criterion
// is proportional to sin² t there, so a length u·T with u even over (0, 1) is best at
// tan 2T = 2T, T = 2.2467. It has to be found for coordinates of different scales,
// through the warm-up's first metric, for which it is another; from a length of 4 on the
// search would end at the next maximum, 5.45. Steps of 0.57 and their fluctuation move T
// by some per cent: 10 % are allowed. With the wrong sign, without the means of 100, in
// the wrong metric, or with u from one draw for all time it ends elsewhere.
func TestCheesFindsTheLength(t *testing.T) {
	want := 2.2467047
	if d := math.Tan(2*want) - 2*want; !(math.Abs(d) < 1e-4) {
		t.Fatalf("tan 2T − 2T = %g", d)
	}
	target := &prob.Mixture{Means: [][]float64{{100, 0, 0, 0, 100}}, Sigmas: [][]float64{{1, 3, 0.1, 1, 20}}}
	kernel := ChEES{Target: target}
	c, err := Sampling{Start: drawnFrom(t, target, 200), Warmup: 500, Draws: 40, Accept: 0.95, Seed: 2}.withDefaults(backend.MustOpen(), kernel)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSampling(context.Background(), backend.MustOpen(), 0, rng.Key(c.Seed), kernel, c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.finalize()
	if err := s.warm(context.Background()); err != nil {
		t.Fatal(err)
	}
	steps, eps := math.Exp(numbers(s.state["log steps"])[0]), math.Exp(s.logStep[0])
	got := (steps + 0.5) * eps
	t.Logf("ε = %.3f, λ = %.1f: T = %.3f, want %.3f", eps, steps, got, want)
	if !(math.Abs(got/want-1) < 0.1) {
		t.Errorf("the length is %.3f, want %.3f", got, want)
	}

	before := steps
	if err := s.stage(context.Background(), 40, false); err != nil {
		t.Fatal(err)
	}
	if after := math.Exp(numbers(s.state["log steps"])[0]); after != before {
		t.Errorf("λ changed from %g to %g after the warm-up", before, after)
	}
	lengths := slices.Clone(s.draws.Leapfrogs[0])
	for chain, l := range s.draws.Leapfrogs {
		if !slices.Equal(l, lengths) {
			t.Fatalf("chain %d has trajectories of %v steps, chain 0 of %v", chain, l, lengths)
		}
	}
	slices.Sort(lengths)
	for i, n := range lengths { // 40 values of u leave no gap over 1/20
		if share := float64(n) / steps; math.Abs(share-(float64(i)+0.5)/40) > 0.05+1/steps {
			t.Errorf("trajectory %d in order of length has %d steps of %.1f: not even", i, n, steps)
		}
	}
}

// drawnFrom returns exact draws of a law, [n, dim].
func drawnFrom(t *testing.T, p *prob.Mixture, n int) *tensors.Tensor {
	t.Helper()
	dim := len(p.Sigmas[0])
	z := rng.NewHost(12).Normal(n * dim)
	for i := range z {
		z[i] = p.Means[0][i%dim] + p.Sigmas[0][i%dim]*z[i]
	}
	return tensors.FromFlatDataAndDimensions(z, n, dim)
}
