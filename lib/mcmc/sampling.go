package mcmc

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"gibbs/lib/loop"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"
)

// sampling is a run of Sample.
type sampling struct {
	Sampling
	kernel         Trajectory
	groups         int // of chains that adapt together
	dtype          dtypes.DType
	begin, program *loop.Program
	try            *loop.Program // one leapfrog step, for the first step size
	state          loop.Tensors
	mass           mass
	logStep        []float64 // [groups]
	draws          *Draws
	steps          int // of the program
	transitions    int // that the slowest chain has made
}

func newSampling(ctx context.Context, b compute.Backend, device compute.DeviceNum, key []uint32, kernel Trajectory, c Sampling) (*sampling, error) {
	s := &sampling{Sampling: c, kernel: kernel, dtype: c.Start.DType(), groups: c.Chains}
	if c.Pooled {
		s.groups = 1
	}
	s.mass = unitMass(c.Metric, s.groups, s.Dim)
	same := func(_ *Node, _, state loop.Nodes) loop.Nodes { return state }
	var err error
	for _, p := range []struct {
		program **loop.Program
		loop    loop.Loop
	}{
		{&s.begin, loop.Loop{Init: s.first, Step: same}},
		{&s.try, loop.Loop{Step: s.tryStep}},
		{&s.program, loop.Loop{Step: s.step, While: s.wanting, Collect: collect}},
	} {
		p.loop.Store, p.loop.Device = c.Store, device
		if *p.program, err = loop.Compile(b, p.loop); err != nil {
			return nil, fmt.Errorf("mcmc: %w", err)
		}
	}
	r, err := s.begin.Run(ctx, 0, nil, loop.Tensors{"x": s.Start, "key": tensors.FromValue(key)})
	if err != nil {
		return nil, fmt.Errorf("mcmc: %w", err)
	}
	s.state = r.State
	for i, logP := range numbers(s.state["at.logp"]) {
		if math.IsNaN(logP) {
			return nil, fmt.Errorf("mcmc: Sample: log p is NaN where chain %d begins: look for NaN in the data, and for the logarithm or the root of a negative number", i)
		}
		if math.IsInf(logP, 0) {
			return nil, fmt.Errorf("mcmc: Sample: log p is %g where chain %d begins: it lies outside the law; give another Start", logP, i)
		}
	}
	return s, nil
}

// withDefaults fills the fields that are zero, and says what is wrong in the others.
func (c Sampling) withDefaults(b compute.Backend, kernel Trajectory) (Sampling, error) {
	for _, d := range []struct {
		field *int
		value int
	}{{&c.Chains, 4}, {&c.Warmup, 1000}, {&c.Draws, 1000}, {&c.Devices, 1}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	c.Warmup = max(c.Warmup, 0)
	if _, ok := kernel.(ChEES); ok {
		c.Pooled = true
		c.Accept = cmp.Or(c.Accept, cheesAccept)
	}
	c.Accept = cmp.Or(c.Accept, 0.8)
	if c.Start != nil {
		shape := c.Start.Shape()
		if shape.Rank() != 2 || !shape.DType.IsFloat() {
			return c, fmt.Errorf("mcmc: Sample: Start is %s; want [chains, dim] of float32 or float64", shape)
		}
		c.Chains, c.Dim = shape.Dim(0), shape.Dim(1)
	}
	for name, n := range map[string]int{"Dim": c.Dim, "Chains": c.Chains, "Draws": c.Draws} {
		if n < 1 {
			return c, fmt.Errorf("mcmc: Sample: %s is %d and must be positive", name, n)
		}
	}
	if !(c.Accept > 0 && c.Accept < 1) || c.StepSize < 0 {
		return c, fmt.Errorf("mcmc: Sample: Accept %g must lie between 0 and 1, and StepSize %g not be negative", c.Accept, c.StepSize)
	}
	if c.Devices < 1 || c.Devices > min(b.NumDevices(), c.Chains) {
		return c, fmt.Errorf("mcmc: Sample: Devices %d, with %d chains on a backend of %d devices", c.Devices, c.Chains, b.NumDevices())
	}
	if c.Devices > 1 && c.Store != nil {
		return c, fmt.Errorf("mcmc: Sample: a target that reads a Store runs on one device, not %d", c.Devices)
	}
	if c.Start == nil {
		u := rng.NewHost(c.Seed).Fold(1).Uniform(c.Chains * c.Dim)
		floats.Scale(4, u)
		floats.AddConst(-2, u)
		c.Start = tensors.FromFlatDataAndDimensions(u, c.Chains, c.Dim)
	}
	return c, nil
}

// first makes the state of the program from positions and a key.
func (s *sampling) first(in loop.Nodes) loop.Nodes {
	x := in["x"]
	state := s.kernel.begin(x)
	state["rng"] = rng.FromKey(in["key"]).Lanes(normalLanes(x)).Node()
	group := Zeros(x.Graph(), shapes.Make(x.DType(), s.groups))
	for _, name := range []string{"log step", "log step mean", "h", "updates", "heard", "heard accept"} {
		state[name] = group
	}
	state["step"] = OnesLike(state["at.logp"])
	state["ended"] = ZerosLike(state["n"])
	state["diverged"] = state["done"]
	return state
}

// step makes one leapfrog step of every chain, and adapts the step size to the
// transitions that it ends. A chain's step size changes between its transitions only.
func (s *sampling) step(_ *Node, constants, state loop.Nodes) loop.Nodes {
	size := Add(Exp(state["log step"]), ZerosLike(state["step"])) // [chains]
	size = Where(state["done"], size, state["step"])
	metric := Metric{constants["inverse mass"], constants["root"]}
	stream, next := s.kernel.step(rng.FromNode(state["rng"]), size, metric, state)
	accept := Div(next["accept"], ConvertDType(next["leaves"], size.DType()))
	maps.Copy(next, average(constants, state, next["done"], accept))
	next["step"], next["rng"] = size, stream.Node()
	if k, ok := s.kernel.(adaptive); ok {
		maps.Copy(next, k.adapt(constants, metric, state, next))
	}
	next["ended"] = Add(state["ended"], ConvertDType(next["done"], state["ended"].DType()))
	return next
}

// wanting is true as long as a chain has too few transitions.
func (s *sampling) wanting(constants, state loop.Nodes) *Node {
	return LessThan(ReduceAllMin(state["ended"]), constants["wanted"])
}

// collect keeps what a transition that may have ended leaves.
func collect(_, state loop.Nodes) loop.Nodes {
	kept := loop.Nodes{}
	for _, name := range []string{"at.x", "at.logp", "accept", "energy", "leaves", "depth", "diverged", "done"} {
		kept[name] = state[name]
	}
	return kept
}

// warm adapts in Stan's windows.
func (s *sampling) warm(ctx context.Context) error {
	if err := s.findStep(ctx); err != nil || s.Warmup == 0 {
		return err
	}
	first, slow, last := windows(s.Warmup)
	if s.Metric == UnitMetric || slow == nil {
		return s.stage(ctx, s.Warmup, true)
	}
	for i, window := range slow {
		if i > 0 {
			first = 0
		}
		if err := s.stage(ctx, first+window, true); err != nil {
			return err
		}
		for g := range s.groups {
			var draws [][]float64
			for chain := g; chain < s.Chains; chain += s.groups {
				draws = append(draws, s.draws.X[chain][first:]...)
			}
			if err := s.mass.estimate(g, draws); err != nil {
				return err
			}
		}
		if k, ok := s.kernel.(adaptive); ok && i+1 < len(slow) {
			maps.Copy(s.state, k.restart(s.tensor))
		}
		if err := s.findStep(ctx); err != nil {
			return err
		}
	}
	return s.stage(ctx, last, true)
}

// stage makes transitions until each chain has n, which s.draws then holds. What was
// under way before it is given up.
func (s *sampling) stage(ctx context.Context, n int, adapting bool) error {
	s.draws = s.newDraws()
	made := make([]int, s.Chains)
	mu := make([]float64, s.groups)
	for i, log := range s.logStep {
		mu[i] = log + math.Log(10)
	}
	constants := loop.Tensors{
		"mu": s.tensor(mu), "accept": scalar(s.dtype, s.Accept),
		"adapting": tensors.FromScalar(adapting), "wanted": tensors.FromScalar(int32(n)),
	}
	s.addMetric(constants)
	for _, name := range []string{"h", "updates", "heard", "heard accept", "log step mean"} {
		s.state[name] = s.tensor(make([]float64, s.groups))
	}
	s.state["log step"] = s.tensor(s.logStep)
	s.state["done"] = tensors.FromValue(slices.Repeat([]bool{true}, s.Chains))
	s.state["ended"] = tensors.FromValue(make([]int32, s.Chains))
	for more := true; more; {
		// About 0.2 s, and no more than 8 MiB of draws: a block is made and moved whole.
		block := max(1, min(s.program.BlockSteps(), 1<<20/(s.Chains*(s.Dim+8))))
		r, err := s.program.Run(ctx, block, constants, s.state)
		if r == nil {
			return fmt.Errorf("mcmc: %w", err)
		}
		s.state = r.State
		s.steps += r.Steps
		s.draws.add(r.Collected, made, n)
		if s.Each != nil && !adapting && s.draws.shortest() > 0 {
			var ready *Draws
			ready, s.draws = s.draws.cut(s.draws.shortest())
			if err := s.Each(ready); err != nil {
				return fmt.Errorf("mcmc: %w", err)
			}
		}
		if more = r.Steps == block; err != nil {
			return fmt.Errorf("mcmc: %w", err)
		}
		if s.Progress != nil {
			s.Progress(s.transitions+slices.Min(made), s.Warmup+s.Draws)
		}
	}
	s.transitions += n
	if adapting {
		s.logStep = numbers(s.state["log step mean"])
		if k, ok := s.kernel.(adaptive); ok {
			k.settle(s.state)
		}
	}
	return nil
}

// findStep finds a step size for each group by doubling or halving until one leapfrog
// step from where the chains are crosses the target acceptance.
//
// Source: Hoffman, Gelman, "The No-U-Turn sampler", 2014, algorithm 4. Differs: the
// target for their ½, as Stan does, and the mean over the chains of a group.
func (s *sampling) findStep(ctx context.Context) error {
	if s.logStep == nil {
		s.logStep = make([]float64, s.groups)
		if s.StepSize > 0 {
			floats.AddConst(math.Log(s.StepSize), s.logStep)
		}
	}
	if s.StepSize > 0 && s.transitions == 0 {
		return nil
	}
	constants := loop.Tensors{}
	s.addMetric(constants)
	state := loop.Tensors{}
	for _, name := range []string{"at.x", "at.logp", "at.score", "rng"} {
		state[name] = s.state[name]
	}
	way := make([]float64, s.groups) // +1: doubling, −1: halving, 0: not known yet
	found := make([]bool, s.groups)
	for range 100 {
		state["log step"], state["gain"] = s.tensor(s.logStep), s.state["at.logp"]
		r, err := s.try.Run(ctx, 1, constants, state)
		if err != nil {
			return fmt.Errorf("mcmc: %w", err)
		}
		state["rng"] = r.State["rng"]
		for g, a := range s.acceptance(numbers(r.State["gain"])) {
			if way[g] == 0 {
				way[g] = math.Copysign(1, a-s.Accept)
			} else if way[g]*(a-s.Accept) < 0 {
				found[g] = true
			}
			if !found[g] {
				s.logStep[g] += way[g] * math.Ln2
			}
		}
		if !slices.Contains(found, false) {
			s.state["rng"] = state["rng"]
			return nil
		}
	}
	return fmt.Errorf("mcmc: Sample found no step size between 2⁻¹⁰⁰ and 2¹⁰⁰: is log p flat, or its score wrong?")
}

// acceptance returns the mean of min(1, e^gain) over each group's chains.
func (s *sampling) acceptance(gains []float64) []float64 {
	a := make([]float64, s.groups)
	for i, gain := range gains {
		if !math.IsNaN(gain) {
			a[i%s.groups] += math.Exp(min(gain, 0)) * float64(s.groups) / float64(s.Chains)
		}
	}
	return a
}

// tryStep draws momenta and makes one leapfrog step: the gain is H before less H after.
func (s *sampling) tryStep(_ *Node, constants, state loop.Nodes) loop.Nodes {
	at := getState(state, "at")
	metric := Metric{constants["inverse mass"], constants["root"]}
	stream, z := rng.Normal(rng.FromNode(state["rng"]), at.X.DType(), at.X.Shape().Dimensions...)
	p := metric.Momentum(z)
	size := Add(Exp(state["log step"]), ZerosLike(at.LogP))
	end := Leapfrog.Step(s.kernel.target(), metric, size, Phase{at, p})
	next := maps.Clone(state)
	next["rng"] = stream.Node()
	next["gain"] = Sub(metric.energy(Phase{at, p}), metric.energy(end))
	return next
}

// addMetric adds the metric to constants; the identity needs none.
func (s *sampling) addMetric(constants loop.Tensors) {
	if s.mass.shape == UnitMetric {
		return
	}
	dims := []int{s.groups, s.Dim, s.Dim}
	if s.mass.shape == DiagonalMetric {
		dims = dims[:2]
	}
	constants["inverse mass"] = s.tensor(slices.Concat(s.mass.inverse...), dims...)
	constants["root"] = s.tensor(slices.Concat(s.mass.root...), dims...)
}

// tensor returns v in the dtype of positions, of one axis unless dims say otherwise.
func (s *sampling) tensor(v []float64, dims ...int) *tensors.Tensor {
	if dims == nil {
		dims = []int{len(v)}
	}
	if s.dtype == dtypes.Float64 {
		return tensors.FromFlatDataAndDimensions(slices.Clone(v), dims...)
	}
	narrow := make([]float32, len(v))
	for i, x := range v {
		narrow[i] = float32(x)
	}
	return tensors.FromFlatDataAndDimensions(narrow, dims...)
}

func (s *sampling) finalize() {
	for _, p := range []*loop.Program{s.begin, s.try, s.program} {
		p.Finalize()
	}
}
