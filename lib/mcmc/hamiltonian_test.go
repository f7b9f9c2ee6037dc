package mcmc

import (
	"context"
	"fmt"
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/diag"
	"gibbs/lib/prob"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

var integrators = []struct {
	name string
	Integrator
	order float64
}{{"leapfrog", Leapfrog, 2}, {"McLachlan", McLachlan, 2}, {"Yoshida", Yoshida, 4}}

// follow makes n steps.
func follow(g Integrator, target prob.LogProber, metric Metric, eps *Node, n int, at Phase) Phase {
	for range n {
		at = g.Step(target, metric, eps, at)
	}
	return at
}

// TestIntegrators follows the bent target with a dense metric. It catches
// coefficients that do not belong together: the map must be undone by turning the
// momenta round (to 1e-12), its Jacobian must have determinant 1 (1e-12), and halving
// ε must divide the error of H by 2ᵒʳᵈᵉʳ (within 15 %).
func TestIntegrators(t *testing.T) {
	metric := func(g *Graph) Metric {
		return Metric{Const(g, [][][]float64{{{2, 0.5}, {0.5, 1}}}), nil}
	}
	target := prob.Banana{}
	exec := MustNewExec(backend.MustOpen(), func(x, p *Node) (out []*Node) {
		g := x.Graph()
		m := metric(g)
		begin := Phase{stateAt(target, x), p}
		for _, i := range integrators {
			end := follow(i.Integrator, target, m, Const(g, 0.2), 3, begin)
			back := follow(i.Integrator, target, m, Const(g, -0.2), 3, end)
			out = append(out, back.X, back.P)
			for _, half := range []int{1, 2} {
				eps := Const(g, 0.16/float64(half))
				out = append(out, Sub(m.energy(follow(i.Integrator, target, m, eps, 5*half, begin)), m.energy(begin)))
			}
			for _, v := range []*Node{end.X, end.P} {
				for axis := range 2 {
					out = append(out, Gradient(ReduceAllSum(SliceAxis(v, 1, AxisElem(axis))), x, p)...)
				}
			}
		}
		return out
	})
	x, p := []float64{1.5, -0.5}, []float64{0.4, 0.9}
	out := exec.MustCall([][]float64{x}, [][]float64{p})
	for k, i := range integrators {
		r := out[12*k : 12*(k+1)]
		if d := floats.Distance(flat(r[0]), x, 2) + floats.Distance(flat(r[1]), p, 2); !(d < 1e-12) {
			t.Errorf("%s: there and back again is off by %g", i.name, d)
		}
		if order := math.Log2(math.Abs(flat(r[2])[0] / flat(r[3])[0])); !(math.Abs(order-i.order) < 0.15*i.order) {
			t.Errorf("%s: order %.3f, want %g", i.name, order, i.order)
		}
		var jacobian []float64
		for _, row := range r[4:] {
			jacobian = append(jacobian, flat(row)...)
		}
		if det := mat.Det(mat.NewDense(4, 4, jacobian)); !(math.Abs(det-1) < 1e-12) {
			t.Errorf("%s: volume is multiplied by %g", i.name, det)
		}
	}
}

// TestLeapfrogOnTheOscillator holds the leapfrog on N(0, 1) from q = 1, p = 0 to what
// is known of it: errors after one step and at t = 1, the quantity that it conserves,
// p² + (1 − ε²/4)q², and the matrix of a step.
func TestLeapfrogOnTheOscillator(t *testing.T) {
	exec := MustNewExec(backend.MustOpen(), func(x, p *Node) (out []*Node) {
		g := x.Graph()
		begin := Phase{stateAt(prob.StandardNormal(1), x), p}
		for _, n := range []int{5, 10, 20} {
			eps := Const(g, 1/float64(n))
			one, end := follow(Leapfrog, prob.StandardNormal(1), Metric{}, eps, 1, begin), follow(Leapfrog, prob.StandardNormal(1), Metric{}, eps, n, begin)
			out = append(out, one.X, one.P, end.X, end.P)
		}
		half := follow(Leapfrog, prob.StandardNormal(1), Metric{}, Const(g, 0.5), 1, begin)
		return append(out, half.X, half.P)
	})
	out := exec.MustCall([][]float64{{1}, {0}}, [][]float64{{0}, {1}}) // two chains: a step's matrix
	known := [][3]float64{{6.7263e-4, 3.6060e-3, 3.5480e-3}, {8.3521e-5, 8.9886e-4, 8.8557e-4}, {1.0423e-5, 2.2455e-4, 2.2130e-4}}
	for k, n := range []int{5, 10, 20} {
		eps := 1 / float64(n)
		v := func(i int) float64 { return flat(out[4*k+i])[0] }
		local := math.Hypot(v(0)-math.Cos(eps), v(1)+math.Sin(eps))
		global := math.Hypot(v(2)-math.Cos(1), v(3)+math.Sin(1))
		energy := math.Abs(v(2)*v(2)+v(3)*v(3)-1) / 2
		for i, got := range []float64{local, global, energy} {
			if !(math.Abs(got/known[k][i]-1) < 1e-4) {
				t.Errorf("ε = %g: error %d is %.5g, want %.5g", eps, i, got, known[k][i])
			}
		}
		conserved := func(q, p float64) float64 { return p*p + (1-eps*eps/4)*q*q }
		if d := conserved(v(2), v(3)) - conserved(1, 0); !(math.Abs(d) < 1e-13) {
			t.Errorf("ε = %g: p² + (1 − ε²/4)q² changed by %g", eps, d)
		}
	}
	x, p := flat(out[12]), flat(out[13])
	if d := floats.Distance([]float64{x[0], x[1], p[0], p[1]}, []float64{0.875, 0.5, -0.46875, 0.875}, math.Inf(1)); !(d < 1e-15) {
		t.Errorf("the matrix of a step of 0.5 is off by %g", d)
	}
}

// hmcAcceptance is the acceptance probability of HMC on N(0, 1): (4/π) arctan(1/σ)
// with σ the largest singular value of the matrix of all steps.
func hmcAcceptance(eps float64, steps int) float64 {
	one := mat.NewDense(2, 2, []float64{1 - eps*eps/2, eps, -eps * (1 - eps*eps/4), 1 - eps*eps/2})
	all := mat.NewDiagDense(2, []float64{1, 1})
	product := mat.DenseCopyOf(all)
	for range steps {
		product.Mul(one, product)
	}
	var svd mat.SVD
	svd.Factorize(product, mat.SVDNone)
	return 4 / math.Pi * math.Atan(1/svd.Values(nil)[0])
}

// TestHMCAcceptance holds the acceptance rate on N(0, 1) to the closed form, which it
// first holds to the lecture's table, and the variance to 1. 1,000 chains from exact
// draws make 25 transitions each; the rate of a chain is one number, the standard
// error theirs, |z| < 4.89. It catches an error of 0.02 in the rate, a missing accept
// step (variance 1/(1 − ε²/4) = 2.29 at ε = 1.5), and momenta that are not drawn anew.
func TestHMCAcceptance(t *testing.T) {
	for _, c := range []struct {
		eps   float64
		steps int
		known float64
	}{{0.1, 10, .99932936}, {0.5, 3, .97949103}, {1, 1, .92083315}, {1.5, 1, .74584816}, {1.5, 2, .93310382}, {1.5, 5, .78883552}, {1.9, 1, .54878932}, {1.9, 7, .39613036}} {
		if got := hmcAcceptance(c.eps, c.steps); math.Abs(got-c.known) > 1e-8 {
			t.Fatalf("ε = %g, %d steps: the formula gives %.8f, the lecture %.8f", c.eps, c.steps, got, c.known)
		}
	}
	for _, c := range []struct {
		eps   float64
		steps int
	}{{1.5, 1}, {1.5, 5}} {
		d := sampleNormal(t, HMC{Target: prob.StandardNormal(1), LeapfrogSteps: c.steps}, c.eps)
		var rates, squares []float64
		for chain := range d.X {
			rates = append(rates, mean(d.AcceptProb[chain]))
			square := 0.0
			for _, x := range d.X[chain] {
				square += x[0] * x[0] / float64(len(d.X[chain]))
			}
			squares = append(squares, square)
		}
		within(t, fmt.Sprintf("acceptance at ε = %g, %d steps", c.eps, c.steps), rates, hmcAcceptance(c.eps, c.steps))
		within(t, fmt.Sprintf("E x² at ε = %g, %d steps", c.eps, c.steps), squares, 1)
	}
}

// TestHMCInCircles shows what jitter is for: at ε = 1 three steps turn N(0, 1)'s phase
// space by half a circle, so every transition of 3 steps is x → −x, accepted surely,
// and |x| never changes; with jitter it does.
func TestHMCInCircles(t *testing.T) {
	spread := func(jitter float64) float64 {
		d := sampleNormal(t, HMC{Target: prob.StandardNormal(1), LeapfrogSteps: 3, Jitter: jitter}, 1)
		x := d.Coordinate(0)[0]
		worst := 0.0
		for _, v := range x {
			worst = max(worst, math.Abs(math.Abs(v)-math.Abs(x[0])))
		}
		return worst
	}
	if s := spread(0); !(s < 1e-9) {
		t.Errorf("without jitter |x| moved by %g", s)
	}
	if s := spread(0.2); !(s > 0.1) {
		t.Errorf("with jitter |x| moved by %g only", s)
	}
}

// sampleNormal makes 25 transitions of 1,000 chains from exact draws of N(0, 1).
func sampleNormal(t *testing.T, k Trajectory, eps float64) *Draws {
	t.Helper()
	x := make([]float64, 1000)
	for i := range x {
		x[i] = quantile((float64(i) + 0.5) / 1000)
	}
	d, err := Sample(context.Background(), backend.MustOpen(), k, Sampling{
		Start: tensors.FromFlatDataAndDimensions(x, 1000, 1), Warmup: -1, Draws: 25, StepSize: eps, Seed: 5,
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func quantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

func mean(x []float64) float64 { return floats.Sum(x) / float64(len(x)) }

// within fails if the mean of independent numbers is further than 4.89 standard errors
// from want.
func within(t *testing.T, what string, x []float64, want float64) {
	t.Helper()
	s := diag.Summarize([][]float64{x})
	if z := (s.Mean - want) / (s.SD / math.Sqrt(float64(len(x)))); !(math.Abs(z) < 4.89) {
		t.Errorf("%s: %.5f, want %.5f: %.1f standard errors", what, s.Mean, want, z)
	}
}
