package rbm

import (
	"context"
	"fmt"
	"slices"

	"gibbs/lib/fit"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/ml/model"
	"gonum.org/v1/gonum/mat"
)

// Negatives say which states stand for the model in the gradient.
type Negatives int

const (
	// PCD keeps chains from update to update (persistent contrastive divergence).
	// They follow the model as long as it moves more slowly than they mix.
	//
	// Source: Tieleman, "Training restricted Boltzmann machines using approximations
	// to the likelihood gradient", 2008; Younes, 1989.
	PCD Negatives = iota
	// CD starts chains at the examples of each batch (contrastive divergence). It is
	// biased; [Transition.CD] says by how much.
	//
	// Source: Hinton, "Training products of experts by minimizing contrastive
	// divergence", 2002.
	CD
	// FastPCD is PCD whose chains see parameters with a second, fast part that learns
	// at the same rate and decays by 0.95 an update: it pushes chains away from where
	// they have been.
	//
	// Source: Tieleman, Hinton, "Using fast weights to improve persistent contrastive
	// divergence", 2009.
	FastPCD
	// Tempering keeps chains at every β of Betas, which exchange their states.
	//
	// Source: Cho, Raiko, Ilin, "Parallel tempering is efficient for learning
	// restricted Boltzmann machines", 2010.
	Tempering
	// Exact sums over the smaller layer, of at most 16 discrete units, in each update.
	// The loss is then the negative log-likelihood.
	Exact
)

// Learner trains a machine by the gradient of the log-likelihood, the model's part of
// it estimated by chains.
//
//	∂/∂θ = −⟨∂F/∂θ⟩_data + ⟨∂F/∂θ⟩_negatives
//
// It is an objective of package fit: mean F(data) − mean F(negatives), negatives held
// constant. That loss has the right gradient; its value is no measure of the model.
// Chains, velocities and random state live in the store, so that runs stop, resume and
// are kept as those of fit are.
//
// The zero value of every field but Hidden is usable.
type Learner struct {
	VisibleUnits, HiddenUnits Units

	Hidden int // hidden units; must be positive

	Negatives Negatives
	Sweeps    int       // of the chains in each update, k of CD-k; 0 means 1. The graph holds each of them
	Chains    int       // persistent chains; 0: as many as a batch has examples
	Betas     []float64 // for Tempering: ascending, the last one 1; nil means 0, 0.1, …, 1

	Momentum    float64 // of the updates, in [0, 1)
	WeightDecay float64 // λ of the penalty ½λ‖W‖²; biases have none
	// Centre takes the gradient of units less their running means over the data, which
	// makes it independent of whether a unit's states are called 0 and 1 or 1 and 0.
	//
	// Source: Montavon, Müller, 2012; Melchior, Fischer, Wiskott, "How to center deep
	// Boltzmann machines", 2016, Algorithm 1.
	Centre bool

	Std  float64   // of the couplings' start, N(0, Std²); 0 means 0.01
	Bias []float64 // the visible biases' start; nil means 0. [LogOdds] is a good one

	// Snapshots is how many states of the machine are kept, at equal distances up to
	// the last update; 0: none.
	Snapshots int
}

// Trained is what training leaves.
type Trained struct {
	*RBM                // after the last update
	Fit     *fit.Result // losses, and the store with all variables
	History []*RBM      // Snapshots: entry i after (i+1)·Steps/Snapshots updates
	Chains  *mat.Dense  // visible states of the persistent chains, [chains, visible]; nil for CD and Exact
}

// Train trains as fit.Train does: c.Data is one tensor of visible states [examples,
// visible], float32 or float64; values between 0 and 1 serve Bernoulli units as
// probabilities. c.Steps updates of batches of c.Batch examples, drawn with
// replacement, at the rate c.LearningRate, which c.Cosine lowers. c.Optimizer must be
// nil.
func (l Learner) Train(ctx context.Context, b compute.Backend, c fit.Config) (*Trained, error) {
	t, err := l.trainer(&c)
	if err != nil {
		return nil, err
	}
	r, err := fit.Train(ctx, b, t.objective, c)
	if err != nil {
		return nil, err
	}
	return t.trained(r)
}

// MustTrain is Train for notebooks; see fit.MustTrain. It panics on settings that
// cannot be.
func (l Learner) MustTrain(c fit.Config) *Trained {
	t, err := l.trainer(&c)
	if err != nil {
		panic(err)
	}
	trained, err := t.trained(fit.MustTrain(t.objective, c))
	if err != nil {
		panic(err)
	}
	return trained
}

// trainer checks the settings and makes the trainer the optimizer of c.
func (l Learner) trainer(c *fit.Config) (*trainer, error) {
	switch {
	case l.Hidden < 1:
		return nil, fmt.Errorf("rbm: %d Hidden units: there must be some", l.Hidden)
	case l.Sweeps < 0 || l.Chains < 0 || l.Snapshots < 0:
		return nil, fmt.Errorf("rbm: Sweeps, Chains and Snapshots must not be negative")
	case !(l.Momentum >= 0 && l.Momentum < 1) || l.WeightDecay < 0:
		return nil, fmt.Errorf("rbm: a Momentum of %g and a WeightDecay of %g: the one is in [0, 1), the other not negative", l.Momentum, l.WeightDecay)
	case c.Optimizer != nil:
		return nil, fmt.Errorf("rbm: the learner is its own optimizer: leave Optimizer nil")
	case len(c.Data) != 1 || c.Data[0].Rank() != 2:
		return nil, fmt.Errorf("rbm: Data must be one tensor of visible states [examples, visible]")
	case l.Bias != nil && len(l.Bias) != c.Data[0].Shape().Dimensions[1]:
		return nil, fmt.Errorf("rbm: %d biases for %d visible units", len(l.Bias), c.Data[0].Shape().Dimensions[1])
	case l.Snapshots > c.Steps:
		return nil, fmt.Errorf("rbm: %d Snapshots of %d steps", l.Snapshots, c.Steps)
	}
	if l.Sweeps == 0 {
		l.Sweeps = 1
	}
	if len(l.Betas) == 0 {
		for i := range 11 {
			l.Betas = append(l.Betas, float64(i)/10)
		}
	}
	if l.Std == 0 {
		l.Std = 0.01
	}
	if !slices.IsSorted(l.Betas) || l.Betas[len(l.Betas)-1] != 1 {
		return nil, fmt.Errorf("rbm: Betas %v: they must ascend to 1", l.Betas)
	}
	t := &trainer{Learner: l, visible: c.Data[0].Shape().Dimensions[1], seed: c.Seed, steps: c.Steps, rate: c.LearningRate}
	if t.rate == 0 {
		t.rate = 1e-3
	}
	c.Optimizer = t
	return t, nil
}

// trainer is a learner with what it knows of its data and its run.
type trainer struct {
	Learner
	visible int
	seed    int64
	steps   int
	rate    float64
}

// objective is the loss of a step.
func (t *trainer) objective(scope *model.Scope, _ rng.State, batch []*Node) *Node {
	data := batch[0]
	m := t.model(scope, data)
	if t.Negatives == Exact {
		input := m.HiddenInput(data)
		t.followMeans(scope, data, input)
		return Add(ReduceAllMean(m.freeEnergy(data, input)), m.LogZ())
	}
	p := t.phase(scope, m, data)
	negatives := StopGradient(p.negatives())
	examples := data.Shape().Dimensions[0]
	both := Concatenate([]*Node{data, negatives}, 0)
	input := m.HiddenInput(both)
	t.followMeans(scope, data, Slice(input, AxisRange(0, examples)))
	p.keep(StopGradient(Slice(input, AxisRange(examples))))
	e := m.energy(both, input)
	return Sub(ReduceAllMean(Slice(e, AxisRange(0, examples))), ReduceAllMean(Slice(e, AxisRange(examples))))
}

// model returns the machine's variables.
func (t *trainer) model(scope *model.Scope, data *Node) Model {
	g, dtype := data.Graph(), data.DType()
	parameter := func(name string, start func(g *Graph) *Node, dims ...int) *Node {
		initial := func(g *Graph, shape shapes.Shape) *Node { return ConvertDType(start(g), dtype) }
		return scope.WithInitializer(initial).VariableWithShape(name, shapes.Make(dtype, dims...)).NodeValue(g)
	}
	visible := func(g *Graph) *Node {
		if t.Bias == nil {
			return Zeros(g, shapes.Make(dtype, t.visible))
		}
		return Const(g, t.Bias)
	}
	return Model{
		VisibleUnits: t.VisibleUnits, HiddenUnits: t.HiddenUnits,
		W: Transpose(parameter(nameW, func(g *Graph) *Node {
			_, z := rng.Normal(rng.New(g, t.seed).FoldInt(0), dtype, t.Hidden, t.visible)
			return MulScalar(z, t.Std)
		}, t.Hidden, t.visible), 0, 1),
		B: parameter(nameB, visible, t.visible),
		C: parameter(nameC, func(g *Graph) *Node { return Zeros(g, shapes.Make(dtype, t.Hidden)) }, t.Hidden),
	}
}

// trained takes the machine, its history and its chains from the store.
func (t *trainer) trained(r *fit.Result) (*Trained, error) {
	m, err := FromStore(r.Store, t.VisibleUnits, t.HiddenUnits)
	if err != nil {
		return nil, err
	}
	trained := &Trained{RBM: m, Fit: r}
	for i := range t.Snapshots {
		past := &RBM{VisibleUnits: t.VisibleUnits, HiddenUnits: t.HiddenUnits}
		past.W = transposed(t.Hidden, t.visible, t.snapshot(r.Store, nameW, i))
		past.B, past.C = t.snapshot(r.Store, nameB, i), t.snapshot(r.Store, nameC, i)
		trained.History = append(trained.History, past)
	}
	if v := r.Store.RootScope().GetVariable(nameChains); v != nil {
		trained.Chains = t.fantasies(m, numbers(v.MustValue()))
	}
	return trained, nil
}

// snapshot returns a parameter of snapshot i.
func (t *trainer) snapshot(store *model.Store, name string, i int) []float64 {
	all := numbers(store.RootScope().GetVariable(ofHistory + name).MustValue())
	n := len(all) / t.Snapshots
	return append([]float64(nil), all[i*n:(i+1)*n]...)
}

// Clear implements optimizer.Interface; there is nothing to clear.
func (t *trainer) Clear(*model.Scope) error { return nil }
