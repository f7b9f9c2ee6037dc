package hopfield_test

import (
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/hopfield"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
)

// within fails if got is farther than tolerance from want.
func within(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: %.10g, want %.10g ± %.2g", name, got, want, tolerance)
	}
}

// statistic fails if an estimate is farther than 4.89 standard errors from want:
// a probability of 1e-6 if it is right.
func statistic(t *testing.T, name string, got, se, want float64) {
	t.Helper()
	z := (got - want) / se
	if !(math.Abs(z) < 4.89) {
		t.Errorf("%s: %.6g ± %.2g, want %.6g (z = %.2f)", name, got, se, want, z)
	}
	t.Logf("%s: %.6g ± %.2g, want %.6g (z = %.2f)", name, got, se, want, z)
}

// compiled returns a function of tensors or Go values that runs a graph in float64
// and returns its results flat.
func compiled[F ExecGraphFn](fn F) func(args ...any) [][]float64 {
	exec := MustNewExec(backend.MustOpen(), fn)
	return func(args ...any) [][]float64 {
		var out [][]float64
		for _, r := range exec.MustCall(args...) {
			out = append(out, tensors.MustCopyFlatData[float64](r))
		}
		return out
	}
}

// matrix is rows as a float64 tensor.
func matrix(rows ...[]float64) *tensors.Tensor { return tensors.FromValue(rows) }

// signs are states of ±1.
func signs(rows ...[]int8) *hopfield.Patterns {
	p, err := hopfield.NewPatterns(rows...)
	if err != nil {
		panic(err)
	}
	return p
}

// unit draws n points on the sphere in dim dimensions.
func unit(seed int64, n, dim int) [][]float64 {
	rows := make([][]float64, n)
	z := rng.NewHost(seed).Normal(n * dim)
	for k := range rows {
		rows[k] = z[k*dim : (k+1)*dim]
		norm := 0.0
		for _, v := range rows[k] {
			norm += v * v
		}
		for i := range rows[k] {
			rows[k][i] /= math.Sqrt(norm)
		}
	}
	return rows
}
