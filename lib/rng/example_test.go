package rng_test

import (
	"fmt"

	"gibbs/lib/backend"
	"gibbs/lib/rng"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// A key is an input, so one compiled graph serves every seed and step.
func Example() {
	noise := MustNewExec(backend.MustOpen(), func(key, step *Node) *Node {
		_, eps := rng.Normal(rng.FromKey(key).Fold(step), dtypes.Float32, 3)
		return eps
	})
	for step := range int32(2) {
		fmt.Printf("%.4f\n", noise.MustCall1(rng.Key(42), step).Value())
	}
	fmt.Printf("%.4f\n", noise.MustCall1(rng.Key(42), int32(0)).Value())
	// Output:
	// [-0.4133 -0.0914 0.0991]
	// [0.8873 0.6286 -0.8478]
	// [-0.4133 -0.0914 0.0991]
}

// Words are the same in a graph, on any backend, and on the host.
func ExampleBits() {
	words := MustExecOnce(backend.MustOpen(), func(g *Graph) *Node {
		_, words := rng.Bits(rng.New(g, 42), 4)
		return words
	})
	fmt.Printf("%08x\n%08x\n", words.Value(), rng.NewHost(42).Bits(4))
	// Output:
	// [de79f4b9 268fd86c 4f6cc618 fe251627]
	// [de79f4b9 268fd86c 4f6cc618 fe251627]
}

func ExampleHost_Perm() {
	fmt.Println(rng.NewHost(1).Perm(8))
	// Output: [2 5 4 6 1 0 7 3]
}

// Two categories with weights 1 and 3, given as log-probabilities up to a constant.
func ExampleCategorical() {
	draws := MustExecOnce(backend.MustOpen(), func(g *Graph) *Node {
		_, category := rng.Categorical(rng.New(g, 5), Log(Const(g, []float32{1, 3})), 12)
		return category
	})
	fmt.Println(draws.Value())
	// Output: [1 1 0 1 1 0 0 1 0 1 1 1]
}

// A State of lanes takes the place of a keyed one in a long loop.
func ExampleState_Lanes() {
	words := MustExecOnce(backend.MustOpen(), func(g *Graph) *Node {
		s, _ := rng.Bits(rng.New(g, 42).Lanes(4), 4) // every lane advances once
		_, words := rng.Bits(rng.FromNode(s.Node()), 4)
		return words
	})
	lanes := rng.NewHost(42).Lanes(4)
	lanes.Bits(4)
	fmt.Printf("%08x\n%08x\n", words.Value(), lanes.Bits(4))
	// Output:
	// [258f8be8 3246459f 8b8feced 1fc8b0fb]
	// [258f8be8 3246459f 8b8feced 1fc8b0fb]
}
