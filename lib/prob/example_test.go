package prob_test

import (
	"fmt"

	"gibbs/lib/backend"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
)

func ExampleMixture() {
	p := prob.TwoModes()
	score := MustExecOnce(backend.MustOpen(), p.Score, [][]float32{{-3, 0}, {0, 2}, {12, 12}})
	fmt.Printf("%.4f\n", score.Value())
	fmt.Println(p.Mean(), p.Cov().At(0, 0), p.Cov().At(1, 1))
	// Output:
	// [[1.0000 0.0000] [0.0000 -2.0000] [-10.0000 -12.0000]]
	// [0 0] 5 1
}

// The floor of the denoising loss at σ = ½, and how far the smoothed score is
// from the clean one.
func ExampleMixture_Smooth() {
	p := prob.TwoModes()
	q := p.Smooth(0.5)
	information, _ := q.FisherInformation()
	divergence, _ := prob.FisherDivergence(p, q)
	fmt.Printf("floor %.6f, divergence %.6f\n", 2/(0.5*0.5)-information, divergence)
	// Output: floor 6.682114, divergence 0.039943
}

func ExampleRing() {
	ring := prob.Ring{Radius: 4, Width: 0.4}
	x := MustExecOnce(backend.MustOpen(), func(g *Graph) *Node {
		_, x := ring.Sample(rng.New(g, 1), dtypes.Float64, 2)
		return x
	})
	fmt.Printf("%.3f log Z = %.4f\n", x.Value(), ring.LogZ())
	// Output: [[4.104 -1.228] [3.981 1.270]] log Z = 3.2268
}

func ExampleBanana() {
	fmt.Printf("%.3f\n", prob.Banana{Sigma: 2, Bend: 0.2}.Cov().At(1, 1))
	// Output: 2.280
}

// ScoreOf differentiates what has no score of its own.
func ExampleScoreOf() {
	score := MustExecOnce(backend.MustOpen(), func(x *Node) *Node {
		return prob.ScoreOf(logProb(func(x *Node) *Node { return ReduceSum(Neg(Square(Square(x))), -1) }), x)
	}, [][]float32{{1, -2}})
	fmt.Println(score.Value())
	// Output: [[-4 32]]
}

type logProb func(x *Node) *Node

func (f logProb) LogProb(x *Node) *Node { return f(x) }

// The modes of a law and the saddle between them, and what is left of it.
func ExampleMixture_ScoreZeros() {
	p := prob.TwoModes()
	zeros, _ := p.ScoreZeros([]float64{-6, 0}, []float64{6, 0})
	fmt.Printf("%.6f, left half %.2f\n", zeros, p.CDF(0, 0))
	// Output: [[-1.998651 0.000000] [0.000000 0.000000] [1.998651 0.000000]], left half 0.50
}

// The score of far modes hardly knows their weights.
func ExampleKL() {
	for _, m := range []float64{2, 5} {
		p := &prob.Mixture{Means: [][]float64{{m}, {-m}}}
		q := &prob.Mixture{Means: [][]float64{{m}, {-m}}, Weights: []float64{0.2, 0.8}}
		fisher, _ := prob.FisherDivergence(p, q)
		kl, _ := prob.KL(p, q)
		fmt.Printf("±%g: D_F %.3e, KL %.4f\n", m, fisher, kl)
	}
	// Output:
	// ±2: D_F 3.909e-02, KL 0.2063
	// ±5: D_F 2.879e-06, KL 0.2231
}

// The spiral that a sampler must find from far away.
func ExampleSwissRoll() {
	score := MustExecOnce(backend.MustOpen(), prob.SwissRoll(1).Score, [][]float64{{0, 0}, {10, 0}})
	fmt.Printf("%.4f\n", score.Value())
	// Output: [[0.9639 -4.7191] [2.2500 -0.2347]]
}
