package fit

import (
	"context"
	"fmt"
	"maps"
	"time"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/ckpt"
	"gibbs/lib/loop"
	"gibbs/lib/net"
	"gibbs/lib/rng"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/gomlx/gomlx/ml/train/optimizer/cosineschedule"
	"github.com/gomlx/gomlx/support/exceptions"
)

// The streams of a seed: the weights' start draws from 0, 1, …
const (
	stepStream       = -1
	validationStream = -2
)

// run is a training run: its settings, its graph and where it stands.
type run struct {
	backend   compute.Backend
	objective Objective
	config    Config
	constants loop.Tensors  // of the loop: the key of the steps' stream, and the data
	program   *loop.Program // steps
	averages  loop.Tensors  // with EMA: of the weights, by averageName
	watch     *model.Exec   // one validation; nil without Validate
	dir       *ckpt.Dir     // nil: nothing is kept
	result    Result
}

func newRun(b compute.Backend, objective Objective, c Config) (*run, error) {
	if c.LearningRate == 0 {
		c.LearningRate = 1e-3
	}
	if c.Optimizer == nil {
		c.Optimizer = optimizer.Adam().LearningRate(c.LearningRate).Done()
	}
	if c.SaveEvery == 0 {
		c.SaveEvery = 10 * time.Second
	}
	if c.Every == 0 {
		c.Every = max(1, c.Steps/100)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	r := &run{backend: b, objective: objective, config: c}
	r.constants = loop.Tensors{keyName: tensors.FromValue(rng.NewHost(c.Seed).Fold(stepStream).Key())}
	for i, t := range c.Data {
		r.constants[dataName(i)] = t
	}
	return r, nil
}

// check refuses settings that no run could have.
func (c Config) check() error {
	switch {
	case c.Steps <= 0:
		return fmt.Errorf("fit: %d Steps: they must be positive", c.Steps)
	case c.Batch < 0:
		return fmt.Errorf("fit: a Batch of %d: it must not be negative", c.Batch)
	case c.Every < 0:
		return fmt.Errorf("fit: validation Every %d steps: it must not be negative", c.Every)
	case c.LearningRate < 0:
		return fmt.Errorf("fit: a LearningRate of %v: it must not be negative", c.LearningRate)
	case c.Block < 0:
		return fmt.Errorf("fit: a Block of %d steps: it must not be negative", c.Block)
	case !(c.EMA >= 0 && c.EMA < 1):
		return fmt.Errorf("fit: an EMA of %v: a decay is at least 0 and below 1", c.EMA)
	case c.Batch > 0 && len(c.Data) == 0:
		return fmt.Errorf("fit: a Batch of %d of no Data: an objective that draws its own data sets its own size", c.Batch)
	}
	for i, t := range c.Data {
		if t.Rank() == 0 || t.Shape().Dimensions[0] != c.Data[0].Shape().Dimensions[0] {
			return fmt.Errorf("fit: Data[%d] is %s and Data[0] is %s: all need as many examples on their first axis", i, t.Shape(), c.Data[0].Shape())
		}
	}
	return nil
}

// graph builds one step, of number step: the loss, and the update of the weights.
func (r *run) graph(scope *model.Scope, key, step *Node, data []*Node) *Node {
	g := key.Graph()
	scope = scope.WithInitializer(net.Glorot(r.config.Seed))
	scope.Store().SetTraining(g, true)
	draw, noise := rng.FromKey(key).Fold(step).Split()
	loss := r.objective(scope, noise, r.minibatch(draw, data))
	if !loss.IsScalar() || !loss.DType().IsFloat() {
		exceptions.Panicf("fit: the objective returned %s: a loss is a float scalar", loss.Shape())
	}
	if r.config.Cosine {
		cosineschedule.New(scope, g, loss.DType()).LearningRate(r.config.LearningRate).PeriodSteps(r.config.Steps).Done()
	}
	r.config.Optimizer.UpdateGraph(scope, g, loss)
	return ConvertDType(loss, dtypes.Float32)
}

// validation builds Validate: inputs are the key of its stream and the data.
func (r *run) validation(scope *model.Scope, inputs []*Node) *Node {
	value := r.config.Validate(scope, rng.FromKey(inputs[0]), inputs[1:])
	if !value.IsScalar() || !value.DType().IsFloat() {
		exceptions.Panicf("fit: Validate returned %s: it must be a float scalar", value.Shape())
	}
	return ConvertDType(value, dtypes.Float32)
}

// minibatch draws examples with replacement, the same rows of every tensor.
func (r *run) minibatch(s rng.State, data []*Node) []*Node {
	if r.config.Batch == 0 || len(data) == 0 {
		return data
	}
	_, rows := rng.Integers(s, data[0].Shape().Dimensions[0], r.config.Batch, 1)
	batch := make([]*Node, len(data))
	for i, d := range data {
		batch[i] = Gather(d, rows)
	}
	return batch
}

// done counts the steps that are behind the run.
func (r *run) done() int { return len(r.result.Losses) }

// steps runs updates, up to the next look at Validate, and returns their losses.
func (r *run) steps() ([]float32, error) {
	n := min(r.program.BlockSteps(), r.config.Steps-r.done())
	if r.watch != nil {
		n = min(n, r.config.Every-r.done()%r.config.Every)
	}
	state := maps.Clone(r.averages)
	state[lossName] = tensors.FromScalar(float32(0))
	r.constants[startName] = tensors.FromScalar(int64(r.done()))
	result, err := r.program.Run(context.Background(), n, r.constants, state)
	if err != nil {
		return nil, fmt.Errorf("fit: after step %d: %w", r.done(), err)
	}
	delete(result.State, lossName)
	r.averages = result.State
	return tensors.MustCopyFlatData[float32](result.Collected[lossName]), nil
}

// validate looks at Validate when it is due.
func (r *run) validate() error {
	if r.watch == nil || r.done()%r.config.Every != 0 {
		return nil
	}
	inputs := []any{rng.NewHost(r.config.Seed).Fold(validationStream).Key()}
	for _, t := range r.config.Data {
		inputs = append(inputs, t)
	}
	value, err := r.watch.Call1(inputs...)
	if err != nil {
		return fmt.Errorf("fit: validation after step %d: %w", r.done(), err)
	}
	defer value.MustFinalizeAll()
	r.result.Validations = append(r.result.Validations, tensors.ToScalar[float32](value))
	return nil
}

func (r *run) close() {
	if r.program != nil {
		r.program.Finalize()
	}
	if r.watch != nil {
		r.watch.Finalize()
	}
	if r.dir != nil {
		_ = r.dir.Close()
	}
}
