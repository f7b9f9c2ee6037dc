package main

import (
	"math/rand/v2"

	"gibbs/lib/backend"
	"gibbs/lib/hopfield"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"
)

type retrieveSettings struct {
	Patterns int     `json:"patterns"`
	Dim      int     `json:"dim"`
	Queries  int     `json:"queries"`
	Beta     float64 `json:"beta"`
	Noise    float64 `json:"noise"` // standard deviation of each coordinate of a query about its pattern
}

// retrieved is what a memory made of queries, with the patterns that they are near.
type retrieved struct{ states, patterns []float32 }

// hopfieldRetrieve recalls noisy patterns of length 1 in one step.
func hopfieldRetrieve(o retrieveSettings) (task[retrieved], error) {
	memory, err := hopfield.NewMemory(backend.MustOpen(), o.Beta)
	if err != nil {
		return task[retrieved]{}, err
	}
	stored := sphere(rand.New(rand.NewPCG(1, 1)), o.Patterns, o.Dim)
	if err := memory.Store(tensors.FromFlatDataAndDimensions(stored, o.Patterns, o.Dim)); err != nil {
		return task[retrieved]{}, err
	}
	run := func(seed int) (retrieved, error) {
		near := stored[(seed%8)*o.Queries*o.Dim:][:o.Queries*o.Dim]
		random := rand.New(rand.NewPCG(2, uint64(seed)))
		queries := make([]float32, len(near))
		for i, v := range near {
			queries[i] = v + float32(o.Noise*random.NormFloat64())
		}
		states, err := memory.Retrieve(tensors.FromFlatDataAndDimensions(queries, o.Queries, o.Dim))
		if err != nil {
			return retrieved{}, err
		}
		flat, err := tensors.CopyFlatData[float32](states)
		return retrieved{flat, near}, err
	}
	answer := func(r retrieved) Answer { return recalled(wide(r.states), wide(r.patterns), o.Dim) }
	return task[retrieved]{run: run, answer: answer}, nil
}

// sphere returns n points of the unit sphere in d dimensions, [n·d].
func sphere(random *rand.Rand, n, d int) []float32 {
	out, x := make([]float32, 0, n*d), make([]float64, d)
	for range n {
		for i := range x {
			x[i] = random.NormFloat64()
		}
		length := floats.Norm(x, 2)
		for _, v := range x {
			out = append(out, float32(v/length))
		}
	}
	return out
}

// recalled is what recalled states are judged by.
func recalled(states, patterns []float64, d int) Answer {
	var distance, along []float64
	for i := 0; i < len(states); i += d {
		x, pattern := states[i:i+d], patterns[i:i+d]
		distance = append(distance, floats.Distance(x, pattern, 2))
		along = append(along, floats.Dot(x, pattern))
	}
	return Answer{"distance from the pattern": mean(distance), "component along it": mean(along)}
}
