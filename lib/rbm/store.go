package rbm

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"gonum.org/v1/gonum/mat"
)

// The variables of a machine in a scope. W is kept as [hidden, visible]: XLA on CPU
// multiplies by it up to three times faster, as its rows are seldom of a length that is a
// power of two, which falls into the same few lines of the cache again and again.
const (
	nameW = "W" // [hidden, visible]
	nameB = "b" // [visible]
	nameC = "c" // [hidden]
)

// names are the parameters, in the order of their gradients.
var names = [3]string{nameW, nameB, nameC}

// couplings returns a copy of a matrix, row by row.
func couplings(w mat.Matrix) []float64 { return mat.DenseCopyOf(w).RawMatrix().Data }

// transposed returns the matrix [columns, rows] of numbers that lie as [rows, columns].
func transposed(rows, columns int, x []float64) *mat.Dense {
	return mat.DenseCopyOf(mat.NewDense(rows, columns, x).T())
}

// Store returns a store with the machine's parameters as the variables W [hidden,
// visible], b and c of its root scope, in float32 or float64; see [RBM.Bind].
func (m *RBM) Store(dtype dtypes.DType) (*model.Store, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	store := model.NewStore()
	for i, value := range m.tensors(dtype) {
		if _, err := store.RootScope().CreateVariable(names[i], value); err != nil {
			return nil, fmt.Errorf("rbm: %w", err)
		}
	}
	return store, nil
}

// tensors returns W, b and c.
func (m *RBM) tensors(dtype dtypes.DType) [3]*tensors.Tensor {
	v, h := m.W.Dims()
	return [3]*tensors.Tensor{tensorOf(dtype, couplings(m.W.T()), h, v), tensorOf(dtype, m.B, v), tensorOf(dtype, m.C, h)}
}

// FromStore returns the machine whose parameters are the variables W, b and c of a
// store, as [Learner.Train] leaves them.
func FromStore(store *model.Store, visible, hidden Units) (*RBM, error) {
	m := &RBM{VisibleUnits: visible, HiddenUnits: hidden}
	var w []float64
	for i, to := range [3]*[]float64{&w, &m.B, &m.C} {
		v := store.RootScope().GetVariable(names[i])
		if v == nil {
			return nil, fmt.Errorf("rbm: the store has no variable %q", names[i])
		}
		value, err := v.Value()
		if err != nil {
			return nil, fmt.Errorf("rbm: %w", err)
		}
		*to = numbers(value)
	}
	if len(w) != len(m.B)*len(m.C) {
		return nil, fmt.Errorf("rbm: the store has %d couplings for %d and %d units", len(w), len(m.B), len(m.C))
	}
	m.W = transposed(len(m.C), len(m.B), w)
	return m, nil
}

// Dense returns a tensor [rows, columns…] of floats as a matrix [rows, columns].
func Dense(t *tensors.Tensor) *mat.Dense {
	n := t.Shape().Dimensions[0]
	return mat.NewDense(n, t.Size()/n, numbers(t))
}

// Tensor returns a matrix as a tensor [rows, columns] of float32 or float64.
func Tensor(dtype dtypes.DType, m *mat.Dense) *tensors.Tensor {
	r, c := m.Dims()
	return tensorOf(dtype, mat.DenseCopyOf(m).RawMatrix().Data, r, c)
}

// tensorOf returns numbers as a tensor of float32 or float64.
func tensorOf(dtype dtypes.DType, x []float64, dims ...int) *tensors.Tensor {
	if dtype == dtypes.Float64 {
		return tensors.FromFlatDataAndDimensions(append([]float64(nil), x...), dims...)
	}
	narrow := make([]float32, len(x))
	for i, x := range x {
		narrow[i] = float32(x)
	}
	return tensors.FromFlatDataAndDimensions(narrow, dims...)
}

// numbers returns a copy of a tensor's floats.
func numbers(t *tensors.Tensor) []float64 {
	if t.DType() == dtypes.Float64 {
		return tensors.MustCopyFlatData[float64](t)
	}
	narrow := tensors.MustCopyFlatData[float32](t)
	wide := make([]float64, len(narrow))
	for i, x := range narrow {
		wide[i] = float64(x)
	}
	return wide
}
