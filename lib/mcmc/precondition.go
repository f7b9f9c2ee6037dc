package mcmc

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"gonum.org/v1/gonum/mat"
)

// Preconditioner is a constant positive definite matrix M = LLᵀ that scales drift
// and noise of a Langevin step alike, for positions [chains, dim]. It changes how
// fast chains relax and not what they relax to. The best choice for a Gaussian is
// its covariance. A nil Preconditioner is the identity, for positions of any shape.
type Preconditioner struct {
	diagonal []float64   // of L, where M is diagonal
	lower    [][]float64 // L, where M is dense
}

// DiagonalPreconditioner returns M = diag(m). The error says which entry is not
// positive and finite.
func DiagonalPreconditioner(m ...float64) (*Preconditioner, error) {
	p := &Preconditioner{}
	for i, v := range m {
		if !(v > 0) || math.IsInf(v, 1) {
			return nil, fmt.Errorf("mcmc: DiagonalPreconditioner: entry %d is %g, want a positive number", i, v)
		}
		p.diagonal = append(p.diagonal, math.Sqrt(v))
	}
	if len(m) == 0 {
		return nil, fmt.Errorf("mcmc: DiagonalPreconditioner: no entries: pass a nil *Preconditioner for the identity")
	}
	return p, nil
}

// DensePreconditioner returns M = m, factorised on the host. The error says that m
// is not positive definite.
func DensePreconditioner(m mat.Symmetric) (*Preconditioner, error) {
	var cholesky mat.Cholesky
	if !cholesky.Factorize(m) {
		return nil, fmt.Errorf("mcmc: DensePreconditioner: the matrix is not positive definite")
	}
	var lower mat.TriDense
	cholesky.LTo(&lower)
	p := &Preconditioner{}
	for i := range m.SymmetricDim() {
		p.lower = append(p.lower, mat.Row(nil, i, &lower))
	}
	return p, nil
}

// root returns Lz for each row of z [chains, dim].
func (p *Preconditioner) root(z *Node) *Node {
	switch {
	case p == nil:
		return z
	case p.lower != nil:
		return Einsum("cj,ij->ci", z, p.constant(z))
	}
	return Mul(z, p.constant(z))
}

// transposed returns Lᵀs for each row of s [chains, dim].
func (p *Preconditioner) transposed(s *Node) *Node {
	switch {
	case p == nil:
		return s
	case p.lower != nil:
		return Einsum("ci,ij->cj", s, p.constant(s))
	}
	return Mul(s, p.constant(s))
}

// constant returns L for rows of x: [dim, dim], or its diagonal as [1, dim].
func (p *Preconditioner) constant(x *Node) *Node {
	if p.lower != nil {
		x.AssertDims(-1, len(p.lower))
		return ConstAs(x, p.lower)
	}
	x.AssertDims(-1, len(p.diagonal))
	return ConstAs(x, [][]float64{p.diagonal})
}
