package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"gibbs/lib/backend"
	"gibbs/lib/mcmc"
	"gibbs/lib/posterior"
	"gibbs/lib/posterior/posteriordb"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

type hamiltonianSettings struct {
	Target    string  `json:"target"`
	Dim       int     `json:"dim"`
	Chains    int     `json:"chains"`
	Warmup    int     `json:"warmup"`
	Draws     int     `json:"draws"`
	Leapfrogs int     `json:"leapfrogs"` // of HMC; 0: NUTS
	Accept    float64 `json:"accept"`
	Folder    string  `json:"folder"` // of the target's numbers, for all sides
}

// chains are the draws of a run, [chains][draws][dim], and how long they took.
type chains struct {
	x              [][][]float64
	setup, seconds float64
}

// hamiltonian samples by NUTS or HMC in float64, four chains that adapt each by itself
// as in Stan. Every run compiles anew.
func hamiltonian(o hamiltonianSettings) (task[chains], error) {
	target, numbers := targets(o.Target, o.Dim)
	if err := hand(numbers, o.Folder, o.Target); err != nil {
		return task[chains]{}, err
	}
	var kernel mcmc.Trajectory = mcmc.NUTS{Target: target}
	if o.Leapfrogs > 0 {
		kernel = mcmc.HMC{Target: target, LeapfrogSteps: o.Leapfrogs}
	}
	run := func(seed int) (chains, error) {
		begin := time.Now()
		var warm time.Time
		d, err := mcmc.Sample(context.Background(), backend.MustOpen(), kernel, mcmc.Sampling{
			Dim: o.Dim, Chains: o.Chains, Warmup: o.Warmup, Draws: o.Draws, Seed: int64(seed), Accept: o.Accept,
			Progress: func(done, _ int) {
				if done == o.Warmup {
					warm = time.Now()
				}
			},
		})
		if err != nil {
			return chains{}, err
		}
		return chains{d.X, warm.Sub(begin).Seconds(), time.Since(warm).Seconds()}, nil
	}
	return task[chains]{run: run, draws: into(o.Folder)}, nil
}

// targets returns the density of a job, and the numbers that it is made of.
func targets(name string, dim int) (prob.LogProber, map[string]any) {
	switch name {
	case "eight_schools":
		return posteriordb.EightSchools().Model, map[string]any{
			"y": []float64{28, 8, -3, 7, -1, 1, 18, 12}, "sigma": []float64{15, 10, 16, 11, 9, 11, 10, 18}}
	case "logistic":
		rows, y := answered(1000, dim)
		beta := posterior.Unbounded(dim)
		return posterior.Model{Parameters: []*posterior.Param{beta}, Joint: func(at posterior.Point) *Node {
			return posterior.Sum(
				posterior.Normal(at.Of(beta), 0, 1),
				posterior.BernoulliLogit(y, posterior.Linear(rows, at.Of(beta))))
		}}, map[string]any{"rows": rows, "y": y}
	}
	n := newNormal(dim)
	return n, map[string]any{"precision": lines(n.precision)}
}

// answered makes rows of a constant and dim−1 normal numbers, and answers 0 or 1 of
// log-odds with normal coefficients of standard deviation ½.
func answered(n, dim int) (rows [][]float64, y []float64) {
	h := rng.NewHost(1)
	beta := h.Normal(dim)
	floats.Scale(0.5, beta)
	u := h.Uniform(n)
	for i := range n {
		row := h.Normal(dim)
		row[0] = 1
		rows = append(rows, row)
		y = append(y, 0)
		if u[i] < 1/(1+math.Exp(-floats.Dot(row, beta))) {
			y[i] = 1
		}
	}
	return rows, y
}

// normal is N(0, Σ), whose axes lie at random and have variances from 0.01 to 1, evenly
// on the logarithm: all coordinates depend on each other, and no scaling of them helps.
type normal struct{ covariance, precision *mat.SymDense }

func newNormal(dim int) normal {
	var qr mat.QR
	qr.Factorize(mat.NewDense(dim, dim, rng.NewHost(1).Normal(dim*dim)))
	var q mat.Dense
	qr.QTo(&q)
	n := normal{mat.NewSymDense(dim, nil), mat.NewSymDense(dim, nil)}
	for k := range dim {
		v := math.Pow(0.01, float64(k)/float64(dim-1))
		axis := q.ColView(k)
		n.covariance.SymRankOne(n.covariance, v, axis)
		n.precision.SymRankOne(n.precision, 1/v, axis)
	}
	return n
}

// LogProb is −½xᵀΣ⁻¹x, [chains].
func (n normal) LogProb(x *Node) *Node {
	return MulScalar(ReduceSum(Mul(x, posterior.Linear(lines(n.precision), x)), -1), -0.5)
}

func lines(m mat.Matrix) (rows [][]float64) {
	n, _ := m.Dims()
	for i := range n {
		rows = append(rows, mat.Row(nil, i, m))
	}
	return rows
}

// hand writes a target's numbers for the peers.
func hand(numbers map[string]any, folder, name string) error {
	raw, err := json.Marshal(numbers)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".json"), raw, 0o644)
	}
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}

type walkSettings struct {
	Dim     int    `json:"dim"`
	Chains  int    `json:"chains"`
	BurnIn  int    `json:"burn_in"`
	Thin    int    `json:"thin"`
	Draws   int    `json:"draws"` // kept
	Compile bool   `json:"fresh"` // in every run
	Folder  string `json:"folder"`
}

// rwmMany walks at random from [−2, 2], in float32, with steps of the target's shape and
// 2.38/√dim times its size.
func rwmMany(o walkSettings) (task[chains], error) {
	n := newNormal(o.Dim)
	var cholesky mat.Cholesky
	cholesky.Factorize(n.covariance)
	var root mat.TriDense
	cholesky.LTo(&root)
	if err := hand(map[string]any{"precision": lines(n.precision), "root": lines(&root)}, o.Folder, "walk"); err != nil {
		return task[chains]{}, err
	}
	m, err := mcmc.DensePreconditioner(n.covariance)
	if err != nil {
		return task[chains]{}, err
	}
	kernel := mcmc.Metropolis{Target: n, Propose: mcmc.RandomWalk(m)}
	c := mcmc.Config{BurnIn: o.BurnIn, Steps: o.Draws * o.Thin, Thin: o.Thin, StepSize: 2.38 / math.Sqrt(float64(o.Dim))}
	var sampler *mcmc.Sampler
	once := func(seed int) (chains, error) {
		c := c
		begin := time.Now()
		c.Seed, c.Start = int64(seed), tensors.FromFlatDataAndDimensions(spread(seed, o.Chains*o.Dim), o.Chains, o.Dim)
		var burnt time.Time
		c.Progress = func(done, _ int) {
			if done == o.BurnIn {
				burnt = time.Now()
			}
		}
		if sampler == nil {
			if sampler, err = mcmc.Compile(backend.MustOpen(), kernel, c); err != nil {
				return chains{}, err
			}
		}
		r, err := sampler.Run(context.Background(), c)
		if err != nil {
			return chains{}, err
		}
		flat, err := tensors.CopyFlatData[float32](r.Draws)
		if err != nil {
			return chains{}, err
		}
		d := chains{setup: burnt.Sub(begin).Seconds(), seconds: time.Since(burnt).Seconds()}
		d.x = byChain(flat, o.Draws, o.Chains, o.Dim)
		return d, nil
	}
	run := func(seed int) (chains, error) {
		if !o.Compile && sampler != nil {
			return once(seed)
		}
		if sampler != nil {
			sampler.Finalize()
			sampler = nil
		}
		first, err := once(seed)
		if err != nil {
			return first, err
		}
		d, err := once(seed) // the first one compiled between burn-in and draws
		d.setup = first.setup + first.seconds - d.seconds
		return d, err
	}
	return task[chains]{run: run, draws: into(o.Folder)}, nil
}

// spread returns n numbers between −2 and 2.
func spread(seed, n int) []float32 {
	x := make([]float32, n)
	for i, u := range rng.NewHost(int64(seed)).Fold(1).Uniform(n) {
		x[i] = float32(4*u - 2)
	}
	return x
}

// byChain turns [draws, chains, dim] into [chains][draws][dim].
func byChain(flat []float32, draws, n, dim int) [][][]float64 {
	x := make([][][]float64, n)
	for c := range x {
		x[c] = make([][]float64, draws)
		for k := range x[c] {
			x[c][k] = wide(flat[(k*n+c)*dim:][:dim])
		}
	}
	return x
}
