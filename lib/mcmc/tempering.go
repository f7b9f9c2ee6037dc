package mcmc

import (
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

var _ Kernel = Tempering{}

// Tempering is parallel tempering: each chain is a ladder of replicas, one at each β,
// that move on their own and exchange places with their neighbours. Those at low β
// cross between modes, and what they find comes down to the last one.
//
//	p_β(x) ∝ p(x)^β · b(x)^{1−β}
//
// Positions are whole ladders, [chains, replicas, event…]; [Tempering.Cold] is the
// Observe of a [Config] that keeps the last replica, whose law is p for β = 1. A step
// is a transition of every replica and one [Exchange], of the even or the odd
// neighbours by a coin. Info's AcceptProb is the share of the neighbours tried that
// swapped, which wants to be neither near 0 nor near 1 and says how well Betas are
// spaced; Accepted is whether any did.
type Tempering struct {
	Target prob.LogProber
	Base   prob.LogProber // b; nil: 1, which needs the first β > 0
	Betas  []float64      // β of each replica, ascending, the last one 1; at least two
	// Kernel makes the transition of the replicas from their law, which has
	// p_β with a β of its own for each of them, [chains·replicas, event…].
	Kernel func(p prob.LogProber) Kernel
	// Scale multiplies the step size for each replica; nil: by 1. On a Gaussian,
	// 1/√β is right for a random walk and 1/β for a Langevin step.
	Scale []float64
}

// Init returns the state at x, which is x alone.
func (k Tempering) Init(x *Node) State {
	k.check(x)
	return State{X: x}
}

// Step makes one transition; see [Kernel].
func (k Tempering) Step(s rng.State, stepSize *Node, at State) (rng.State, State, Info) {
	k.check(at.X)
	dims := at.X.Shape().Dimensions
	chains, replicas := dims[0], dims[1]
	x := Reshape(at.X, append([]int{chains * replicas}, dims[2:]...)...)
	kernel := k.Kernel(k.law(chains))
	s, next, _ := kernel.Step(s, k.stepSizes(stepSize, x, chains), kernel.Init(x))

	energy := Neg(k.gain(next.X))                  // log p_β = β·gain + what no exchange changes
	s, coin := rng.Integers(s, min(2, replicas-1)) // of two replicas, there are no odd neighbours
	beta := ConstAs(energy, k.Betas)
	s, swap, accepted := Exchange(s, Reshape(coin), beta, Transpose(Reshape(energy, chains, replicas), 0, 1))
	x = Transpose(swap(Transpose(Reshape(next.X, dims...), 0, 1)), 0, 1)

	swapped := ReduceSum(ConvertDType(accepted, x.DType()), 0)
	odd := ConvertDType(Reshape(coin), x.DType()) // the pairs tried: those of even index, or of odd
	tried := Add(Mul(AddScalar(Neg(odd), 1), ConstAs(x, float64(replicas/2))), Mul(odd, ConstAs(x, float64((replicas-1)/2))))
	share := Div(swapped, tried)
	return s, State{X: x}, Info{share, GreaterThan(swapped, ZerosLike(swapped))}
}

// Cold returns the last replica of each ladder: x [chains, replicas, event…] →
// [chains, event…].
func (k Tempering) Cold(x *Node) *Node { return Squeeze(SliceAxis(x, 1, AxisElem(-1)), 1) }

// gain returns log p(x) − log b(x), [n].
func (k Tempering) gain(x *Node) *Node {
	logP := k.Target.LogProb(x)
	if k.Base == nil {
		return logP
	}
	return Sub(logP, k.Base.LogProb(x))
}

// law is that of [chains·replicas, event…]: log b + β·gain.
func (k Tempering) law(chains int) prob.LogProber {
	return logProber(func(x *Node) *Node {
		logP := Mul(k.each(k.Betas, x, chains), k.gain(x))
		if k.Base == nil {
			return logP
		}
		return Add(k.Base.LogProb(x), logP)
	})
}

// stepSizes returns the step size of each replica, [chains·replicas].
func (k Tempering) stepSizes(stepSize, x *Node, chains int) *Node {
	if k.Scale == nil && stepSize.IsScalar() {
		return stepSize
	}
	scale := k.Scale
	for range k.Betas {
		if k.Scale == nil {
			scale = append(scale, 1)
		}
	}
	each := Reshape(k.each(scale, x, chains), chains, len(k.Betas))
	return Reshape(Mul(each, PerChain(stepSize, each)), -1)
}

// each returns numbers of the replicas for every chain, [chains·replicas].
func (k Tempering) each(v []float64, x *Node, chains int) *Node {
	return Reshape(BroadcastToDims(ConstAs(x, [][]float64{v}), chains, len(v)), -1)
}

func (k Tempering) check(x *Node) {
	n := len(k.Betas)
	if x.Rank() < 2 || x.Shape().Dim(1) != n || n < 2 || (k.Scale != nil && len(k.Scale) != n) || k.Kernel == nil {
		exceptions.Panicf("mcmc: Tempering takes x [chains, replicas, event…] with a β (and a Scale) for each of at least 2 replicas, and a Kernel; got x %s, %d and %d",
			x.Shape(), n, len(k.Scale))
	}
	for i := 1; i < n; i++ {
		if !(k.Betas[i-1] < k.Betas[i]) || k.Betas[0] < 0 {
			exceptions.Panicf("mcmc: Tempering: Betas %v must ascend from at least 0", k.Betas)
		}
	}
	if k.Base == nil && k.Betas[0] == 0 {
		exceptions.Panicf("mcmc: Tempering: β = 0 needs a Base: without one its law cannot be normalised")
	}
}

// logProber is a law up to a constant, by its function.
type logProber func(x *Node) *Node

func (f logProber) LogProb(x *Node) *Node { return f(x) }
