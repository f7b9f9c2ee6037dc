package energy

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Grid is a regular grid over a box, for integrals on the line and in the plane.
// The integral of f is Σ f times the cell's volume: the trapezoidal sum of an f
// that vanishes at the box's sides, whose error for smooth f falls faster than any
// power of the spacing. A point costs an evaluation, so n points an axis cost n^dim.
//
// Methods panic unless there is at least one axis, each with Low < High and two
// points.
type Grid struct {
	Low, High []float64 // the box, [dim]
	Points    []int     // along each axis, with both ends, [dim]
}

// Box is the grid over [−half, half]^dim of the given spacing, or the next
// smaller one that divides the side.
func Box(dim int, half, spacing float64) Grid {
	g := Grid{}
	for range dim {
		g.Low, g.High = append(g.Low, -half), append(g.High, half)
		g.Points = append(g.Points, int(math.Ceil(2*half/spacing-1e-9))+1)
	}
	return g
}

// Len is the number of points.
func (g Grid) Len() int {
	g.check()
	n := 1
	for _, points := range g.Points {
		n *= points
	}
	return n
}

// Spacing is the distance of neighbours along each axis, [dim].
func (g Grid) Spacing() []float64 {
	g.check()
	h := make([]float64, len(g.Points))
	for d, points := range g.Points {
		h[d] = (g.High[d] - g.Low[d]) / float64(points-1)
	}
	return h
}

// LogCell is the logarithm of a cell's volume.
func (g Grid) LogCell() float64 {
	sum := 0.0
	for _, h := range g.Spacing() {
		sum += math.Log(h)
	}
	return sum
}

// At sets x, of length dim, to point i; the last axis runs fastest.
func (g Grid) At(i int, x []float64) {
	for d := len(g.Points) - 1; d >= 0; d-- {
		n := g.Points[d]
		x[d] = g.Low[d] + float64(i%n)*(g.High[d]-g.Low[d])/float64(n-1)
		i /= n
	}
}

// Map returns f at every point. f must not keep x.
func (g Grid) Map(f func(x []float64) float64) []float64 {
	values, x := make([]float64, g.Len()), make([]float64, len(g.Points))
	for i := range values {
		g.At(i, x)
		values[i] = f(x)
	}
	return values
}

// Tensor returns the points, [Len, dim], float32 or float64; it panics on any
// other dtype.
func (g Grid) Tensor(dtype dtypes.DType) *tensors.Tensor {
	dim := len(g.Points)
	flat := make([]float64, g.Len()*dim)
	for i := range g.Len() {
		g.At(i, flat[i*dim:(i+1)*dim])
	}
	switch dtype {
	case dtypes.Float64:
		return tensors.FromFlatDataAndDimensions(flat, g.Len(), dim)
	case dtypes.Float32:
		return tensors.FromFlatDataAndDimensions(float32s(flat), g.Len(), dim)
	}
	exceptions.Panicf("energy: Grid: points of dtype %s: want float32 or float64", dtype)
	return nil
}

// Levels returns the cells as levels: energies [Len], one at each point, and the
// cell's volume as multiplicity. So [Levels.At] gives log Z, and the differential
// entropy as S. It panics on another length.
func (g Grid) Levels(energies []float64) Levels {
	if len(energies) != g.Len() {
		exceptions.Panicf("energy: %d energies on a Grid of %d points", len(energies), g.Len())
	}
	cells := make([]float64, len(energies))
	for i := range cells {
		cells[i] = g.LogCell()
	}
	return Levels{Energy: energies, LogCount: cells}
}

// LogZ returns log ∫ exp(−E) of energies at all points in graph form, a scalar,
// with a gradient: that of −log Z is the exact mean of ∂E over the model. energies
// [Len].
func (g Grid) LogZ(energies *Node) *Node {
	energies.AssertDims(g.Len())
	top := StopGradient(ReduceAllMin(energies))
	sum := ReduceAllSum(Exp(Sub(top, energies)))
	return AddScalar(Sub(Log(sum), top), g.LogCell())
}

func (g Grid) check() {
	dim := len(g.Points)
	if dim == 0 || len(g.Low) != dim || len(g.High) != dim {
		exceptions.Panicf("energy: Grid: Low, High and Points must have one number for each axis, got %v, %v, %v", g.Low, g.High, g.Points)
	}
	for d, n := range g.Points {
		if n < 2 || !(g.Low[d] < g.High[d]) || math.IsInf(g.High[d]-g.Low[d], 0) {
			exceptions.Panicf("energy: Grid: axis %d: want Low < High, finite, and 2 Points, got [%g, %g] and %d", d, g.Low[d], g.High[d], n)
		}
	}
}

// Evaluate returns the energies of examples x [batch, event…], computed on a
// backend in x's dtype. store holds the variables that e reads through its scopes;
// nil: none.
func Evaluate(b compute.Backend, store *model.Store, e Energy, x *tensors.Tensor) ([]float64, error) {
	if store == nil {
		store = model.NewStore()
	}
	exec, err := model.NewExec(b, store, func(_ *model.Scope, x *Node) *Node {
		return ConvertDType(e.Energy(x), dtypes.Float64)
	})
	if err != nil {
		return nil, fmt.Errorf("energy: %w", err)
	}
	defer exec.Finalize()
	values, err := exec.Call1(x)
	if err != nil {
		return nil, fmt.Errorf("energy: %w", err)
	}
	defer values.MustFinalizeAll()
	return tensors.MustCopyFlatData[float64](values), nil
}
