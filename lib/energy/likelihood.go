package energy

import (
	"fmt"
	"math"

	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Model is an energy with weights: x [batch, event…] → E_θ(x), [batch]. It may be
// called several times in one graph, with the same scope, for the same weights.
type Model func(scope *model.Scope, x *Node) *Node

// Bind returns the energy with the weights of a scope.
func (m Model) Bind(scope *model.Scope) Energy {
	return Func(func(x *Node) *Node { return m.at(scope, x) })
}

func (m Model) at(scope *model.Scope, x *Node) *Node {
	e := m(scope.ResetVisited(), x)
	if e.Rank() != 1 || e.Shape().Dimensions[0] != x.Shape().Dimensions[0] {
		exceptions.Panicf("energy: the Model of %s returned %s: energies are [batch]", x.Shape(), e.Shape())
	}
	return e
}

// Coercive makes an energy of a network with one output, with a term that keeps Z
// finite whatever a network of bounded growth does.
//
//	E_θ(x) = f_θ(x) + ‖x‖²/(2s²)
//
// network maps x [batch, event…] to [batch, 1]. It panics unless s is positive.
func Coercive(network func(scope *model.Scope, x *Node) *Node, s float64) Model {
	if !(s > 0) {
		exceptions.Panicf("energy: Coercive: the width s must be positive, got %g", s)
	}
	return func(scope *model.Scope, x *Node) *Node {
		f := Reshape(network(scope, x), x.Shape().Dimensions[0])
		return Add(f, MulScalar(sumEvent(Square(x)), 1/(2*s*s)))
	}
}

// PhaseLoss is the surrogate whose gradient is that of the negative log-likelihood,
// as far as the negatives are draws of the model.
//
//	L = E_data[E_θ(x)] − E_neg[E_θ(x⁻)],   ∂L = E_data[∂E_θ] − E_neg[∂E_θ]
//
// Positive phase: the energy of data falls. Negative phase: that of negatives
// rises, where the model has mass; at the optimum both cancel. Nothing is
// differentiated through the negatives. data and negatives are [batch, event…] of
// sizes of their own. L itself is no likelihood.
//
// Source: LeCun et al., "A tutorial on energy-based learning", 2006, section 2.2.4;
// Ackley, Hinton, Sejnowski, "A learning algorithm for Boltzmann machines", 1985.
func PhaseLoss(e Energy, data, negatives *Node) *Node {
	positive, negative := phases(e, data, negatives)
	return Sub(ReduceAllMean(positive), ReduceAllMean(negative))
}

// phases returns the energies of data and of negatives, computed in one batch.
func phases(e Energy, data, negatives *Node) (positive, negative *Node) {
	n := data.Shape().Dimensions[0]
	energies := e.Energy(Concatenate([]*Node{data, StopGradient(negatives)}, 0))
	return Slice(energies, AxisRangeFromStart(n)), Slice(energies, AxisRangeToEnd(n))
}

// Start says where the chains of an update begin.
type Start int

// Where chains begin.
const (
	Persistent Start = iota // where those of the update before ended
	FromNoise               // in N(0, Noise²·I), anew: short runs
	FromData                // at the batch: contrastive divergence
)

// Likelihood trains an energy by maximum likelihood, with negatives from Markov
// chains: its Objective is one for package fit. Every update makes Steps
// transitions of Chains chains at the weights of now, and descends [PhaseLoss].
// All of it stands in the step of the compiled training loop.
//
// The chains are what goes wrong: a biased kernel biases the weights (see
// [ULAPrecision]), chains that do not mix leave modes where the data have none,
// and short runs make a sampler of the network rather than a density.
//
// Source: Tieleman, "Training restricted Boltzmann machines using approximations to
// the likelihood gradient", 2008 (persistent chains); Du, Mordatch, "Implicit
// generation and modeling with energy based models", 2019 (buffer with restarts,
// penalty); Nijkamp et al., "Learning non-convergent non-persistent short-run MCMC
// toward energy-based model", 2019; Hinton, "Training products of experts by
// minimizing contrastive divergence", 2002.
type Likelihood struct {
	Model    Model    // E_θ; required
	Kernel   KernelOf // how negatives move; nil: ULA
	StepSize float64  // η of the kernel; positive
	Steps    int      // transitions of an update; 0 means 20
	Start    Start    // where chains begin
	Chains   int      // 0: as many as the batch has examples; FromData: always
	Noise    float64  // standard deviation of a start from noise; 0 means 1
	Restart  float64  // of persistent chains, the probability to begin anew from noise at an update
	Penalty  float64  // a·(mean E² over data and over negatives) is added to the loss: keeps energies small, and biases the weights
	Seed     int64    // of the persistent chains' first start
}

// Objective builds the loss of one update; batch[0] is data [batch, event…]. The
// persistent chains are the variable "negatives/x", which is not trained: it is
// carried and saved with the weights. It panics on settings out of range.
func (l Likelihood) Objective(scope *model.Scope, s rng.State, batch []*Node) *Node {
	l.check(batch)
	data := batch[0]
	e := l.Model.Bind(scope)
	s, restart := s.Split()
	start, chains := l.start(scope, restart, data)
	negatives := l.negatives(e, s, start)
	if chains != nil {
		chains.SetNodeValue(negatives)
	}
	positive, negative := phases(e, data, negatives)
	loss := Sub(ReduceAllMean(positive), ReduceAllMean(negative))
	if l.Penalty > 0 {
		size := Add(ReduceAllMean(Square(positive)), ReduceAllMean(Square(negative)))
		loss = Add(loss, MulScalar(size, l.Penalty))
	}
	return loss
}

// negatives walks from start, [chains, event…], with fast generators.
func (l Likelihood) negatives(e Energy, s rng.State, start *Node) *Node {
	kernel, steps := l.Kernel, l.Steps
	if kernel == nil {
		kernel = ULA
	}
	if steps == 0 {
		steps = 20
	}
	lanes := s.Lanes(max(64, (start.Shape().Size()+1)/2))
	law := logProber(func(x *Node) *Node { return Neg(e.Energy(x)) })
	_, x := walk(lanes, kernel(law), ConstAs(start, l.StepSize), start, steps)
	return StopGradient(x)
}

// start returns where the chains begin, and the variable that holds them if they
// persist.
func (l Likelihood) start(scope *model.Scope, s rng.State, data *Node) (x *Node, chains *model.Variable) {
	if l.Start == FromData {
		return data, nil
	}
	shape := data.Shape().Clone()
	if l.Chains > 0 {
		shape.Dimensions[0] = l.Chains
	}
	s, fresh := l.noise(s, shape)
	if l.Start == FromNoise {
		return fresh, nil
	}
	begin := scope.In("negatives").WithInitializer(func(g *Graph, shape shapes.Shape) *Node {
		_, x := l.noise(rng.New(g, l.Seed), shape)
		return x
	})
	chains = begin.VariableWithShape("x", shape).SetTrainable(false)
	x = chains.NodeValue(data)
	if l.Restart > 0 {
		_, u := rng.Uniform(s, shape.DType, shape.Dimensions[0])
		x = Where(LessThan(u, ConstAs(u, l.Restart)), fresh, x)
	}
	return x, chains
}

func (l Likelihood) noise(s rng.State, shape shapes.Shape) (rng.State, *Node) {
	sigma := l.Noise
	if sigma == 0 {
		sigma = 1
	}
	s, z := rng.Normal(s, shape.DType, shape.Dimensions...)
	return s, MulScalar(z, sigma)
}

func (l Likelihood) check(batch []*Node) {
	switch {
	case l.Model == nil:
		exceptions.Panicf("energy: Likelihood without a Model")
	case len(batch) == 0:
		exceptions.Panicf("energy: Likelihood: the first tensor of the training data must be the examples; there is none")
	case !(l.StepSize > 0):
		exceptions.Panicf("energy: Likelihood: StepSize must be positive, got %g", l.StepSize)
	case l.Steps < 0 || l.Chains < 0 || l.Noise < 0 || l.Penalty < 0 || !(l.Restart >= 0 && l.Restart <= 1):
		exceptions.Panicf("energy: Likelihood: %s", fmt.Sprintf("Steps %d, Chains %d, Noise %g and Penalty %g must not be negative, and Restart %g is a probability", l.Steps, l.Chains, l.Noise, l.Penalty, l.Restart))
	}
}

// GridLikelihood trains an energy in one or two dimensions by maximum likelihood
// with the exact gradient: the model's mean is a sum over a grid. It is the
// yardstick of every sampler of negatives.
type GridLikelihood struct {
	Model Model // required
	Grid  Grid  // must hold nearly all of the model's mass
}

// Objective builds the negative log-likelihood of batch[0], [batch, dim], in nats:
//
//	L = E_data[E_θ(x)] + log Z(θ)
func (l GridLikelihood) Objective(scope *model.Scope, _ rng.State, batch []*Node) *Node {
	if l.Model == nil || len(batch) == 0 {
		exceptions.Panicf("energy: GridLikelihood needs a Model, and examples as the first tensor of the training data")
	}
	data := batch[0]
	points := ConstTensor(data.Graph(), l.Grid.Tensor(data.DType()))
	positive, grid := phases(l.Model.Bind(scope), data, points)
	return Add(ReduceAllMean(positive), l.Grid.LogZ(grid))
}

// ULAPrecision returns the precision that maximum likelihood gives to the model
// E = θx²/2 of data of the given variance, when the negatives are any number of ULA
// steps of size η from the data: the sampler's bias moves into the weights.
//
//	θ̂ = (1 − √(1 − 2η/v))/η > 1/v
//
// At θ̂ the biased stationary variance 1/(θ̂(1 − ηθ̂/2)) is v, so that data stay as
// they are. For η > v/2 there is no such θ: NaN.
func ULAPrecision(variance, stepSize float64) float64 {
	return (1 - math.Sqrt(1-2*stepSize/variance)) / stepSize
}

// sumEvent sums over all axes but the first: [batch, event…] → [batch].
func sumEvent(x *Node) *Node {
	return ReduceSum(Reshape(x, x.Shape().Dimensions[0], -1), 1)
}
