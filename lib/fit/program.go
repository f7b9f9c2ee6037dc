package fit

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/loop"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Names of the loop's constants and state.
const (
	keyName   = "key"   // of the steps' stream
	startName = "start" // the number of the loop's step 0
	lossName  = "loss"  // of the last step
)

func dataName(i int) string { return "data " + strconv.Itoa(i) }

// averageName names the average of a variable, in the loop and in checkpoints.
func averageName(v *model.Variable) string { return averagePrefix + v.Path() }

const averagePrefix = "average"

// compile makes the program of the steps, and the store's variables.
func (r *run) compile() error {
	store := model.NewStore()
	r.result.Store = store
	g, err := r.trace(store)
	if err != nil {
		return err
	}
	g.Finalize()
	if err := store.InitializeVariables(r.backend, nil); err != nil {
		return fmt.Errorf("fit: the weights' start: %w", err)
	}
	r.averages = loop.Tensors{}
	for _, v := range r.averaged() {
		r.averages[averageName(v)] = tensors.FromShape(v.Shape())
	}
	r.program, err = loop.Compile(r.backend, loop.Loop{
		Store: store,
		Block: r.config.Block,
		Step:  r.step,
		Collect: func(_, state loop.Nodes) loop.Nodes {
			return loop.Nodes{lossName: state[lossName]}
		},
	})
	if err != nil {
		return fmt.Errorf("fit: %w", err)
	}
	if r.config.Validate == nil {
		return nil
	}
	r.watch, err = model.NewExec(r.backend, store, func(scope *model.Scope, inputs []*Node) *Node {
		return r.validation(scope, inputs)
	})
	if err != nil {
		return fmt.Errorf("fit: %w", err)
	}
	return nil
}

// step is the loop's step.
func (r *run) step(i *Node, constants, state loop.Nodes) loop.Nodes {
	data := make([]*Node, len(r.config.Data))
	for k := range data {
		data[k] = constants[dataName(k)]
	}
	number := Add(constants[startName], ConvertDType(i, dtypes.Int64))
	next := loop.Nodes{lossName: r.graph(r.result.Store.RootScope(), constants[keyName], number, data)}
	if d := r.config.EMA; d > 0 {
		// m ← m + (1 − d)/(1 − dᵗ)·(θ − m) after update t keeps the mean divided by
		// its weights' sum at all times: m₁ = θ₁.
		t := AddScalar(ConvertDType(number, dtypes.Float64), 1)
		rate := MulScalar(Reciprocal(Expm1(MulScalar(t, math.Log(d)))), d-1)
		for _, v := range r.averaged() {
			m := state[averageName(v)]
			next[averageName(v)] = Add(m, Mul(ConvertDType(rate, m.DType()), Sub(v.NodeValue(i), m)))
		}
	}
	return next
}

// averaged returns the variables that are averaged.
func (r *run) averaged() []*model.Variable {
	var variables []*model.Variable
	if r.config.EMA > 0 {
		for v := range r.result.Store.IterVariables() {
			if v.Trainable {
				variables = append(variables, v)
			}
		}
	}
	return variables
}

// average makes Result.Average.
func (r *run) average() error {
	if r.config.EMA == 0 {
		return nil
	}
	var err error
	if r.result.Average, err = r.result.Store.Clone(); err != nil {
		return fmt.Errorf("fit: %w", err)
	}
	for name, value := range r.averages {
		v := r.result.Average.GetVariable(strings.TrimPrefix(name, averagePrefix))
		if err := v.SetValue(value); err != nil {
			return fmt.Errorf("fit: the average of %s: %w", v.Path(), err)
		}
	}
	return nil
}

// trace builds a step in a graph that is not compiled, which makes the variables
// of a store.
func (r *run) trace(store *model.Store) (*Graph, error) {
	g := NewGraph(r.backend, "fit:trace")
	err := exceptions.TryCatch[error](func() {
		model.SetStore(g, store)
		key := Parameter(g, keyName, r.constants[keyName].Shape())
		number := Parameter(g, startName, shapes.Make(dtypes.Int64))
		data := make([]*Node, len(r.config.Data))
		for i, t := range r.config.Data {
			data[i] = Parameter(g, dataName(i), t.Shape())
		}
		r.graph(store.RootScope(), key, number, data)
	})
	if err != nil {
		g.Finalize()
		return nil, fmt.Errorf("fit: building the step: %w", err)
	}
	return g, nil
}
