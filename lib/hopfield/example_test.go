package hopfield_test

import (
	"fmt"

	"gibbs/lib/backend"
	"gibbs/lib/hopfield"

	"github.com/gomlx/gomlx/core/tensors"
)

// Example stores three words as vectors of ink and asks for one of them by a part.
func Example() {
	memory, err := hopfield.NewMemory(backend.MustOpen(), 8)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := memory.Store(tensors.FromValue([][]float32{{1, 1, -1, -1}, {1, -1, 1, -1}, {-1, 1, 1, 1}})); err != nil {
		fmt.Println(err)
		return
	}
	states, err := memory.Retrieve(tensors.FromValue([][]float32{{0, 1, 0, 0.5}}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f\n", states.Value())
	// Output:
	// [[-1.00 1.00 1.00 1.00]]
}

// ExampleNetwork recalls a pattern of eight units of which two are wrong.
func ExampleNetwork() {
	patterns, err := hopfield.NewPatterns(
		[]int8{1, 1, 1, 1, -1, -1, -1, -1},
		[]int8{1, -1, 1, -1, 1, -1, 1, -1},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	end, _, err := hopfield.Hebb(patterns).Recall([]int8{-1, 1, 1, 1, -1, -1, -1, 1}, nil, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(end, patterns.Overlaps(end))
	// Output:
	// [1 1 1 1 -1 -1 -1 -1] [1 0]
}

// ExampleTrial measures recall of random patterns at the load 0.12.
func ExampleTrial() {
	outcome, err := hopfield.Trial{Units: 500, Patterns: 60, Matrices: 20, Seed: 1}.Recall()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("overlap %.2f, N → ∞: %.2f\n", outcome.Overlap.Value, hopfield.AGSOverlap(0.12))
	// Output:
	// overlap 0.99, N → ∞: 0.99
}
