package mcmc

import (
	"math"

	"gibbs/lib/loop"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"gonum.org/v1/gonum/stat/distuv"
)

var _ Kernel = Metropolis{}

// Proposal draws where chains at x may go: y from q(·|x), shaped like x
// [chains, event…], and the logarithm of the ratio of proposing back and forth,
//
//	logRatio = log q(x|y) − log q(y|x)   [chains]
//
// or nil where q is symmetric. stepSize is that of [Kernel]. [RandomWalk] and
// [Independence] make some; one of your own forgets its ratio at the price of another
// stationary law.
type Proposal func(s rng.State, stepSize, x *Node) (next rng.State, y, logRatio *Node)

// Metropolis is the Metropolis–Hastings algorithm: a proposal y, accepted with the
// probability that makes p stationary whatever q is.
//
//	α = min(1, p(y)q(x|y) / p(x)q(y|x))
//
// A proposal where log p is NaN or infinite, or whose ratio is NaN, is rejected. It
// costs one log p a step.
//
// Source: Metropolis, Rosenbluth, Rosenbluth, Teller, Teller, "Equation of state
// calculations by fast computing machines", 1953; Hastings, "Monte Carlo sampling
// methods using Markov chains and their applications", 1970, equation (8).
type Metropolis struct {
	Target  prob.LogProber // p
	Propose Proposal       // q; nil: RandomWalk(nil)
}

// Init evaluates log p at x.
func (k Metropolis) Init(x *Node) State { return State{X: x, LogP: k.Target.LogProb(x)} }

// Step makes one transition; see [Kernel].
func (k Metropolis) Step(s rng.State, stepSize *Node, at State) (rng.State, State, Info) {
	propose := k.Propose
	if propose == nil {
		propose = RandomWalk(nil)
	}
	s, y, logRatio := propose(s, stepSize, at.X)
	s, u := rng.Uniform(s, at.X.DType(), at.X.Shape().Dimensions[0])
	proposed := k.Init(y)
	logAlpha := Sub(proposed.LogP, at.LogP)
	if logRatio != nil {
		logAlpha = Add(logAlpha, logRatio)
	}
	possible := And(IsFinite(proposed.LogP), Not(IsNaN(logAlpha)))
	alpha := Where(possible, Exp(MinScalar(logAlpha, 0)), ZerosLike(logAlpha))
	accepted := LessThan(u, alpha)
	return s, Select(accepted, proposed, at), Info{alpha, accepted}
}

// RandomWalk proposes steps around where a chain is, M = LLᵀ giving their shape (nil:
// the identity) and the step size σ their length. It is symmetric.
//
//	y = x + σLz,   z ~ N(0, I)
//
// On a Gaussian of covariance M in d dimensions, σ = 2.38/√d is about the best; see
// [RandomWalkAcceptance].
func RandomWalk(m *Preconditioner) Proposal {
	return func(s rng.State, stepSize, x *Node) (rng.State, *Node, *Node) {
		s, z := rng.Normal(s, x.DType(), x.Shape().Dimensions...)
		sigma := PerChain(stepSize, x)
		if sigma.IsScalar() {
			sigma = loop.Spread(x, sigma, sigma)[0]
		}
		return s, Add(x, m.root(Mul(sigma, z))), nil
	}
}

// Independence proposes draws of a law q, wherever a chain is. The ratio is
// q(x)/q(y): chains get stuck where p is much larger than q, for thousands of steps
// where p/q has no bound. The step size is not read.
func Independence(q interface {
	prob.LogProber
	prob.Sampler
}) Proposal {
	return func(s rng.State, _, x *Node) (rng.State, *Node, *Node) {
		s, y := q.Sample(s, x.DType(), x.Shape().Dimensions[0])
		return s, y, Sub(q.LogProb(x), q.LogProb(y))
	}
}

// RandomWalkAcceptance is the exact mean acceptance probability of a stationary
// random walk of step size σ on N(0, I) in dim dimensions. Given the noise z, log α is
// normal with mean −σ²‖z‖²/2 and variance σ²‖z‖², so
//
//	E[α] = E[2Φ(−σ‖z‖/2)] = 2P(T > σ√dim/2)
//
// with T of Student's t law with dim degrees of freedom; (2/π) arctan(2/σ) on the
// line. It tends to 2Φ(−ℓ/2) for σ = ℓ/√dim: .234 for ℓ = 2.38. It is NaN unless
// dim ≥ 1 and σ ≥ 0.
//
// Source: the limit is that of Roberts, Gelman, Gilks, "Weak convergence and optimal
// scaling of random walk Metropolis algorithms", 1997.
func RandomWalkAcceptance(dim int, sigma float64) float64 {
	if dim < 1 || !(sigma >= 0) {
		return math.NaN()
	}
	if dim == 1 {
		return 2 / math.Pi * math.Atan2(2, sigma)
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(dim)}
	return 2 * t.Survival(sigma*math.Sqrt(float64(dim))/2)
}
