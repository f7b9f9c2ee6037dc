// Package fit trains: an objective and data in, a store of trained weights out.
//
// A step draws its minibatch and its noise from the stream of its number, builds
// the loss, and updates the weights through a GoMLX optimizer, all in the graph.
// On XLA many steps run in one compiled loop (package loop), and Go hears of them
// when a block is done. Because step t depends only on the weights and on (seed,
// t), a run that is stopped, killed or cut off by a power loss continues from its
// last checkpoint and ends in the same bits as a run that was never interrupted,
// on the same backend.
//
// A model or optimizer that cannot stand in a compiled loop (one that sorts, for
// instance) is trained one dispatched step at a time, with a warning by slog.
//
// A run with an Artefact name keeps what it makes under env.Home, keyed by
// everything that made it: the settings, the data, and the graph of the step
// itself. The same call in a later process loads it instead of training; after
// any change, of a number or of the objective's code, it trains anew.
package fit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"syscall"
	"time"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
	"gibbs/lib/rng"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// Objective builds the loss of one step, a scalar. Everything random comes from
// the stream s; batch holds the step's examples, one node for each tensor of
// Config.Data, in its order. Weights live in scope.
type Objective func(scope *model.Scope, s rng.State, batch []*Node) *Node

// Config says how to train. The zero value of every field but Steps is usable.
type Config struct {
	Steps        int                 // optimiser updates; must be positive
	Batch        int                 // examples that a step draws from Data, with replacement; 0: all of them
	Data         []*tensors.Tensor   // [examples, …] each, equally many; none: the objective draws its own
	LearningRate float64             // of the default optimizer; 0 means 1e-3
	Cosine       bool                // let the learning rate fall to 0 as ½(1 + cos(π·step/Steps))
	Optimizer    optimizer.Interface // nil means GoMLX's Adam; another one needs its settings in Key
	EMA          float64             // decay d of the average of the weights in Result.Average, in [0, 1); 0: no average
	Seed         int64               // of the weights' start and of every step's stream
	Block        int                 // steps between two returns to Go, at most; 0: as many as take about 0.2 s. Results do not depend on it

	Validate Objective // a scalar that is watched, not minimised: it sees all of Data, and the same stream every time
	Every    int       // steps between two looks at Validate; 0 means a hundredth of Steps, at least 1

	Artefact  string        // name under which the result is kept; "" keeps nothing
	Key       []any         // what else makes the result; the graph, the data and this Config are in already
	SaveEvery time.Duration // between checkpoints of a long run; 0 means 10 s

	Progress func(step, steps int, loss float64) // called now and then, with the steps done and the last one's loss; nil is silent
}

// Result is a finished training run.
//
// With the decay d = Config.EMA, Average holds of each trainable weight θ, after
// the updates 1 … T that made θ₁ … θ_T,
//
//	(1 − d) Σ_t d^(T−t) θ_t / (1 − d^T)
//
// a mean of the weights after updates: the start θ₀ has no part in it, because
// the sum is divided by what its weights add up to, as in Adam.
type Result struct {
	Store       *model.Store // the trained weights, and the optimizer's state
	Average     *model.Store // with EMA: the averages of the trainable weights, and Store's other variables; else nil
	Losses      []float32    // the loss of every step, before its update
	Validations []float32    // Validate after every Every steps: entry i after (i+1)·Every
	From        int          // the step at which this call began: 0 new, Steps loaded, else resumed
}

// ErrNotFinite says that a loss was NaN or infinite.
var ErrNotFinite = errors.New("fit: the loss is not finite")

// Train trains until Config.Steps or until ctx ends. When ctx ends it saves what
// was done, if the run has an Artefact, and returns an error that wraps ctx's.
//
// It stops at the first loss that is not finite, with ErrNotFinite, and then
// saves nothing: the last checkpoint stays the last good one. Errors of the
// objective's graph come back as errors, not panics.
func Train(ctx context.Context, b compute.Backend, objective Objective, c Config) (*Result, error) {
	r, err := newRun(b, objective, c)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if err := r.restore(); err != nil {
		return nil, err
	}
	if r.result.From == c.Steps {
		return &r.result, r.average()
	}
	if err := r.train(ctx); err != nil {
		return nil, err
	}
	if err := r.save(); err != nil {
		return nil, err
	}
	return &r.result, r.average()
}

// train runs the steps that are left.
func (r *run) train(ctx context.Context) error {
	saved := time.Now()
	for r.done() < r.config.Steps {
		if ctx.Err() != nil {
			return r.stopped(ctx.Err())
		}
		losses, err := r.steps()
		if err != nil {
			return err
		}
		for i, loss := range losses {
			if math.IsNaN(float64(loss)) || math.IsInf(float64(loss), 0) {
				return fmt.Errorf("%w: %v at step %d: lower the learning rate, or look for a division by zero in the objective", ErrNotFinite, loss, r.done()+i+1)
			}
		}
		r.result.Losses = append(r.result.Losses, losses...)
		if err := r.validate(); err != nil {
			return err
		}
		if r.config.Progress != nil {
			r.config.Progress(r.done(), r.config.Steps, float64(losses[len(losses)-1]))
		}
		if time.Since(saved) >= r.config.SaveEvery && r.done() < r.config.Steps {
			if err := r.save(); err != nil {
				return err
			}
			saved = time.Now()
		}
	}
	return nil
}

// stopped saves an interrupted run and says what became of it.
func (r *run) stopped(cause error) error {
	if r.dir == nil {
		return fmt.Errorf("fit: stopped at step %d of %d; nothing is kept, for this run has no Artefact: %w", r.done(), r.config.Steps, cause)
	}
	if err := r.save(); err != nil {
		return errors.Join(err, cause)
	}
	return fmt.Errorf("fit: stopped at step %d of %d and saved: run it again to go on: %w", r.done(), r.config.Steps, cause)
}

// UntilInterrupt returns a context that ends when the user stops a cell or
// presses Ctrl-C, or the process is asked to terminate.
func UntilInterrupt() context.Context {
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	return ctx
}

// MustTrain is Train for notebooks: on the open backend, until Stop. Where Train
// returns an error it prints it and ends the program, without a stack trace.
func MustTrain(objective Objective, c Config) *Result {
	b, err := backend.Open()
	if err == nil {
		var result *Result
		if result, err = Train(UntilInterrupt(), b, objective, c); err == nil {
			return result
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
	return nil
}
