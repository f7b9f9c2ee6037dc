package posterior

import (
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// covariances returns positive definite matrices [chains][n·n] of some spread.
func covariances(h *rng.Host, chains, n int) (flat []float64) {
	for range chains {
		a := mat.NewDense(n, n, h.Normal(n*n))
		var c mat.Dense
		c.Mul(a, a.T())
		for i := range n {
			c.Set(i, i, c.At(i, i)+0.1)
		}
		flat = append(flat, c.RawMatrix().Data...)
	}
	return flat
}

// TestMatrices compares Cholesky and SolveLower with gonum's, MultivariateNormal with what
// they give, and
// their derivatives with the closed forms: of log N(x; μ, K) they are
//
//	∂/∂x = −K⁻¹(x − μ),   ∂/∂K = ½(K⁻¹(x − μ)(x − μ)ᵀK⁻¹ − K⁻¹)
func TestMatrices(t *testing.T) {
	const chains, n = 3, 5
	h := rng.NewHost(2)
	k, x, mean := covariances(h, chains, n), h.Normal(chains*n), h.Normal(n)
	outputs := MustExecOnceN(backend.MustOpen(), func(k, x *Node) []*Node {
		l := Cholesky(k)
		logP := MultivariateNormal(x, mean, l)
		slopes := Gradient(ReduceAllSum(logP), k, x)
		return []*Node{l, SolveLower(l, x), logP, slopes[0], slopes[1]}
	}, tensors.FromFlatDataAndDimensions(k, chains, n, n), tensors.FromFlatDataAndDimensions(x, chains, n))
	numbers := func(i, chain, size int) []float64 {
		return tensors.MustCopyFlatData[float64](outputs[i])[chain*size : (chain+1)*size]
	}
	near := func(what string, got, want []float64) {
		t.Helper()
		for i := range got {
			if !(math.Abs(got[i]-want[i]) <= 1e-10*(1+math.Abs(want[i]))) {
				t.Fatalf("%s: %v, want %v", what, got, want)
			}
		}
	}
	for chain := range chains {
		sigma := mat.NewSymDense(n, k[chain*n*n:(chain+1)*n*n])
		at := x[chain*n : (chain+1)*n]
		var cholesky mat.Cholesky
		cholesky.Factorize(sigma)
		var lower mat.TriDense
		cholesky.LTo(&lower)
		near("L", numbers(0, chain, n*n), mat.DenseCopyOf(&lower).RawMatrix().Data)
		var z mat.VecDense
		if err := z.SolveVec(&lower, mat.NewVecDense(n, at)); err != nil {
			t.Fatal(err)
		}
		near("L⁻¹x", numbers(1, chain, n), z.RawVector().Data)
		var inverse mat.SymDense
		if err := cholesky.InverseTo(&inverse); err != nil {
			t.Fatal(err)
		}
		var pull mat.VecDense
		away := mat.NewVecDense(n, floats.SubTo(make([]float64, n), at, mean))
		pull.MulVec(&inverse, away)
		logP := -0.5*(mat.Dot(&pull, away)+cholesky.LogDet()) - n*math.Log(2*math.Pi)/2
		near("log p", numbers(2, chain, 1), []float64{logP})
		near("∂x", numbers(4, chain, n), floats.ScaleTo(make([]float64, n), -1, pull.RawVector().Data))
		want := make([]float64, n*n)
		for i := range n {
			for j := range i + 1 { // the lower triangle stands for both
				want[i*n+j] = pull.AtVec(i)*pull.AtVec(j) - inverse.At(i, j)
			}
			want[i*n+i] /= 2
		}
		near("∂K", numbers(3, chain, n*n), want)
	}
}

// TestCholeskyOfNothing checks that a matrix that is not positive definite gives NaN,
// which a sampler takes for probability 0.
func TestCholeskyOfNothing(t *testing.T) {
	l := MustExecOnce(backend.MustOpen(), Cholesky, [][][]float64{{{1, 2}, {2, 1}}}).Value().([][][]float64)
	if !math.IsNaN(l[0][1][1]) {
		t.Errorf("L = %v", l)
	}
}

// TestLKJ integrates the law of 3 × 3 correlation matrices over the unconstrained space:
// with its normaliser and the Jacobian of CholeskyCorrelation, the mass is 1, and the
// variance of each correlation is 1/(2η + n − 1). The trapezoidal sum over [−9, 9]³ is
// exact to 1e-6: the integrand falls as e^{−2|u|} at least.
func TestLKJ(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a graph of its own")
	}
	const eta, n, side, wide = 2.0, 3, 61, 9.0
	step := 2 * wide / (side - 1)
	var u []float64
	for i := range side {
		for j := range side {
			for k := range side {
				u = append(u, -wide+step*float64(i), -wide+step*float64(j), -wide+step*float64(k))
			}
		}
	}
	l := CholeskyCorrelation(n)
	model := Model{Parameters: []*Param{l}, Joint: func(at Point) *Node { return Sum(LKJCholesky(at.Of(l), eta)) }}
	outputs := MustExecOnceN(backend.MustOpen(), func(u *Node) []*Node {
		p := MulScalar(Exp(model.LogProb(u)), step*step*step)
		at, _ := model.point(u)
		r := Einsum("cij,ckj->cik", at.Of(l), at.Of(l))
		square := func(i, j int) *Node { return Reshape(Square(Slice(r, AxisRange(), AxisElem(i), AxisElem(j))), -1) }
		return []*Node{ReduceAllSum(p), ReduceAllSum(Mul(p, square(1, 0))), ReduceAllSum(Mul(p, square(2, 1)))}
	}, tensors.FromFlatDataAndDimensions(u, side*side*side, 3))
	for i, want := range []float64{1, 1. / (2*eta + n - 1), 1. / (2*eta + n - 1)} {
		if got := outputs[i].Value().(float64); math.Abs(got-want) > 1e-5 {
			t.Errorf("moment %d: %.8f, want %.8f", i, got, want)
		}
	}
}
