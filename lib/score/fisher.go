package score

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/stat"
)

// Fisher returns half the squared distance of two scores at every example,
// [batch]. Its mean over x from p is the Fisher divergence of model from p.
//
//	D_F(p‖s) = ½ E_p ‖∇ log p(x) − s(x)‖²
//
// It is not symmetric: x is drawn from the law whose score is exact. Zero means
// that the scores agree where p lives. [Mean] gives it with its standard error.
//
// Source: Hyvärinen, "Estimation of non-normalized statistical models by score
// matching", 2005, eq. 2.
func Fisher(exact, model Model, x *Node) *Node {
	return MulScalar(sumEvent(Square(Sub(apply(exact, x), apply(model, x)))), 0.5)
}

// Estimate is a mean of independent numbers and how far it may be off.
type Estimate struct {
	Mean, StdErr float64 // StdErr is the standard deviation of Mean, sd/√N
	N            int
}

// Mean estimates an expectation from one number for each independent example,
// such as the result of Fisher or of an objective's Each: float32 or float64 of
// any shape, at least two of them. Sums are in float64.
func Mean(each *tensors.Tensor) (Estimate, error) {
	values, err := float64s(each)
	if err != nil {
		return Estimate{}, fmt.Errorf("score: Mean: %w", err)
	}
	if len(values) < 2 {
		return Estimate{}, fmt.Errorf("score: Mean: a standard error needs two values, got %d", len(values))
	}
	mean, sd := stat.MeanStdDev(values, nil)
	return Estimate{mean, sd / math.Sqrt(float64(len(values))), len(values)}, nil
}

func float64s(t *tensors.Tensor) ([]float64, error) {
	switch t.DType() {
	case dtypes.Float64:
		return tensors.CopyFlatData[float64](t)
	case dtypes.Float32:
		narrow, err := tensors.CopyFlatData[float32](t)
		values := make([]float64, len(narrow))
		for i, v := range narrow {
			values[i] = float64(v)
		}
		return values, err
	}
	return nil, fmt.Errorf("values are %s: want float32 or float64", t.DType())
}

// String writes the estimate as mean ± standard error.
func (e Estimate) String() string { return fmt.Sprintf("%.6g ± %.2g", e.Mean, e.StdErr) }
