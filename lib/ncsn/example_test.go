package ncsn_test

import (
	"context"
	"fmt"

	"gibbs/lib/backend"
	"gibbs/lib/ncsn"
	"gibbs/lib/prob"

	"github.com/gomlx/gomlx/core/tensors"
)

// Example anneals with the exact scores of a mixture whose modes are far apart, and
// counts the chains that end at the right one, which has the weight 0.8.
func Example() {
	far := &prob.Mixture{Means: [][]float64{{-5, -5}, {5, 5}}, Weights: []float64{0.2, 0.8}}
	sampler, err := ncsn.Compile(backend.MustOpen(), far.SmoothScore, ncsn.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ladder := ncsn.Geometric(10, 0.1, 8)
	start, err := ladder.Start(1, 1000, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := sampler.Run(context.Background(), start, ncsn.Config{Ladder: ladder, Steps: 40, Seed: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	right := 0
	for _, x := range tensors.MustCopyFlatData[float32](result.X) {
		if x > 0 {
			right++
		}
	}
	fmt.Printf("weight %.1f after %d evaluations\n", float64(right)/2000, result.Steps)
	// Output: weight 0.8 after 321 evaluations
}
