package mcmc

import (
	"context"
	"fmt"

	"gibbs/lib/loop"
	"gibbs/lib/rng"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
)

// Run compiles a kernel and runs it once: [Compile], [Sampler.Run].
func Run(ctx context.Context, b compute.Backend, kernel Kernel, c Config) (*Result, error) {
	sampler, err := Compile(b, kernel, c)
	if err != nil {
		return nil, err
	}
	defer sampler.Finalize()
	return sampler.Run(ctx, c)
}

// Sampler is a compiled kernel. Runs of any length, step size and seed share its
// programs; another shape of Start makes new ones. It is not for concurrent use.
type Sampler struct {
	kernel     Kernel
	compiled   Config
	walk, keep *loop.Program // transitions alone; with what is kept (nil for KeepFinal)
	rejects    bool          // does the kernel tell an acceptance probability?
	progress   func(done int)
}

// Compile makes a sampler from a kernel and the fields of c that are compiled; it
// reads no others. What is wrong in the kernel's graph comes as an error of Run.
func Compile(b compute.Backend, kernel Kernel, c Config) (*Sampler, error) {
	if kernel == nil {
		return nil, fmt.Errorf("mcmc: Compile: no kernel")
	}
	if err := c.checkCompiled(); err != nil {
		return nil, err
	}
	s := &Sampler{kernel: kernel, compiled: c}
	walk := loop.Loop{
		Init: s.init, Step: s.step,
		Store: c.Store, Block: c.Block,
		Progress: func(done, _ int) { s.progress(done) },
	}
	keep := walk
	switch c.Keep {
	case KeepDraws:
		keep.Every = c.Thin
		keep.Collect = func(_, state loop.Nodes) loop.Nodes { return loop.Nodes{"draws": s.observe(state["x"])} }
	case KeepMoments:
		keep.Init, keep.Step = s.initMoments, s.stepMoments
	}
	var err error
	if s.walk, err = loop.Compile(b, walk); err == nil && c.Keep != KeepFinal {
		s.keep, err = loop.Compile(b, keep)
	}
	if err != nil {
		return nil, fmt.Errorf("mcmc: %w", err)
	}
	return s, nil
}

// Run runs the chains. If ctx ends first, it returns what was done with an error
// that wraps ctx's.
func (s *Sampler) Run(ctx context.Context, c Config) (*Result, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	keep := s.keep
	if keep == nil {
		keep = s.walk
	}
	start := c.Start
	if c.BurnIn > 0 {
		r, err := s.phase(ctx, s.walk, c, start, 0, c.BurnIn)
		if err != nil {
			return s.result(r, 0), err
		}
		start = r.State["x"]
	}
	r, err := s.phase(ctx, keep, c, start, c.BurnIn, c.Steps)
	if r == nil {
		return nil, err
	}
	return s.result(r, r.Steps), err
}

// phase runs one of the two programs from transition first on. Each phase has its
// own stream, so that burn-in and steps draw what they draw whatever is kept.
func (s *Sampler) phase(ctx context.Context, p *loop.Program, c Config, start *tensors.Tensor, first, steps int) (*loop.Result, error) {
	s.progress = func(done int) {
		if c.Progress != nil {
			c.Progress(first+done, c.BurnIn+c.Steps)
		}
	}
	constants := loop.Tensors{
		"step size": scalar(start.DType(), c.StepSize),
		"first":     tensors.FromScalar(int32(first)),
	}
	in := loop.Tensors{
		"x":     start,
		"key":   tensors.FromValue(rng.Key(c.Seed)),
		"first": tensors.FromScalar(int32(first)),
	}
	r, err := p.Run(ctx, steps, constants, in)
	if err != nil {
		err = fmt.Errorf("mcmc: %w", err)
	}
	return r, err
}

// result turns the end of a loop into that of a run.
func (s *Sampler) result(r *loop.Result, steps int) *Result {
	if r == nil {
		return nil
	}
	result := &Result{Draws: r.Collected["draws"], Mean: r.State["mean"], Variance: r.State["variance"], Final: r.State["x"], Steps: steps}
	if s.rejects && steps > 0 {
		result.AcceptRate = numbers(r.State["accept"])
	}
	return result
}

// Compilations counts the programs compiled so far; see [loop.Program].
func (s *Sampler) Compilations() int {
	n := s.walk.Compilations()
	if s.keep != nil {
		n += s.keep.Compilations()
	}
	return n
}

// Finalize frees the compiled programs.
func (s *Sampler) Finalize() {
	s.walk.Finalize()
	if s.keep != nil {
		s.keep.Finalize()
	}
}

// scalar returns v as a tensor of dtype.
func scalar(dtype dtypes.DType, v float64) *tensors.Tensor {
	if dtype == dtypes.Float32 {
		return tensors.FromScalar(float32(v))
	}
	return tensors.FromScalar(v)
}

// numbers returns a tensor's values as float64.
func numbers(t *tensors.Tensor) []float64 {
	if t.DType() == dtypes.Float64 {
		return tensors.MustCopyFlatData[float64](t)
	}
	var wide []float64
	for _, v := range tensors.MustCopyFlatData[float32](t) {
		wide = append(wide, float64(v))
	}
	return wide
}
