package posterior_test

import (
	"context"
	"fmt"

	"gibbs/lib/backend"
	"gibbs/lib/diag"
	"gibbs/lib/mcmc"
	"gibbs/lib/posterior"

	. "github.com/gomlx/gomlx/core/graph"
)

// Example asks how probable heads is after 7 heads in 10 throws of a coin, and what the
// odds are, if nothing was known before. The posterior is Beta(8, 4), of mean 2/3.
func Example() {
	p := posterior.Interval(0, 1).Label("p")
	odds := posterior.Derived(func(at posterior.Point) *Node {
		return Div(at.Of(p), OneMinus(at.Of(p)))
	}).Label("odds")
	model := posterior.Model{
		Parameters: []*posterior.Param{p},
		Derived:    []*posterior.Quantity{odds},
		Joint: func(at posterior.Point) *Node {
			return posterior.Sum(posterior.BinomialLogit(7, 10, Log(at.Of(odds))))
		},
	}
	draws, err := model.Sample(context.Background(), backend.MustOpen(), mcmc.Sampling{Chains: 40, Warmup: 60, Draws: 50, Pooled: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	mean := func(v posterior.Variable) float64 { return diag.Summarize(draws.Of(v)[0].Chains).Mean }
	fmt.Printf("p %.1f, odds %.0f\n", mean(p), mean(odds))
	fmt.Printf("exact %.1f, %.0f\n", 8./12, 8./3)
	// Output:
	// p 0.7, odds 3
	// exact 0.7, 3
}

// ExampleModel_Unconstrain finds the unconstrained numbers of a point.
func ExampleModel_Unconstrain() {
	tau, weights := posterior.Positive().Label("tau"), posterior.Simplex(3).Label("weights")
	model := posterior.Model{Parameters: []*posterior.Param{tau, weights}}
	x, err := model.Unconstrain(tau.Is(1), weights.Is(0.2, 0.3, 0.5))
	fmt.Printf("%.3f %v\n", x, err)
	_, err = model.Unconstrain(tau.Is(-1))
	fmt.Println(err)
	// Output:
	// [0.000 -0.287 -0.583] <nil>
	// posterior: Unconstrain: parameter "tau": -1 is not between 0 and +Inf
}
