package hopfield_test

import (
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/hopfield"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/attention"
	"github.com/gomlx/gomlx/ml/model"
)

// TestAttention holds the step to GoMLX's multi-head attention layer: with one head
// and identity projections, and with three heads and the layer's random ones, with
// and without a mask over the keys; in float64 and in float32.
func TestAttention(t *testing.T) {
	const queries, keys, dim = 7, 12, 6
	q, k := unit(21, queries, dim), unit(22, keys, dim)
	keep := make([]bool, keys)
	for i := range keep {
		keep[i] = i%4 != 1
	}
	for _, c := range []struct {
		name        string
		heads, size int
		identity    bool
		masked      bool
		x, patterns *tensors.Tensor
		tolerance   float64
	}{
		{"one head, identity projections", 1, dim, true, false, matrix(q...), matrix(k...), 1e-12},
		{"three heads, random projections, mask", 3, 4, false, true, matrix(q...), matrix(k...), 1e-12},
		{"three heads, float32", 3, 4, false, false, single(q), single(k), 1e-6},
	} {
		store := model.NewStore()
		if err := store.SetRNGStateFromSeed(5); err != nil {
			t.Fatal(err)
		}
		exec := model.MustNewExec(backend.MustOpen(), store, func(scope *model.Scope, x, patterns, keep *Node) *Node {
			if c.identity {
				scope = scope.WithInitializer(func(g *Graph, shape shapes.Shape) *Node {
					return Reshape(ConvertDType(Diagonal(g, dim), shape.DType), shape.Dimensions...)
				})
			}
			layer := attention.MultiHeadAttention(scope, ExpandAxes(x, 0), ExpandAxes(patterns, 0), ExpandAxes(patterns, 0), c.heads, c.size).
				UseProjectionBias(false)
			if c.masked {
				layer = layer.WithKeyMask(ExpandAxes(keep, 0))
			}
			want := Squeeze(layer.Done(), 0)

			project := func(x *Node, name string) *Node { // [rows, dim] → [heads, rows, size]
				w := scope.Store().GetVariable("/MultiHeadAttention/" + name + "/dense/weights").NodeValue(x.Graph())
				return TransposeAllAxes(Reshape(Dot(x, Reshape(w, dim, -1)).Product(), x.Shape().Dim(0), c.heads, c.size), 1, 0, 2)
			}
			memory := hopfield.Modern{
				Patterns: project(patterns, "key"), Values: project(patterns, "value"),
				Beta: Scalar(x.Graph(), x.DType(), 1/math.Sqrt(float64(c.size))),
			}
			if c.masked {
				memory.LogWeights = hopfield.Mask(keep, x)
			}
			read := Reshape(TransposeAllAxes(memory.Step(project(x, "query")), 1, 0, 2), queries, -1)
			output := scope.Store().GetVariable("/MultiHeadAttention/output/dense/weights").NodeValue(x.Graph())
			return ReduceAllMax(Abs(Sub(Dot(read, Reshape(output, -1, dim)).Product(), want)))
		})
		off := number(exec.MustCall1(c.x, c.patterns, keep))
		t.Logf("%s: largest difference %.2g", c.name, off)
		if !(off <= c.tolerance) {
			t.Errorf("%s: differs by %g from the layer, want ≤ %g", c.name, off, c.tolerance)
		}
	}
}

// number is a scalar of either float dtype.
func number(x *tensors.Tensor) float64 {
	if x.DType() == dtypes.Float32 {
		return float64(tensors.ToScalar[float32](x))
	}
	return tensors.ToScalar[float64](x)
}
