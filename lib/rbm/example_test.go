package rbm_test

import (
	"context"
	"fmt"

	"gibbs/lib/backend"
	"gibbs/lib/fit"
	"gibbs/lib/rbm"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"
)

// Example trains a machine on two patterns and compares its likelihood with the least
// that is possible, log 2.
func Example() {
	data := mat.NewDense(2, 4, []float64{1, 1, 0, 0, 0, 0, 1, 1})
	r, err := rbm.Learner{Hidden: 2, Negatives: rbm.Exact, Std: 0.1}.Train(context.Background(), backend.MustOpen(), fit.Config{
		Steps: 3000, LearningRate: 0.5, Data: []*tensors.Tensor{rbm.Tensor(dtypes.Float32, data)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	nll, err := r.NLL(data)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.1f nats\n", nll)
	// Output: 0.7 nats
}

// ExampleTransition_CD tells how far the expected update of contrastive divergence is
// from the gradient.
func ExampleTransition_CD() {
	m, data := rbm.New(6, 4, 2, 1), mat.NewDense(2, 6, []float64{1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 1})
	transition, err := m.Transition()
	if err != nil {
		fmt.Println(err)
		return
	}
	gradient, err := m.Gradient(data)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, k := range []int{1, 10, 100} {
		cd, err := transition.CD(data, k)
		if err != nil {
			fmt.Println(err)
			return
		}
		bias := cd.Sub(gradient)
		fmt.Printf("CD-%d: %.3f\n", k, mat.Norm(bias.VH, 2)/mat.Norm(gradient.VH, 2))
	}
	// Output:
	// CD-1: 0.590
	// CD-10: 0.024
	// CD-100: 0.000
}
