package solve_test

import (
	"context"
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
	"gibbs/lib/path"
	"gibbs/lib/prob"
	"gibbs/lib/solve"

	"github.com/gomlx/gomlx/core/tensors"
)

// Example takes noise to data along the probability flow. It keeps quantiles: one
// standard deviation of x₂ under noise, √26, becomes one of the data.
func Example() {
	p := path.VE{SigmaMin: 0.01, SigmaMax: 5}
	flow := solve.ProbabilityFlow(p, path.FromSmooth(p, prob.TwoModes().SmoothScore))
	program, err := solve.CompileAdaptive(backend.MustOpen(), flow, solve.DormandPrince, solve.Tolerance{}, solve.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	noise := tensors.FromValue([][]float64{{0, 5.0990195}})
	result, err := program.Run(context.Background(), noise, 1, 0, 1000, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3f\n", result.X.Value())
	// Output: [[0.000 1.000]]
}

// A field that no data are needed for: exponential decay.
func ExampleCompileODE() {
	decay := func(x, _ *Node) *Node { return Neg(x) }
	program, err := solve.CompileODE(backend.MustOpen(), decay, solve.Heun, solve.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := program.Run(context.Background(), tensors.FromValue([][]float64{{1}}), 0, 1, 100, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", result.X.Value())
	// Output: [[0.3679]]
}
