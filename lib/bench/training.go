package main

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"gibbs/lib/backend"
	"gibbs/lib/fit"
	"gibbs/lib/ncsn"
	"gibbs/lib/net"
	"gibbs/lib/prob"
	"gibbs/lib/rng"
	"gibbs/lib/score"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
)

type dsmSettings struct {
	Steps        int     `json:"steps"`
	Batch        int     `json:"batch"`
	Sigma        float64 `json:"sigma"`
	Hidden       []int   `json:"hidden"`
	LearningRate float64 `json:"learning_rate"`
}

// warmUp is the number of updates that training makes before its clock starts: fit
// compiles anew in each call, which is not what is timed.
const warmUp = 100

// trainTimed returns a run of warmUp updates and then that many more, and where it
// leaves the seconds of the latter.
func trainTimed(objective fit.Objective, updates int, learningRate float64) (run func(seed int) (*fit.Result, error), seconds *float64) {
	seconds = new(float64)
	return func(seed int) (*fit.Result, error) {
		var start time.Time
		defer func() { *seconds = time.Since(start).Seconds() }()
		return fit.Train(context.Background(), backend.MustOpen(), objective, fit.Config{
			Steps: warmUp + updates, Block: warmUp, LearningRate: learningRate, Seed: int64(seed),
			Progress: func(step, _ int, _ float64) {
				if step == warmUp {
					start = time.Now()
				}
			},
		})
	}, seconds
}

// dsmTrain trains by denoising score matching on the two modes. Its seconds are of
// Steps updates, after warmUp others.
func dsmTrain(o dsmSettings) (task[*fit.Result], error) {
	mlp := net.MLP{Hidden: o.Hidden, Out: 2, Activation: activation.TypeTanh}
	objective := func(scope *model.Scope, s rng.State, _ []*Node) *Node {
		data, noise := s.Split()
		_, x := prob.TwoModes().Sample(data, dtypes.Float32, o.Batch)
		return score.DSM{Sigma: o.Sigma}.Loss(net.Bind(scope, mlp.Apply), noise, x)
	}
	run, seconds := trainTimed(objective, o.Steps, o.LearningRate)
	answer := func(r *fit.Result) Answer {
		exec := model.MustNewExec(backend.MustOpen(), r.Store, func(scope *model.Scope, x *Node) *Node {
			return net.Bind(scope, mlp.Apply)(x)
		})
		defer exec.Finalize()
		return trained(func(x [][]float32) [][]float32 { return exec.MustCall1(x).Value().([][]float32) }, r.Losses, o.Sigma)
	}
	return task[*fit.Result]{run: run, answer: answer, seconds: seconds}, nil
}

// betweenSeeds is the standard deviation of D_F(q‖s) from one seed to another
// after 1,000 steps of batch 128, from 60 runs of the JAX side.
const betweenSeeds = 0.01

// trained is what a network trained on the two modes is judged by.
func trained(network func([][]float32) [][]float32, losses []float32, sigma float64) Answer {
	random := rand.New(rand.NewPCG(1, 1))
	v := 1 + sigma*sigma
	x := make([][]float32, 20_000)
	for i := range x {
		side := float64(2 * (2*random.IntN(2) - 1))
		x[i] = []float32{float32(side + random.NormFloat64()*math.Sqrt(v)), float32(random.NormFloat64() * math.Sqrt(v))}
	}
	off := make([]float64, len(x))
	for i, s := range network(x) {
		x1, x2 := float64(x[i][0]), float64(x[i][1])
		off[i] = 0.5 * (sq(float64(s[0])-(2*math.Tanh(2*x1/v)-x1)/v) + sq(float64(s[1])+x2/v))
	}
	loss := mean(wide(losses[len(losses)/2:]))
	loss.Error = math.Hypot(loss.Error, 2*betweenSeeds)
	return Answer{"mean loss, second half": loss, "D_F(q‖s)": {mean(off).Value, betweenSeeds}}
}

func sq(x float64) float64 { return x * x }

type ncsnSettings struct {
	Chains   int     `json:"chains"`
	Levels   int     `json:"levels"`
	Steps    int     `json:"steps"`
	SigmaMax float64 `json:"sigma_max"`
	SigmaMin float64 `json:"sigma_min"`
	Rate     float64 `json:"rate"`
	Folder   string  `json:"folder"` // of the weights, for all sides
}

// ncsnSample anneals with a trained noise-conditional network.
func ncsnSample(o ncsnSettings) (task[[]float32], error) {
	ladder := ncsn.Geometric(o.SigmaMax, o.SigmaMin, o.Levels)
	network := ncsn.Net{Scale: math.Sqrt(5)}
	store, err := conditional(network, ladder, o.Folder)
	if err != nil {
		return task[[]float32]{}, err
	}
	sampler, err := ncsn.Compile(backend.MustOpen(), network.Bind(store.RootScope()), ncsn.Options{Store: store})
	if err != nil {
		return task[[]float32]{}, err
	}
	run := func(seed int) ([]float32, error) {
		start, err := ladder.Start(int64(1000+seed), o.Chains, 2)
		if err != nil {
			return nil, err
		}
		result, err := sampler.Run(context.Background(), start, ncsn.Config{Ladder: ladder, Steps: o.Steps, Rate: o.Rate, Seed: int64(seed)})
		if err != nil {
			return nil, err
		}
		return tensors.CopyFlatData[float32](result.X)
	}
	return task[[]float32]{run: run, answer: plane}, nil
}

// conditional trains the network and writes its weights for the peers, as
// [[W, b], …] in ncsn.json: all sides sample from the same network.
func conditional(network ncsn.Net, ladder ncsn.Ladder, folder string) (*model.Store, error) {
	objective := func(scope *model.Scope, s rng.State, _ []*Node) *Node {
		data, noise := s.Split()
		_, x := prob.TwoModes().Sample(data, dtypes.Float32, 128)
		return ncsn.DSM{Ladder: ladder}.Loss(network.Bind(scope), noise, x)
	}
	r, err := fit.Train(context.Background(), backend.MustOpen(), objective, fit.Config{Steps: 1000, Seed: 42})
	if err != nil {
		return nil, err
	}
	var layers [][]any
	for _, scope := range []string{"/hidden_0", "/hidden_1", "/output"} {
		var layer []any
		for _, name := range []string{"weights", "biases"} {
			v := r.Store.GetVariable(scope + "/dense/" + name)
			layer = append(layer, v.MustValue().Value())
		}
		layers = append(layers, layer)
	}
	raw, err := json.Marshal(layers)
	if err != nil {
		return nil, err
	}
	return r.Store, os.WriteFile(filepath.Join(folder, "ncsn.json"), raw, 0o644)
}
