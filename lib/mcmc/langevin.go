package mcmc

import (
	"math"

	"gibbs/lib/loop"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

var (
	_ Kernel = ULA{}
	_ Kernel = MALA{}
)

// ULA is the unadjusted Langevin algorithm: the Euler–Maruyama step of
// dx = M∇ log p dt + √(2T) M^{1/2} dw.
//
//	x ← x + ηM s(x) + √(2ηT) M^{1/2} z,   z ~ N(0, I)
//
// Its stationary law is p^{1/T} up to a bias of O(η); see [ULAVariance]. On a
// Gaussian of variance v it is stable for η < 2v. Nothing is rejected.
//
// Source: Roberts, Tweedie, "Exponential convergence of Langevin distributions and
// their discrete approximations", 1996.
//
// Differs: there the step is h = 2η.
type ULA struct {
	Score          func(x *Node) *Node // s = ∇ log p, shaped like x [chains, event…]
	Temperature    float64             // T; 0 means 1
	Preconditioner *Preconditioner     // M; nil means the identity
}

// Init returns the state at x, which is x alone.
func (k ULA) Init(x *Node) State { return State{X: x} }

// Step makes one transition; see [Kernel].
func (k ULA) Step(s rng.State, stepSize *Node, at State) (rng.State, State, Info) {
	m := move{stepSize, temperature(k.Temperature), k.Preconditioner}
	s, z := rng.Normal(s, at.X.DType(), at.X.Shape().Dimensions...)
	return s, State{X: m.to(at.X, k.Score(at.X), z)}, Info{}
}

// MALA is the Metropolis-adjusted Langevin algorithm: ULA's step is a proposal y,
// accepted with a probability that makes p^{1/T} exactly stationary.
//
//	α = min(1, (p(y)/p(x))^{1/T} · q(x|y)/q(y|x)),   q(·|x) = N(x + ηM s(x), 2ηT M)
//
// A proposal where log p is NaN or −∞ is rejected. LogP and Score of the state are
// those of its X, computed once for each proposal.
//
// Source: Roberts, Tweedie, "Exponential convergence of Langevin distributions and
// their discrete approximations", 1996.
//
// Differs: there the step is h = 2η.
type MALA struct {
	Target         prob.LogProber  // p; its Score is used if it has one
	Temperature    float64         // T; 0 means 1
	Preconditioner *Preconditioner // M; nil means the identity
}

// Init evaluates log p and the score at x.
func (k MALA) Init(x *Node) State {
	logP, score := logProbAndScore(k.Target, x)
	return State{x, logP, score}
}

// Step makes one transition; see [Kernel].
func (k MALA) Step(s rng.State, stepSize *Node, at State) (rng.State, State, Info) {
	s, z := rng.Normal(s, at.X.DType(), at.X.Shape().Dimensions...)
	s, u := rng.Uniform(s, at.X.DType(), at.X.Shape().Dimensions[0])
	proposed, logRatio, _ := k.propose(stepSize, at, z)
	possible := And(IsFinite(proposed.LogP), Not(IsNaN(logRatio)))
	prob := Where(possible, Exp(MinScalar(logRatio, 0)), ZerosLike(logRatio))
	accepted := LessThan(u, prob)
	return s, Select(accepted, proposed, at), Info{prob, accepted}
}

// propose returns the state that the noise z moves to, the logarithm of the ratio
// in α [chains], and the noise that would move back.
func (k MALA) propose(stepSize *Node, at State, z *Node) (proposed State, logRatio, back *Node) {
	m := move{stepSize, temperature(k.Temperature), k.Preconditioner}
	proposed = k.Init(m.to(at.X, at.Score, z))
	back = m.back(at.Score, proposed.Score, z)
	logTarget := DivScalar(Sub(proposed.LogP, at.LogP), m.temperature)
	logProposal := MulScalar(sumEvent(Sub(Square(z), Square(back))), 0.5)
	return proposed, Add(logTarget, logProposal), back
}

// Select returns the states of a where accepted, bool [chains], is true, and of b
// elsewhere. Fields that are nil in both stay nil.
func Select(accepted *Node, a, b State) State {
	pick := func(a, b *Node) *Node {
		if a == nil {
			return nil
		}
		return Where(accepted, a, b)
	}
	return State{pick(a.X, b.X), pick(a.LogP, b.LogP), pick(a.Score, b.Score)}
}

// move is the Langevin step of one size. With M = LLᵀ it reads
//
//	y = x + L(ηLᵀs + √(2ηT) z)
type move struct {
	stepSize       *Node // η, a scalar or [chains]
	temperature    float64
	preconditioner *Preconditioner
}

// to returns y, shaped like x.
func (m move) to(x, score, z *Node) *Node {
	eta, scale := m.scales(x)
	drift := Mul(eta, m.preconditioner.transposed(score))
	return Add(x, m.preconditioner.root(Add(drift, Mul(scale, z))))
}

// scales returns η and √(2ηT) in shapes that broadcast against x.
func (m move) scales(x *Node) (eta, scale *Node) {
	eta, scale = m.stepSize, Sqrt(MulScalar(m.stepSize, 2*m.temperature))
	if !eta.IsScalar() {
		return PerChain(eta, x), PerChain(scale, x)
	}
	spread := loop.Spread(x, eta, scale)
	return spread[0], spread[1]
}

// back returns the noise z′ that moves y back to x, from that which moved x to y.
// Solving x = y + L(ηLᵀs_y + √(2ηT) z′) needs no inverse:
//
//	z′ = −z − √(η/2T) Lᵀ(s_x + s_y)
//
// As both moves have the same covariance, log q(x|y)/q(y|x) = (‖z‖² − ‖z′‖²)/2.
func (m move) back(scoreX, scoreY, z *Node) *Node {
	pull := m.preconditioner.transposed(Add(scoreX, scoreY))
	return Neg(Add(z, Mul(Sqrt(DivScalar(PerChain(m.stepSize, z), 2*m.temperature)), pull)))
}

// temperature returns T with its default.
func temperature(t float64) float64 {
	if t == 0 {
		return 1
	}
	if !(t > 0) || math.IsInf(t, 1) {
		exceptions.Panicf("mcmc: Temperature must be positive and finite, or 0 for 1, got %g", t)
	}
	return t
}
