package energy_test

import (
	"context"
	"fmt"
	"math"

	"gibbs/lib/backend"
	"gibbs/lib/energy"
	"gibbs/lib/fit"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Four levels at a low and at a high temperature.
func ExampleLevels() {
	l := energy.Levels{Energy: []float64{0, 1, 2, 3}}
	for _, tau := range []float64{0.25, 10} {
		at := l.At(tau)
		fmt.Printf("τ = %-4g U = %.4f S = %.4f C = %.4f p = %.3f\n", at.Tau, at.U, at.S, at.C, l.Probs(tau))
	}
	// Output:
	// τ = 0.25 U = 0.0187 S = 0.0931 C = 0.3041 p = [0.982 0.018 0.000 0.000]
	// τ = 10   U = 1.3754 S = 1.3801 C = 0.0124 p = [0.289 0.261 0.236 0.214]
}

// The uniform law is not the best one: its free energy lies τ·KL above the least.
func ExampleLevels_VariationalFreeEnergy() {
	l := energy.Levels{Energy: []float64{0, 1, 2, 3}}
	q := []float64{0.25, 0.25, 0.25, 0.25}
	fmt.Printf("F[q] = %.6f, F = %.6f\n", l.VariationalFreeEnergy(q, 1), l.At(1).F)
	// Output: F[q] = 0.113706, F = -0.440190
}

// The normaliser of a ring of radius 2 and width 0.3, by a sum over the plane.
func ExampleGrid() {
	grid := energy.Box(2, 8, 0.05)
	ring := grid.Map(func(x []float64) float64 {
		t := (math.Hypot(x[0], x[1]) - 2) / 0.3
		return t * t / 2
	})
	at := grid.Levels(ring).At(1)
	fmt.Printf("log Z = %.6f, entropy %.6f\n", at.LogZ, at.S)
	// Output: log Z = 2.245990, entropy 2.745990
}

// Draws of the law itself as the proposal: every weight is Z.
func ExampleImportance() {
	logWeights := make([]float64, 100)
	for i, z := range rng.NewHost(1).Normal(100) {
		logP, logQ := -z*z/2, -z*z/2-math.Log(2*math.Pi)/2
		logWeights[i] = logP - logQ
	}
	e := energy.Importance(logWeights)
	fmt.Printf("log Z = %.6f, ESS %.0f\n", e.LogZ, e.ESS)
	// Output: log Z = 0.918939, ESS 100
}

// A path whose log Z grows by log 2, between two exponential laws that can both be
// drawn from: x/2 has half the mean.
func ExampleAIS() {
	path := func(x, beta *Node) *Node { return Mul(AddScalar(MulScalar(beta, -0.5), -0.5), Squeeze(x, -1)) }
	ais := energy.AIS{
		LogProb: path, // rate (1 + β)/2
		Step: func(s rng.State, x, beta *Node) (rng.State, *Node) {
			s, t := rng.Exponential(s, x.DType(), x.Shape().Dimensions...)
			return s, Div(t, AddScalar(MulScalar(beta, 0.5), 0.5))
		},
		LogZ0: math.Log(2), Temperatures: 100,
	}
	draw := func(mean float64, stream int64) *tensors.Tensor {
		x := make([]float64, 2000)
		for i, u := range rng.NewHost(7).Fold(stream).Uniform(len(x)) {
			x[i] = -mean * math.Log(u)
		}
		return tensors.FromFlatDataAndDimensions(x, len(x), 1)
	}
	bracket, err := ais.Run(context.Background(), backend.MustOpen(), draw(2, 0), draw(1, 1))
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println("holds log Z = 0:", bracket.Contains(0, 4.89), "and closes:", bracket.Gap() < 0.05)
	// Output: holds log Z = 0: true and closes: true
}

// Maximum likelihood with the exact gradient finds the precision 1/v of data of
// variance v = 4.
func ExampleGridLikelihood() {
	spring := func(scope *model.Scope, x *Node) *Node {
		theta := scope.VariableWithValue("theta", float32(1)).NodeValue(x)
		return MulScalar(Mul(theta, Squeeze(Square(x), -1)), 0.5)
	}
	exact := energy.GridLikelihood{Model: spring, Grid: energy.Box(1, 20, 0.1)}
	data := tensors.FromValue([][]float32{{-2}, {2}})
	r, err := fit.Train(context.Background(), backend.MustOpen(), exact.Objective,
		fit.Config{Steps: 400, Data: []*tensors.Tensor{data}, LearningRate: 0.05, Cosine: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("θ = %.3f\n", tensors.ToScalar[float32](r.Store.GetVariable("/theta").MustValue()))
	// Output: θ = 0.250
}
