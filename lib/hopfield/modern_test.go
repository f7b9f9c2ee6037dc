package hopfield_test

import (
	"math"
	"slices"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/hopfield"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
)

// TestModernTriangle is the lecture's 2-D example: energies, first step and limit from
// (0.6, 0.3) at β = 4.
func TestModernTriangle(t *testing.T) {
	at := compiled(func(x *Node) []*Node {
		m := hopfield.Modern{Patterns: Const(x.Graph(), [][]float64{{1, 0}, {0, 1}, {-1, 0}}), Beta: Const(x.Graph(), 4.)}
		e, other := m.Energy(x), m
		other.Values = MulScalar(m.Patterns, 2) // doubles the step, and is none of the gradient's business
		return []*Node{e, MulScalar(other.Step(x), 0.5), other.Grad(x), Gradient(ReduceAllSum(e), x)[0]}
	})
	x := []float64{.6, .3}
	for k, want := range []float64{.33225624, .30139218, .27576150, .27001159, .26965057, .26963809} {
		got := at(matrix(x))
		within(t, "E", got[0][0], want, 5e-9)
		within(t, "∂E/∂x₁", got[2][0], got[3][0], 1e-14)
		within(t, "∂E/∂x₂", got[2][1], got[3][1], 1e-14)
		if x = got[1]; k == 0 {
			within(t, "x₁", x[0], .757410, 5e-7)
			within(t, "x₂", x[1], .230020, 5e-7)
		}
	}
	for range 60 {
		x = at(matrix(x))[1]
	}
	within(t, "limit x₁", x[0], .97790041, 5e-9)
	within(t, "limit x₂", x[1], .02131629, 5e-9)
	within(t, "limit E", at(matrix(x))[0][0], .2696377040, 5e-11)
}

// TestModernOrthonormal is row E6.5: error and bound of one step from a pattern among
// eight orthonormal ones.
func TestModernOrthonormal(t *testing.T) {
	patterns := make([][]float64, 8)
	for i := range patterns {
		patterns[i] = make([]float64, 8)
		patterns[i][i] = 1
	}
	at := compiled(func(beta, x *Node) []*Node {
		m := hopfield.Modern{Patterns: Const(x.Graph(), patterns), Beta: beta}
		gap := Sub(m.Step(x), x)
		return []*Node{Sqrt(ReduceSum(Square(gap), 1)), m.ErrorBound(x, Const(x.Graph(), []int32{3})), m.Separation()}
	})
	for _, row := range [][3]float64{{1, .770024, 5.150}, {2, .520070, 1.895}, {4, .121486, .25642}, {8, 2.504491e-3, 4.6965e-3}, {16, 8.421355e-7, 1.5755e-6}} {
		got := at(row[0], matrix(patterns[3]))
		within(t, "error", got[0][0]/row[1], 1, 1e-6)
		p := math.Exp(row[0]) / (math.Exp(row[0]) + 7)
		within(t, "error, closed form", got[0][0], (1-p)*math.Sqrt(8./7), 1e-14)
		within(t, "bound", got[1][0]/row[2], 1, 2e-4)
		within(t, "bound, closed form", got[1][0]/(14*math.Exp(-row[0])), 1, 1e-14)
		within(t, "separation", got[2][5], 1, 0)
	}
}

// TestModernDescent holds energies to their bounds, steps to their descent and errors
// to their bound, over random networks: softmax, with weights, masks and heads, and
// the sparse variants.
func TestModernDescent(t *testing.T) {
	const heads, batch, count, dim = 3, 40, 6, 5
	draw := rng.NewHost(11)
	normal := func(scale float64, dims ...int) *tensors.Tensor {
		n := 1
		for _, d := range dims {
			n *= d
		}
		z := draw.Normal(n)
		for i := range z {
			z[i] *= scale
		}
		return tensors.FromFlatDataAndDimensions(z, dims...)
	}
	patterns, x := normal(0.7, heads, count, dim), normal(1, heads, batch, dim)
	logW := normal(1, count)
	keep := tensors.FromValue([]bool{true, false, true, true, false, true})
	beta := tensors.FromValue([]float64{0.3, 2, 20})
	for _, alpha := range []float64{0, 1.5} {
		for _, weights := range []string{"none", "weights", "mask"} {
			if alpha > 0 && weights != "mask" {
				continue // the mask has it all, and a graph takes seconds to compile
			}
			at := compiled(func(patterns, beta, logW, keep, x *Node) []*Node {
				m := hopfield.Modern{Patterns: patterns, Beta: beta, Alpha: alpha}
				switch weights {
				case "weights":
					m.LogWeights = logW
				case "mask":
					m.LogWeights = hopfield.Mask(keep, x)
				}
				e, y := m.Energy(x), m.Step(x)
				slope := Sub(Gradient(ReduceAllSum(e), x)[0], m.Grad(x))
				descent := Sub(Sub(e, m.Energy(y)), MulScalar(ReduceSum(Square(Sub(y, x)), -1), 0.5))
				p := m.Weights(x)
				average := Sub(y, Einsum("hbp,hpd->hbd", p, patterns))
				return []*Node{
					ReduceAllMin(e), ReduceAllMin(descent), ReduceAllMax(Abs(slope)), ReduceAllMax(Abs(AddScalar(ReduceSum(p, -1), -1))),
					ReduceAllMax(Abs(average)), ReduceAllMax(Slice(p, AxisRange(), AxisRange(), AxisElem(4))), ReduceAllMin(p),
				}
			})
			got := at(patterns, beta, logW, keep, x)
			name := map[float64]string{0: "softmax ", 1.5: "entmax "}[alpha] + weights
			if !(got[0][0] >= -1e-13) || !(got[1][0] >= -1e-13) {
				t.Errorf("%s: least energy %g, least slack of descent %g; want ≥ 0", name, got[0][0], got[1][0])
			}
			within(t, name+": gradient", got[2][0], 0, 1e-13)
			within(t, name+": sum of p", got[3][0], 0, 1e-14)
			within(t, name+": average", got[4][0], 0, 1e-14)
			if (got[5][0] == 0) != (weights == "mask") && alpha == 0 || got[6][0] < 0 {
				t.Errorf("%s: weights of a pattern that is left out up to %g, least weight %g", name, got[5][0], got[6][0])
			}
		}
	}
}

// TestModernBall holds the energy below 2m² on the ball, and one pattern to E = 0.
func TestModernBall(t *testing.T) {
	patterns := unit(3, 7, 4)
	at := compiled(func(beta, patterns, x *Node) *Node {
		return hopfield.Modern{Patterns: patterns, Beta: beta}.Energy(x)
	})
	for _, beta := range []float64{1. / 8, 1, 8} {
		for _, e := range at(beta, matrix(patterns...), matrix(unit(4, 50, 4)...))[0] {
			if !(e >= 0 && e <= 2) {
				t.Errorf("β = %g: E = %g on the ball, want 0 to 2", beta, e)
			}
		}
		within(t, "one pattern", at(beta, matrix(patterns[0]), matrix(patterns[0]))[0][0], 0, 1e-15)
	}
}

// TestErrorBound holds one step to its bound, and the basin to its promise, from
// random queries near random patterns.
func TestErrorBound(t *testing.T) {
	const count, dim = 10, 16
	patterns, noise := unit(5, count, dim), unit(6, count, dim)
	target := make([]int32, count)
	for i := range target {
		target[i] = int32(i)
	}
	at := compiled(func(beta, scale, patterns, noise *Node) []*Node {
		m := hopfield.Modern{Patterns: patterns, Beta: beta}
		x := Add(patterns, Mul(scale, noise))
		err := func(x *Node) *Node { return Sqrt(ReduceSum(Square(Sub(x, patterns)), 1)) }
		return []*Node{err(m.Step(x)), m.ErrorBound(x, Const(x.Graph(), target)), m.Separation()}
	})
	basins := 0
	for _, beta := range []float64{1, 2, 4, 8, 16, 32} {
		got := at(beta, .1, matrix(patterns...), matrix(noise...))
		for i := range count {
			if !(got[0][i] <= got[1][i]*(1+1e-12)) {
				t.Errorf("β = %g: error %g above its bound %g", beta, got[0][i], got[1][i])
			}
			if inner, outer, ok := hopfield.Basin(beta, got[2][i], 1, count); ok {
				basins++
				near := at(beta, outer, matrix(patterns...), matrix(noise...))
				if !(near[0][i] <= outer && inner <= outer) {
					t.Errorf("β = %g: a step from the basin's edge %g ends at %g", beta, outer, near[0][i])
				}
			}
		}
	}
	if basins == 0 {
		t.Error("no pattern had a basin: nothing to test")
	}
}

// TestEntmax compares with sums by hand: sparsemax of two scores, entmax-1.5 of two,
// and softmax in the limit.
func TestEntmax(t *testing.T) {
	for alpha, f := range map[float64]func(z float64) float64{
		2:      func(z float64) float64 { return min(1, (1+z)/2) },
		1.5:    func(z float64) float64 { s := min(z, 2) / 4; r := s + math.Sqrt(.5-s*s); return min(1, r*r) }, // (a+s)² + (a−s)² = 1
		1.0001: func(z float64) float64 { return 1 / (1 + math.Exp(-z)) },
	} {
		at := compiled(func(z *Node) *Node { return hopfield.Entmax(z, alpha) })
		zs := []float64{0, .3, .9, 1, 1.7, 1.999}
		var rows [][]float64
		for _, z := range zs {
			rows = append(rows, []float64{z, 0, math.Inf(-1)})
		}
		tolerance := 1e-14
		if alpha < 1.1 {
			tolerance = 1e-4
		}
		for k, p := range at(matrix(rows...))[0] {
			want := [...]float64{f(zs[k/3]), 1 - f(zs[k/3]), 0}[k%3]
			within(t, "p", p, want, tolerance)
		}
	}
}

// TestEntmaxMany checks the conditions of the maximum over thousands of scores: the
// probabilities add up to 1, and (α−1)z − p^{α−1} is one number τ where p > 0 and not
// above it elsewhere.
func TestEntmaxMany(t *testing.T) {
	z := rng.NewHost(41).Normal(5000)
	for _, alpha := range []float64{1.5, 2} {
		p := compiled(func(z *Node) *Node { return hopfield.Entmax(z, alpha) })(matrix(z))[0]
		sum, low, high, rest := 0.0, math.Inf(1), math.Inf(-1), math.Inf(-1)
		for i := range p {
			sum += p[i]
			if tau := (alpha-1)*z[i] - math.Pow(p[i], alpha-1); p[i] > 0 {
				low, high = min(low, tau), max(high, tau)
			} else {
				rest = max(rest, (alpha-1)*z[i])
			}
		}
		within(t, "sum", sum, 1, 1e-13)
		within(t, "τ where p > 0", high, low, 1e-12)
		if rest > low+1e-12 {
			t.Errorf("α = %g: a score above τ = %g has no weight", alpha, low)
		}
	}
}

// TestEntmaxGradient compares the gradient of w·p with central differences, for
// sparsemax, whose powers of 0 could make it NaN.
func TestEntmaxGradient(t *testing.T) {
	at := compiled(func(z, w *Node) []*Node {
		f := ReduceAllSum(Mul(w, hopfield.Entmax(z, 2)))
		return []*Node{f, Gradient(f, z)[0]}
	})
	z, w := []float64{.4, -.1, .7, -2, math.Inf(-1)}, matrix([]float64{1, -2, .5, 3, 7})
	grad := at(matrix(z), w)[1]
	for i := range 4 {
		const h = 1e-6
		up, down := slices.Clone(z), slices.Clone(z)
		up[i], down[i] = up[i]+h, down[i]-h
		within(t, "∂(w·p)/∂z", grad[i], (at(matrix(up), w)[0][0]-at(matrix(down), w)[0][0])/(2*h), 1e-8)
	}
}

// TestSupport counts by hand.
func TestSupport(t *testing.T) {
	for _, row := range []struct {
		share float64
		want  int
	}{{.4, 1}, {.5, 1}, {.6, 2}, {.8, 3}, {.99, 4}} {
		if got := hopfield.Support([]float64{.2, .5, .05, .25}, row.share); got != row.want {
			t.Errorf("share %g: %d weights, want %d", row.share, got, row.want)
		}
	}
}

// TestModernFloat32 holds the float32 step to the float64 one at β·‖x‖ large.
func TestModernFloat32(t *testing.T) {
	patterns, x := unit(5, 30, 8), unit(9, 12, 8)
	f := func(p, x *Node) *Node {
		return hopfield.Modern{Patterns: p, Beta: Scalar(p.Graph(), p.DType(), 50)}.Step(x)
	}
	exact := compiled(f)(matrix(patterns...), matrix(x...))[0]
	single := MustNewExec(backend.MustOpen(), f).MustCall1(single(patterns), single(x))
	for i, v := range tensors.MustCopyFlatData[float32](single) {
		within(t, "float32", float64(v), exact[i], 2e-5)
	}
}

func single(rows [][]float64) *tensors.Tensor {
	out := make([][]float32, len(rows))
	for k, row := range rows {
		for _, v := range row {
			out[k] = append(out[k], float32(v))
		}
	}
	return tensors.FromValue(out)
}
