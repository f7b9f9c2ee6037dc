package ncsn

import (
	"context"
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/loop"
	"gibbs/lib/rng"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Sampler is annealed Langevin dynamics of a model, compiled: many chains side by
// side, all levels and steps inside one loop. For each level σ of a ladder, from
// the largest to the smallest, it makes the same number of steps
//
//	x ← x + α·s(x, σ) + √(2α)·z,  α = c·σ²,  z ~ N(0, I)
//
// and at the end removes the noise that the smallest level leaves:
//
//	x ← x + σ_L²·s(x, σ_L)
//
// α ∝ σ² gives every level the same ratio of drift to noise. On data with details
// of size 1 a level relaxes c·Steps·σ²/(1 + σ²) times, so levels far below 1 keep
// what they are given; a step is stable while c < 2(1 + 1/σ²).
//
// Source: Song, Ermon, "Generative modeling by estimating gradients of the data
// distribution", 2019, algorithm 1, with their ε = 2c·σ_L²; the last step from
// Jolicoeur-Martineau et al., "Adversarial score matching and improved sampling
// for image generation", 2021, section 3.1.
type Sampler struct {
	program *loop.Program
	keeps   bool
}

// Options are what a sampler is compiled with. The zero value is usable.
type Options struct {
	Every    int                   // keep all chains after every Every-th step; 0: keep nothing. Config.Steps keeps one cloud a level
	Store    *model.Store          // of the variables that the model reads through scopes; nil: none
	Progress func(done, steps int) // called now and then; nil is silent
}

// Config is one run of a sampler. None of its numbers is compiled in; another
// length of the ladder is.
type Config struct {
	Ladder Ladder
	Steps  int     // at each level; 0 means 100
	Rate   float64 // c, in units of σ²; 0 means 0.1
	Seed   int64   // of z
	Raw    bool    // leave out the last step, so that the smallest level's noise stays
}

// Result is what a run leaves.
type Result struct {
	X     *tensors.Tensor // the samples, [chains, event…]
	Kept  *tensors.Tensor // after every Every-th step, [kept, chains, event…]; nil without Every
	Steps int             // evaluations of the model for each chain
}

// Compile makes a sampler of a model. Errors of the model come at the first Run.
func Compile(b compute.Backend, m Model, o Options) (*Sampler, error) {
	l := loop.Loop{
		Init: func(in loop.Nodes) loop.Nodes {
			x := in["x"]
			lanes := rng.FromKey(in["key"]).Lanes((x.Shape().Size() + 1) / 2)
			return loop.Nodes{"x": x, "rng": lanes.Node()}
		},
		Step: func(i *Node, constants, state loop.Nodes) loop.Nodes {
			x, at := state["x"], ExpandAxes(Div(i, constants["steps"]), -1)
			number := func(name string) *Node { return Gather(constants[name], at) } // of this level, a scalar
			sigma := BroadcastToDims(number("sigma"), x.Shape().Dimensions[0])
			s, z := rng.Normal(rng.FromNode(state["rng"]), x.DType(), x.Shape().Dimensions...)
			scale := loop.Spread(x, number("drift"), number("noise"))
			return loop.Nodes{"x": Add(Add(x, Mul(scale[0], apply(m, x, sigma))), Mul(scale[1], z)), "rng": s.Node()}
		},
		Every: o.Every, Store: o.Store, Progress: o.Progress,
	}
	if o.Every != 0 {
		l.Collect = func(_, state loop.Nodes) loop.Nodes { return loop.Nodes{"x": state["x"]} }
	}
	program, err := loop.Compile(b, l)
	if err != nil {
		return nil, fmt.Errorf("ncsn: %w", err)
	}
	return &Sampler{program, o.Every != 0}, nil
}

// Run samples from the start [chains, event…], float32 or float64: one sample a
// chain. The start should be noise of the largest level: see [Ladder.Start]. It
// stays the caller's.
func (s *Sampler) Run(ctx context.Context, start *tensors.Tensor, c Config) (*Result, error) {
	plan, err := c.plan()
	if err != nil {
		return nil, err
	}
	return s.run(ctx, start, plan, c.Seed)
}

// plan is the numbers of a run: for each level, and for the last step as a level of
// its own, the σ that the model is told and the factors of s and z.
type plan struct {
	sigma, drift, noise []float64 // [levels + 1]
	perLevel, steps     int
}

func (c Config) plan() (plan, error) {
	c = c.orDefault()
	if err := c.Ladder.Check(); err != nil {
		return plan{}, err
	}
	if c.Steps < 1 || !(c.Rate > 0) || math.IsInf(c.Rate, 0) {
		return plan{}, fmt.Errorf("ncsn: Config needs positive Steps and Rate, got %d and %v", c.Steps, c.Rate)
	}
	p := plan{perLevel: c.Steps, steps: c.Steps * len(c.Ladder)}
	for _, sigma := range c.Ladder {
		p.sigma = append(p.sigma, sigma)
		p.drift = append(p.drift, c.Rate*sigma*sigma)
		p.noise = append(p.noise, math.Sqrt(2*c.Rate)*sigma)
	}
	last := c.Ladder[len(c.Ladder)-1]
	p.sigma, p.drift, p.noise = append(p.sigma, last), append(p.drift, last*last), append(p.noise, 0)
	if !c.Raw {
		p.steps++
	}
	return p, nil
}

func (c Config) orDefault() Config {
	if c.Steps == 0 {
		c.Steps = 100
	}
	if c.Rate == 0 {
		c.Rate = 0.1
	}
	return c
}

func (s *Sampler) run(ctx context.Context, start *tensors.Tensor, p plan, seed int64) (*Result, error) {
	dtype := start.DType()
	if dtype != dtypes.Float32 && dtype != dtypes.Float64 || start.Rank() < 2 {
		return nil, fmt.Errorf("ncsn: Run starts from chains [chains, event…] of float32 or float64, got %s", start.Shape())
	}
	constants := loop.Tensors{
		"sigma": vector(p.sigma, dtype), "drift": vector(p.drift, dtype), "noise": vector(p.noise, dtype),
		"steps": tensors.FromScalar(int32(p.perLevel)),
	}
	in := loop.Tensors{"x": start, "key": tensors.FromValue(rng.Key(seed))}
	r, err := s.program.Run(ctx, p.steps, constants, in)
	if err != nil {
		return nil, fmt.Errorf("ncsn: %w", err)
	}
	result := &Result{X: r.State["x"], Steps: r.Steps}
	if s.keeps {
		result.Kept = r.Collected["x"]
	}
	return result, nil
}

// Finalize frees the compiled program.
func (s *Sampler) Finalize() { s.program.Finalize() }

// Start draws the noise that a sampler starts from, N(0, σ₁² I): dims [chains,
// event…] of float32.
func (l Ladder) Start(seed int64, dims ...int) (*tensors.Tensor, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	size := 1
	for _, d := range dims {
		if d < 1 {
			return nil, fmt.Errorf("ncsn: Start: dimensions are positive, got %v", dims)
		}
		size *= d
	}
	x := make([]float32, size)
	for i, z := range rng.NewHost(seed).Normal(size) {
		x[i] = float32(l[0] * z)
	}
	return tensors.FromFlatDataAndDimensions(x, dims...), nil
}

func vector(v []float64, dtype dtypes.DType) *tensors.Tensor {
	if dtype == dtypes.Float64 {
		return tensors.FromValue(v)
	}
	narrow := make([]float32, len(v))
	for i := range v {
		narrow[i] = float32(v[i])
	}
	return tensors.FromValue(narrow)
}
