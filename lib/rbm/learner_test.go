package rbm_test

import (
	"context"
	"testing"
	"time"

	"gibbs/lib/backend"
	"gibbs/lib/fit"
	"gibbs/lib/rbm"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"
)

// bars are the 14 patterns of 3×3 pixels that are made of whole rows or whole columns.
func bars() *mat.Dense {
	seen := map[[9]float64]bool{}
	var flat []float64
	for pick := range 8 {
		for _, across := range []bool{false, true} {
			var p [9]float64
			for i := range 9 {
				line := i % 3
				if across {
					line = i / 3
				}
				p[i] = float64(pick >> line & 1)
			}
			if !seen[p] {
				seen[p] = true
				flat = append(flat, p[:]...)
			}
		}
	}
	return mat.NewDense(len(flat)/9, 9, flat)
}

func TestBars(t *testing.T) {
	data := bars()
	for _, l := range []rbm.Learner{
		{Negatives: rbm.CD, Sweeps: 10}, {}, {Sweeps: 2}, {Sweeps: 4},
		{Negatives: rbm.FastPCD}, {Negatives: rbm.Tempering}, {Centre: true}, {Momentum: 0.5}, {Negatives: rbm.Exact, Centre: true},
	} {
		l.Hidden, l.Std, l.Chains = 8, 0.1, 100
		l.Snapshots = 3
		began := time.Now()
		for seed := range int64(2) {
			r, err := l.Train(context.Background(), backend.MustOpen(), fit.Config{
				Steps: 3000, LearningRate: 0.1, Data: []*tensors.Tensor{rbm.Tensor(dtypes.Float32, data)}, Seed: seed, Block: 100,
			})
			if err != nil {
				t.Fatal(err)
			}
			var path []float64
			for _, m := range r.History {
				path = append(path, must(m.NLL(data)))
			}
			t.Logf("%v %v: NLL %.4f %v %v", l, time.Since(began), must(r.NLL(data)), path, r.Fit.Losses[2999])
		}
	}
}
