package hopfield

import (
	"context"
	"fmt"
	"math"

	"gibbs/lib/loop"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
)

// Memory is an associative memory without a network around it: what was stored comes
// back for a query near it. It is [Modern] with nothing learned, nothing projected
// and nothing normalised. It is not for concurrent use.
type Memory struct {
	beta     float64
	patterns *tensors.Tensor // [patterns, dim]
	read     *loop.Program
	settle   *loop.Program
}

// NewMemory returns an empty memory on a backend with the inverse temperature β: how
// much better the nearest pattern must fit to win. The error says that beta is not
// positive and finite.
func NewMemory(b compute.Backend, beta float64) (*Memory, error) {
	if !(beta > 0) || math.IsInf(beta, 1) {
		return nil, fmt.Errorf("hopfield: a memory with β = %g; give a positive, finite number", beta)
	}
	read, err := loop.Compile(b, loop.Loop{Init: beginRead, Step: readBlock})
	if err != nil {
		return nil, fmt.Errorf("hopfield: %w", err)
	}
	settle, err := loop.Compile(b, loop.Loop{
		Init: func(in loop.Nodes) loop.Nodes {
			return loop.Nodes{"x": in["x"], "moved": Infinity(in["x"].Graph(), in["x"].DType(), 1)}
		},
		Step: func(_ *Node, constants, state loop.Nodes) loop.Nodes {
			x := Modern{Patterns: constants["patterns"], Beta: constants["beta"]}.Step(state["x"])
			moved := Sqrt(ReduceAllMax(ReduceSum(Square(Sub(x, state["x"])), 1)))
			return loop.Nodes{"x": x, "moved": moved}
		},
		While: func(constants, state loop.Nodes) *Node {
			return GreaterThan(state["moved"], constants["tolerance"])
		},
	})
	if err != nil {
		return nil, fmt.Errorf("hopfield: %w", err)
	}
	return &Memory{beta: beta, read: read, settle: settle}, nil
}

// Store replaces what is stored by patterns [patterns, dim], float32 or float64. They
// stay the caller's, and must stay as they are. The error says that they have another
// shape or dtype.
func (m *Memory) Store(patterns *tensors.Tensor) error {
	if s := patterns.Shape(); s.Rank() != 2 || s.DType != dtypes.Float32 && s.DType != dtypes.Float64 {
		return fmt.Errorf("hopfield: patterns %s; want [patterns, dim] of float32 or float64", s)
	}
	m.patterns = patterns
	return nil
}

// Retrieve returns what one step makes of queries [batch, dim]: near a pattern that
// stands out, that pattern up to [Modern.ErrorBound]: what [Modern.Step] returns, to rounding.
// Patterns are read in blocks whose scores fit the processor's cache, with a running
// maximum and sum for the softmax. The error says that nothing is stored, or that
// shapes do not fit.
//
// Source: Milakov, Gimelshein, "Online normalizer calculation for softmax", 2018,
// algorithm 3; Dao et al., "FlashAttention", 2022, algorithm 1.
func (m *Memory) Retrieve(queries *tensors.Tensor) (*tensors.Tensor, error) {
	if err := m.fits(queries); err != nil {
		return nil, err
	}
	patterns, batch := m.patterns.Shape().Dim(0), queries.Shape().Dim(0)
	block := readSize(patterns, batch)
	result, err := m.read.Run(context.Background(), (patterns+block-1)/block, loop.Tensors{
		"patterns": m.patterns, "beta": m.scalar(m.beta),
	}, loop.Tensors{"x": queries})
	if err != nil {
		return nil, fmt.Errorf("hopfield: %w", err)
	}
	return result.State["read"], nil
}

// readSize is the number of patterns in a block: about a million scores, 4 MB, twice
// as fast as all at once with 100,000 patterns and 1,024 queries.
func readSize(patterns, batch int) int { return min(patterns, max(1, 1<<20/batch)) }

// beginRead is a softmax over nothing: no sum, and −∞ for the maximum.
func beginRead(in loop.Nodes) loop.Nodes {
	x := in["x"]
	zero := ZerosLike(ReduceAndKeep(x, ReduceMax, -1)) // [batch, 1]
	return loop.Nodes{"x": x, "read": ZerosLike(x), "sum": zero, "max": Add(zero, Infinity(x.Graph(), x.DType(), -1))}
}

// readBlock adds block i to the means: read is Σ pᵢξᵢ over the blocks so far, with sum
// = Σ e^{zᵢ − max}. The last block is filled up with patterns that are left out.
func readBlock(i *Node, constants, state loop.Nodes) loop.Nodes {
	x, all := state["x"], constants["patterns"]
	n, size := all.Shape().Dim(0), readSize(all.Shape().Dim(0), x.Shape().Dim(0))
	row := Add(Iota(i.Graph(), shapes.Make(i.DType(), size), 0), MulScalar(i, size))
	last := Scalar(i.Graph(), i.DType(), n-1)
	block := Gather(all, ExpandAxes(Min(row, last), -1), true)
	z := Modern{Patterns: block, Beta: constants["beta"], LogWeights: Mask(LessOrEqual(row, last), x)}.Scores(x)
	top := Max(state["max"], ReduceAndKeep(z, ReduceMax, -1))
	e, past := Exp(Sub(z, top)), Mul(Exp(Sub(state["max"], top)), state["sum"])
	sum := Add(past, ReduceAndKeep(e, ReduceSum, -1))
	read := Div(Add(Mul(past, state["read"]), DotGeneral(e, []int{1}, nil, block, []int{0}, nil)), sum)
	return loop.Nodes{"x": x, "read": read, "sum": sum, "max": top}
}

// Settle makes steps until none moves any state by more than tolerance (Euclidean),
// but at most maxSteps, and returns the states and the number of steps. Errors are
// those of Retrieve, and ctx's.
func (m *Memory) Settle(ctx context.Context, queries *tensors.Tensor, tolerance float64, maxSteps int) (states *tensors.Tensor, steps int, err error) {
	if err := m.fits(queries); err != nil {
		return nil, 0, err
	}
	result, err := m.settle.Run(ctx, maxSteps, loop.Tensors{
		"patterns": m.patterns, "beta": m.scalar(m.beta), "tolerance": m.scalar(tolerance),
	}, loop.Tensors{"x": queries})
	if err != nil {
		return nil, 0, fmt.Errorf("hopfield: %w", err)
	}
	return result.State["x"], result.Steps, nil
}

func (m *Memory) fits(queries *tensors.Tensor) error {
	if m.patterns == nil {
		return fmt.Errorf("hopfield: nothing is stored; call Store first")
	}
	q, p := queries.Shape(), m.patterns.Shape()
	if q.Rank() != 2 || q.DType != p.DType || q.Dim(1) != p.Dim(1) {
		return fmt.Errorf("hopfield: queries %s for patterns %s; want [batch, dim] of their dtype", q, p)
	}
	return nil
}

// scalar is v in the dtype of the patterns.
func (m *Memory) scalar(v float64) *tensors.Tensor {
	if m.patterns.DType() == dtypes.Float64 {
		return tensors.FromValue(v)
	}
	return tensors.FromValue(float32(v))
}
