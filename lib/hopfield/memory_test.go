package hopfield_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/hopfield"
	"gibbs/lib/rng"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"
)

// TestMemory stores, retrieves and settles, and says what is wrong; float32 is in the
// example.
func TestMemory(t *testing.T) {
	memory, err := hopfield.NewMemory(backend.MustOpen(), 4)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := memory.Retrieve(matrix([]float64{1, 0})); err == nil {
		t.Error("an empty memory: no error")
	}
	if err := memory.Store(matrix([]float64{1, 0}, []float64{0, 1}, []float64{-1, 0})); err != nil {
		t.Fatal(err)
	}
	query := matrix([]float64{.6, .3})
	once, err := memory.Retrieve(query)
	if err != nil {
		t.Fatal(err)
	}
	within(t, "one step", tensors.MustCopyFlatData[float64](once)[0], .757410, 5e-7)
	end, steps, err := memory.Settle(context.Background(), query, 1e-12, 1000)
	if err != nil {
		t.Fatal(err)
	}
	x := tensors.MustCopyFlatData[float64](end)
	within(t, "limit", math.Hypot(x[0]-.97790041, x[1]-.02131629), 0, 1e-8)
	if steps < 10 || steps > 200 {
		t.Errorf("settled in %d steps", steps)
	}
	if _, steps, err := memory.Settle(context.Background(), query, 1e-12, 3); err != nil || steps != 3 {
		t.Errorf("at most 3 steps: %d, %v", steps, err)
	}
	if _, err := memory.Retrieve(matrix([]float64{1, 0, 0})); err == nil {
		t.Error("a query of another dim: no error")
	}
	if _, err := memory.Retrieve(tensors.FromValue([][]float32{{1, 0}})); err == nil {
		t.Error("a query of another dtype: no error")
	}
	if err := memory.Store(tensors.FromValue([]float64{1})); err == nil {
		t.Error("patterns of rank 1: no error")
	}
	if _, err := hopfield.NewMemory(backend.MustOpen(), 0); err == nil {
		t.Error("β = 0: no error")
	}
}

// TestMemoryInBlocks reads more scores than fit a block, the last of which is not full,
// and holds the result to a softmax over all at once. It catches
// patterns that are left out or counted twice, and sums that are not rescaled.
func TestMemoryInBlocks(t *testing.T) {
	const n, batch = 2500, 1024 // blocks of 1024, 1024 and 452
	h := rng.NewHost(1)
	patterns, queries := h.Normal(n*4), h.Normal(batch*4)
	slices.Sort(patterns) // the largest scores come last
	memory, err := hopfield.NewMemory(backend.MustOpen(), 2)
	if err != nil {
		t.Fatal(err)
	}
	x, p := tensors.FromFlatDataAndDimensions(queries, batch, 4), tensors.FromFlatDataAndDimensions(patterns, n, 4)
	if err := memory.Store(p); err != nil {
		t.Fatal(err)
	}
	got, err := memory.Retrieve(x)
	if err != nil {
		t.Fatal(err)
	}
	want := graph.MustExecOnce(backend.MustOpen(), func(x, p *graph.Node) *graph.Node {
		return hopfield.Modern{Patterns: p, Beta: graph.Scalar(x.Graph(), x.DType(), 2)}.Step(x)
	}, x, p)
	a, b := tensors.MustCopyFlatData[float64](got), tensors.MustCopyFlatData[float64](want)
	within(t, "in blocks", floats.Distance(a, b, math.Inf(1)), 0, 1e-12)
}
