package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"gibbs/lib/backend"
	"gibbs/lib/data"
	"gibbs/lib/fit"
	"gibbs/lib/rbm"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

type pcdSettings struct {
	Data         string  `json:"data"` // digits: grey ones of 8×8; else synthetic pictures of 28×28, as many as Examples
	Examples     int     `json:"examples"`
	Epochs       int     `json:"epochs"`
	Batch        int     `json:"batch"`
	Hidden       int     `json:"hidden"`
	LearningRate float64 `json:"learning_rate"`
	Folder       string  `json:"folder"` // of the data, for all sides
}

// parts is how many blocks our side trains in. The first one waits for the compiler,
// and is not timed: the seconds are those of the others, as if it had taken as long.
const parts = 10

// rbmPCD trains a Boltzmann machine by persistent contrastive divergence.
func rbmPCD(o pcdSettings) (task[*rbm.RBM], error) {
	x, err := pictures(o)
	if err != nil {
		return task[*rbm.RBM]{}, err
	}
	n, _ := x.Dims()
	steps := o.Epochs * (n / o.Batch) / parts * parts
	var seconds float64
	run := func(seed int) (*rbm.RBM, error) {
		var start time.Time
		r, err := rbm.Learner{Hidden: o.Hidden}.Train(context.Background(), backend.MustOpen(), fit.Config{
			Steps: steps, Batch: o.Batch, Block: steps / parts, LearningRate: o.LearningRate, Seed: int64(seed),
			Data: []*tensors.Tensor{rbm.Tensor(dtypes.Float32, x)},
			Progress: func(step, steps int, _ float64) {
				switch step {
				case steps / parts:
					start = time.Now()
				case steps:
					seconds = time.Since(start).Seconds() * parts / (parts - 1)
				}
			},
		})
		if err != nil {
			return nil, err
		}
		return r.RBM, nil
	}
	answer := func(m *rbm.RBM) Answer {
		first := x.Slice(0, 100, 0, len(m.B))
		return Answer{"pseudo-log-likelihood of a unit": {floats.Sum(m.PseudoLogLikelihood(first)) / float64(len(m.B)), betweenMachines(o.Batch)}}
	}
	return task[*rbm.RBM]{run: run, answer: answer, seconds: &seconds}, nil
}

// betweenMachines bounds the standard deviation of that likelihood from one seed to
// another, which few chains and small batches make large: from 5 runs of each side at
// batches of 10 and of 100 digits, 0.015 and 0.005.
func betweenMachines(batch int) float64 { return 0.05 / math.Sqrt(float64(batch)) }

// pictures returns the data [examples, pixels], and writes them for the peers as
// float32 into a file named for their kind.
func pictures(o pcdSettings) (*mat.Dense, error) {
	set, err := data.Digits()
	if o.Data != "digits" {
		set, err = flipped(o.Examples), nil
	}
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	raw, err := binary.Append(nil, binary.LittleEndian, set.X)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if err := os.WriteFile(filepath.Join(o.Folder, "rbm-"+o.Data+".f32"), raw, 0o644); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return mat.NewDense(set.Len(), set.Dim(), wide(set.X)), nil
}

// flipped makes binary pictures of 28×28: one of ten with 3×3 patches at random, a
// tenth of its pixels flipped.
func flipped(n int) *data.Set {
	const side = 28
	random := rand.New(rand.NewPCG(1, 1))
	var originals [10][side * side]float32
	for k := range originals {
		for range 25 {
			row, column := random.IntN(side-2), random.IntN(side-2)
			for i := range 9 {
				originals[k][(row+i/3)*side+column+i%3] = 1
			}
		}
	}
	set := &data.Set{Shape: []int{side, side}}
	for range n {
		for _, ink := range originals[random.IntN(10)] {
			if random.Float64() < 0.1 {
				ink = 1 - ink
			}
			set.X = append(set.X, ink)
		}
	}
	return set
}
