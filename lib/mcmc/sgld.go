package mcmc

import (
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/support/exceptions"
)

var _ Kernel = SGLD{}

// SGLD is stochastic gradient Langevin dynamics: ULA on a posterior p(x) ∝ prior(x)
// Πᵢ p(yᵢ|x), whose score is estimated from a minibatch drawn in each step, anew
// for each chain.
//
//	ŝ(x) = ∇ log prior(x) + (N/n) Σ_{i ∈ batch} ∇ log p(yᵢ|x)
//	x ← x + ηM ŝ(x) + √(2ηT) M^{1/2} z
//
// The batch's noise adds a variance of η² Var ŝ a step to ULA's bias: it vanishes
// against 2ηT as η → 0; see [PolynomialDecay]. It panics on missing fields.
//
// Source: Welling, Teh, "Bayesian learning via stochastic gradient Langevin
// dynamics", 2011, equation (4).
//
// Differs: there the step is ε = 2η, and batches have no repeats; here their
// examples are drawn independently (with replacement), which is unbiased too and
// has (N−1)/(N−n) times the variance.
type SGLD struct {
	// Prior is ∇ log prior, shaped like x [chains, event…]; nil means a flat prior.
	Prior func(x *Node) *Node
	// Likelihood is Σ ∇ₓ log p(y|x) over a batch [chains, BatchSize, example…],
	// shaped like x.
	Likelihood func(x, batch *Node) *Node
	// Data is [N, example…], a constant of the graph.
	Data *tensors.Tensor
	// BatchSize is n.
	BatchSize int
	// Temperature is T; 0 means 1.
	Temperature float64
	// Preconditioner is M; nil means the identity.
	Preconditioner *Preconditioner
}

// Init returns the state at x, which is x alone.
func (k SGLD) Init(x *Node) State { return State{X: x} }

// Step makes one transition; see [Kernel].
func (k SGLD) Step(s rng.State, stepSize *Node, at State) (rng.State, State, Info) {
	if k.Likelihood == nil || k.Data == nil || k.BatchSize < 1 {
		exceptions.Panicf("mcmc: SGLD needs Likelihood, Data and a positive BatchSize")
	}
	var score *Node
	s, score = k.estimate(s, at.X)
	ula := ULA{func(*Node) *Node { return score }, k.Temperature, k.Preconditioner}
	return ula.Step(s, stepSize, at)
}

// estimate returns ŝ(x).
func (k SGLD) estimate(s rng.State, x *Node) (rng.State, *Node) {
	n, chains := k.Data.Shape().Dimensions[0], x.Shape().Dimensions[0]
	s, rows := rng.Integers(s, n, chains, k.BatchSize)
	data := ConvertDType(ConstCachedTensor(x.Graph(), k.Data), x.DType())
	batch := Gather(data, ExpandAxes(rows, -1)) // [chains, BatchSize, example…]
	score := MulScalar(k.Likelihood(x, batch), float64(n)/float64(k.BatchSize))
	if k.Prior != nil {
		score = Add(score, k.Prior(x))
	}
	return s, score
}

// PolynomialDecay is the step size of Welling and Teh, η_t = η(b + t)^−γ, for the
// Schedule of a [Config]; η is its StepSize. Averages converge to the posterior's
// for ½ < γ ≤ 1. b must be positive.
//
// Source: Welling, Teh, 2011, below equation (2).
func PolynomialDecay(b, gamma float64) func(t, stepSize *Node) *Node {
	return func(t, stepSize *Node) *Node {
		if !(b > 0) {
			exceptions.Panicf("mcmc: PolynomialDecay: b must be positive, got %g", b)
		}
		return Mul(stepSize, PowScalar(AddScalar(t, b), -gamma))
	}
}

// lanes counts the words of the batches, too; see Sampler.lanes.
func (k SGLD) lanes(x *Node) int {
	return max(normalLanes(x), x.Shape().Dimensions[0]*k.BatchSize/2)
}
