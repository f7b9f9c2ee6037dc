package mcmc

import (
	"errors"
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Config says how chains run.
type Config struct {
	// Start is where the chains begin: [chains, event…], float32 or float64, the
	// dtype of all that follows. It stays the caller's.
	Start *tensors.Tensor
	// StepSize is η, positive.
	StepSize float64
	// Steps is the number of transitions after BurnIn, at least 1.
	Steps int
	// BurnIn is the number of transitions made first, of which nothing is kept.
	BurnIn int
	// Seed names the random numbers. A run that goes on from the Final of another
	// takes another seed.
	Seed int64
	// Progress is called between blocks of transitions; nil is silent.
	Progress func(done, steps int)

	// The fields below are compiled: a [Sampler] keeps those that it was made with.

	// Keep says what is kept of the Steps; the zero value keeps draws.
	Keep Keep
	// Thin keeps every Thin-th draw; 0 means 1. Moments use every state.
	Thin int
	// Observe makes what is kept from the positions x [chains, event…], such as
	// one coordinate or an indicator; nil means the positions themselves.
	Observe func(x *Node) *Node
	// Schedule returns the step size of transition t, a scalar of Start's dtype
	// that counts from 0 with the burn-in, from StepSize; nil: it is constant.
	Schedule func(t, stepSize *Node) *Node
	// Store holds the variables that a kernel reads, such as the weights of a
	// trained score: net.Bind(Store.RootScope(), network)(x); nil: none.
	Store *model.Store
	// Block is the number of transitions between two returns to Go; 0: chosen for
	// speed; 1 is the plain loop, for comparison. Results do not depend on it.
	Block int
}

// Keep says what a run keeps of its steps, apart from the final positions.
type Keep int

// What to keep. Memory: draws take [kept, chains, event…], moments twice
// [chains, event…], and the last nothing.
const (
	KeepDraws   Keep = iota // every Thin-th state
	KeepMoments             // mean and variance of each chain over its steps
	KeepFinal               // nothing
)

// Result is what chains leave. Tensors are in Start's dtype unless Observe changes it.
type Result struct {
	// Draws is what was observed after every Thin-th step, [kept, chains, event…]
	// with kept = ⌊Steps/Thin⌋; nil unless draws were kept.
	Draws *tensors.Tensor
	// Mean and Variance are those of what was observed, over the Steps of each
	// chain: (1/Steps) Σ x and (1/Steps) Σ (x − Mean)², [chains, event…]; nil
	// unless moments were kept.
	Mean, Variance *tensors.Tensor
	// Final is the last positions [chains, event…].
	Final *tensors.Tensor
	// AcceptRate is the mean acceptance probability of each chain over its Steps;
	// nil for a kernel that rejects nothing.
	AcceptRate []float64
	// Steps is the number of transitions after BurnIn that were made: fewer than
	// asked for only if a context ended the run.
	Steps int
}

// check says what is wrong with what a run needs.
func (c Config) check() error {
	switch {
	case c.Start == nil:
		return errors.New("mcmc: Config.Start is nil: pass the starting points, [chains, event…]")
	case c.Start.Rank() < 1 || c.Start.Size() == 0:
		return fmt.Errorf("mcmc: Config.Start is %s, want [chains, event…] with at least one chain", c.Start.Shape())
	case c.Start.DType() != dtypes.Float32 && c.Start.DType() != dtypes.Float64:
		return fmt.Errorf("mcmc: Config.Start is %s, want float32 or float64", c.Start.Shape())
	case !(c.StepSize > 0) || math.IsInf(c.StepSize, 1):
		return fmt.Errorf("mcmc: Config.StepSize must be positive and finite, got %g", c.StepSize)
	case c.Steps < 1 || c.BurnIn < 0 || c.Steps+c.BurnIn > math.MaxInt32:
		return fmt.Errorf("mcmc: Config: want Steps ≥ 1, BurnIn ≥ 0 and at most 2³¹ in all, got %d and %d", c.Steps, c.BurnIn)
	}
	return nil
}

// checkCompiled says what is wrong with what is compiled.
func (c Config) checkCompiled() error {
	switch {
	case c.Keep < KeepDraws || c.Keep > KeepFinal:
		return fmt.Errorf("mcmc: Config.Keep %d is none of KeepDraws, KeepMoments, KeepFinal", c.Keep)
	case c.Thin < 0 || c.Block < 0:
		return fmt.Errorf("mcmc: Config.Thin and Block must not be negative, got %d and %d", c.Thin, c.Block)
	}
	return nil
}
