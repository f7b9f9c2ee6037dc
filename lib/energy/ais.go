package energy

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gibbs/lib/loop"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// AIS is annealed importance sampling along a path f_β of unnormalised laws, from
// f₀, whose Z is known and which can be drawn from, to the target f₁.
//
//	log w = Σₜ log f_{βₜ}(xₜ₋₁) − log f_{βₜ₋₁}(xₜ₋₁),   xₜ = Step(xₜ₋₁; βₜ),   E[w] = Z₁/Z₀
//
// Walked forward from draws of f₀ it gives a lower bound of log Z₁ in the mean;
// walked back from draws of f₁ (E[w] = Z₀/Z₁) an upper one. [AIS.Run] makes both.
// The walk takes place in one compiled loop.
//
// LogProb and Step are graph functions of chains x [chains, event…] of any dtype
// and a scalar β, of x's dtype if that is a float, else float32.
//
// Source: Neal, "Annealed importance sampling", 2001, equations 3–11; both ways:
// Grosse, Ghahramani, Adams, 2015.
type AIS struct {
	// LogProb is log f_β(x), [chains], with the constants that depend on β. In
	// float32 each log w carries the rounding of as many differences as there are
	// temperatures: about 1e-7·|log f|·√temperatures.
	LogProb func(x, beta *Node) *Node
	// Step makes a transition that leaves f_β unchanged; it need not be reversible.
	// [Transitions] makes one of a Markov kernel.
	Step func(s rng.State, x, beta *Node) (rng.State, *Node)
	// Temperatures is the number of equal steps of β from 0 to 1; 0 means 1000.
	Temperatures int
	// Betas is the whole ladder, ascending from 0 to 1; nil: Temperatures says.
	Betas []float64
	// LogZ0 is log Z₀; 0 where f₀ is normalised.
	LogZ0 float64
	// Seed names the random numbers.
	Seed int64
	// Store holds variables that LogProb and Step read through scopes; nil: none.
	Store *model.Store
}

// Run anneals both ways, from independent exact draws of f₀ and from such draws of
// the target, [chains, event…] each. If those of the target are only nearly exact,
// the upper bound is one only as nearly.
func (a AIS) Run(ctx context.Context, b compute.Backend, start, target *tensors.Tensor) (Bracket, error) {
	p, err := a.Compile(b)
	if err != nil {
		return Bracket{}, err
	}
	defer p.Finalize()
	lower, err := p.Forward(ctx, start, a.LogZ0, a.Seed)
	if err != nil {
		return Bracket{}, err
	}
	upper, err := p.Reverse(ctx, target, a.LogZ0, a.Seed)
	return Bracket{lower, upper}, err
}

// Annealer is a compiled AIS. Runs of other seeds and other values of the store's
// variables compile nothing. It is not for concurrent use.
type Annealer struct {
	ais     AIS
	betas   []float64
	program *loop.Program
}

// Compile makes an annealer, for many runs. LogZ0 and Seed of a are not read.
func (a AIS) Compile(b compute.Backend) (*Annealer, error) {
	if a.LogProb == nil || a.Step == nil {
		return nil, fmt.Errorf("energy: AIS needs LogProb and Step")
	}
	betas, err := a.ladder()
	if err != nil {
		return nil, err
	}
	p := &Annealer{ais: a, betas: betas}
	p.program, err = loop.Compile(b, loop.Loop{Init: p.init, Step: p.step, Store: a.Store})
	if err != nil {
		return nil, fmt.Errorf("energy: AIS: %w", err)
	}
	return p, nil
}

// Forward walks from draws of f₀ to the target and estimates log Z₁, from below in
// the mean. start is [chains, event…]; logZ0 is log Z₀.
func (p *Annealer) Forward(ctx context.Context, start *tensors.Tensor, logZ0 float64, seed int64) (Estimate, error) {
	ratio, err := p.walk(ctx, start, p.betas, rng.NewHost(seed).Fold(0))
	return ratio.plus(logZ0), err
}

// Reverse walks back from draws of the target and estimates log Z₁, from above in
// the mean. target is [chains, event…]; logZ0 is log Z₀.
func (p *Annealer) Reverse(ctx context.Context, target *tensors.Tensor, logZ0 float64, seed int64) (Estimate, error) {
	betas := slices.Clone(p.betas)
	slices.Reverse(betas)
	ratio, err := p.walk(ctx, target, betas, rng.NewHost(seed).Fold(1))
	return ratio.reciprocal().plus(logZ0), err
}

// Finalize frees the compiled programs.
func (p *Annealer) Finalize() { p.program.Finalize() }

// walk estimates log Z at the last β of a ladder less that at its first.
func (p *Annealer) walk(ctx context.Context, x *tensors.Tensor, betas []float64, stream *rng.Host) (Estimate, error) {
	ladder := tensors.FromValue(betas)
	if betaType(x.DType()) == dtypes.Float32 {
		ladder = tensors.FromValue(float32s(betas))
	}
	in := loop.Tensors{"x": x, "key": tensors.FromValue(stream.Key())}
	r, err := p.program.Run(ctx, len(betas)-1, loop.Tensors{"betas": ladder}, in)
	if err != nil {
		return Estimate{}, fmt.Errorf("energy: AIS: %w", err)
	}
	logWeights := tensors.MustCopyFlatData[float64](r.State["log w"])
	for _, l := range logWeights {
		if math.IsNaN(l) || math.IsInf(l, 1) {
			return Estimate{}, fmt.Errorf("energy: AIS: a log-weight is %g: LogProb is not finite along the path", l)
		}
	}
	return Importance(logWeights), nil
}

// init makes the state of the walk.
func (p *Annealer) init(in loop.Nodes) loop.Nodes {
	x := in["x"]
	if x.Rank() == 0 {
		exceptions.Panicf("energy: AIS: draws are [chains, event…], got %s", x.Shape())
	}
	lanes := rng.FromKey(in["key"]).Lanes(max(256, (x.Shape().Size()+1)/2))
	return loop.Nodes{
		"x": x, "rng": lanes.Node(),
		"log w": Zeros(x.Graph(), shapes.Make(dtypes.Float64, x.Shape().Dimensions[0])),
	}
}

// step goes from βᵢ to βᵢ₊₁: first the weight, then the transition.
func (p *Annealer) step(i *Node, constants, state loop.Nodes) loop.Nodes {
	x := state["x"]
	from := Gather(constants["betas"], ExpandAxes(i, 0))
	to := Gather(constants["betas"], ExpandAxes(AddScalar(i, 1), 0))
	gain := Sub(p.logProb(x, to), p.logProb(x, from))
	s, x := p.ais.Step(rng.FromNode(state["rng"]), x, to)
	return loop.Nodes{"x": x, "rng": s.Node(), "log w": Add(state["log w"], ConvertDType(gain, dtypes.Float64))}
}

func (p *Annealer) logProb(x, beta *Node) *Node {
	logP := p.ais.LogProb(x, beta)
	if logP.Rank() != 1 || logP.Shape().Dimensions[0] != x.Shape().Dimensions[0] {
		exceptions.Panicf("energy: AIS: LogProb of %s returned %s: it must be [chains]", x.Shape(), logP.Shape())
	}
	return logP
}

// ladder returns β₀ = 0 < β₁ < … = 1.
func (a AIS) ladder() ([]float64, error) {
	if a.Betas == nil {
		n := a.Temperatures
		if n == 0 {
			n = 1000
		}
		if n < 0 {
			return nil, fmt.Errorf("energy: AIS with %d Temperatures: want at least 1, or 0 for 1000", n)
		}
		betas := make([]float64, n+1)
		for i := range betas {
			betas[i] = float64(i) / float64(n)
		}
		return betas, nil
	}
	n := len(a.Betas)
	if n < 2 || a.Betas[0] != 0 || a.Betas[n-1] != 1 || !slices.IsSorted(a.Betas) {
		return nil, fmt.Errorf("energy: AIS with Betas %v: want an ascending ladder from 0 to 1", a.Betas)
	}
	return a.Betas, nil
}

// betaType is the dtype of β beside x.
func betaType(x dtypes.DType) dtypes.DType {
	if x == dtypes.Float64 {
		return x
	}
	return dtypes.Float32
}

func float32s(v []float64) []float32 {
	narrow := make([]float32, len(v))
	for i, x := range v {
		narrow[i] = float32(x)
	}
	return narrow
}

// mustBeWeights returns the largest of log-weights.
func mustBeWeights(logWeights []float64) float64 {
	if len(logWeights) == 0 {
		exceptions.Panicf("energy: Importance without draws")
	}
	top := math.Inf(-1)
	for i, l := range logWeights {
		if math.IsNaN(l) || math.IsInf(l, 1) {
			exceptions.Panicf("energy: Importance: log-weight %d is %g", i, l)
		}
		top = max(top, l)
	}
	return top
}
