package main

import (
	"context"
	"math"
	"slices"

	"gibbs/lib/backend"
	"gibbs/lib/loop"
	"gibbs/lib/mcmc"
	"gibbs/lib/mcmc/native"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
)

type normalsSettings struct {
	Steps   int `json:"steps"`
	Numbers int `json:"numbers"`
}

// normals sums squared normals in a loop, each number drawn and used in its step.
func normals(o normalsSettings) (task[[]float32], error) {
	program, err := loop.Compile(backend.MustOpen(), loop.Loop{
		Init: func(in loop.Nodes) loop.Nodes {
			total := Zeros(in["key"].Graph(), shapes.Make(dtypes.Float32, o.Numbers))
			return loop.Nodes{"total": total, "lanes": rng.FromKey(in["key"]).Lanes(lanes(o.Numbers)).Node()}
		},
		Step: func(_ *Node, _, at loop.Nodes) loop.Nodes {
			s, z := rng.Normal(rng.FromNode(at["lanes"]), dtypes.Float32, o.Numbers)
			return loop.Nodes{"total": Add(at["total"], Square(z)), "lanes": s.Node()}
		},
	})
	run := func(seed int) ([]float32, error) { return repeat(program, o.Steps, nil, seed, "total") }
	answer := func(total []float32) Answer {
		m, v := mean(wide(total)), variance(wide(total))
		n := float64(o.Steps)
		return Answer{"E z²": {m.Value / n, m.Error / n}, "Var z²": {v.Value / n, v.Error / n}}
	}
	return task[[]float32]{run: run, answer: answer}, err
}

type langevinSettings struct {
	Chains   int     `json:"chains"`
	Steps    int     `json:"steps"`
	StepSize float64 `json:"step_size"`
	Block    int     `json:"block"`
	Native   bool    `json:"native"`
}

// twoModes is the score of ½ N((−2, 0), I) + ½ N((2, 0), I), (2, 0)·tanh 2x − x: the
// peers' without slices and a concatenation, which XLA does not vectorise, nor the
// noise that it fuses with them. JAX draws its noise apart and gains nothing by it.
func twoModes(x *Node) *Node {
	toward := BroadcastToShape(Const(x.Graph(), [][]float32{{2, 0}}), x.Shape())
	return Sub(Mul(toward, Tanh(MulScalar(x, 2))), x)
}

// langevin runs unadjusted Langevin chains from (10, 10): Block 0 in one compiled
// program, Block 1 with a dispatch for each step.
func langevin(o langevinSettings) (task[[]float32], error) {
	flat := make([]float32, 2*o.Chains)
	for i := range flat {
		flat[i] = 10
	}
	if o.Native {
		return inGo(o, flat), nil
	}
	c := mcmc.Config{
		Start: tensors.FromFlatDataAndDimensions(flat, o.Chains, 2),
		Steps: o.Steps, StepSize: o.StepSize, Keep: mcmc.KeepFinal, Block: o.Block,
	}
	sampler, err := mcmc.Compile(backend.MustOpen(), mcmc.ULA{Score: twoModes}, c)
	run := func(seed int) ([]float32, error) {
		c := c
		c.Seed = int64(seed)
		result, err := sampler.Run(context.Background(), c)
		if err != nil {
			return nil, err
		}
		return tensors.CopyFlatData[float32](result.Final)
	}
	return task[[]float32]{run: run, answer: plane}, err
}

// inGo is the same by goroutines in plain Go.
func inGo(o langevinSettings, start []float32) task[[]float32] {
	run := func(seed int) ([]float32, error) {
		x := slices.Clone(start)
		l := native.Langevin[float32]{StepSize: o.StepSize, Seed: int64(seed), Score: func(x, score []float32) {
			score[0], score[1] = 2*float32(math.Tanh(2*float64(x[0])))-x[0], -x[1]
		}}
		return x, l.Run(context.Background(), x, 2, o.Steps, nil)
	}
	return task[[]float32]{run: run, answer: plane}
}

// lanes is the number of generators that draws of size normals are made with.
func lanes(size int) int { return size / 2 }

// repeat runs a program from the key of a seed and returns one tensor of its last
// state.
func repeat(p *loop.Program, steps int, constants loop.Tensors, seed int, name string) ([]float32, error) {
	key := tensors.FromValue(rng.Key(int64(seed)))
	result, err := p.Run(context.Background(), steps, constants, loop.Tensors{"key": key})
	if err != nil {
		return nil, err
	}
	return tensors.CopyFlatData[float32](result.State[name])
}

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}
