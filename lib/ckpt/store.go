package ckpt

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// FromStore returns copies of all variables of a store by their paths: weights,
// the optimiser's state, its step counter and the store's random state. The
// copies lie in host memory, so training may go on while they are saved. A
// variable that has no value yet is an error: run a step first, or
// store.InitializeVariables.
func FromStore(store *model.Store) (map[string]*tensors.Tensor, error) {
	out := make(map[string]*tensors.Tensor, store.NumVariables())
	for v := range store.IterVariables() {
		value, err := v.Value()
		if err != nil {
			return nil, fmt.Errorf("ckpt: variable %s: %w", v.Path(), err)
		}
		if out[v.Path()], err = value.LocalClone(); err != nil {
			return nil, fmt.Errorf("ckpt: variable %s: %w", v.Path(), err)
		}
	}
	return out, nil
}

// IntoStore sets the variables of a store from a snapshot's tensors, by copying.
// Names that do not begin with "/" are no variables and are left alone.
//
// Variables that the store lacks are created; those of floats as trainable, as
// GoMLX's own loader does: optimisers and layers mark their state when they ask
// for it. A variable that the snapshot lacks, or has in another shape or dtype,
// is an error, and then the store is unchanged.
func IntoStore(store *model.Store, from map[string]*tensors.Tensor) error {
	for v := range store.IterVariables() {
		t, ok := from[v.Path()]
		if !ok {
			return fmt.Errorf("ckpt: the store has variable %s %s, the checkpoint has none: it is of another model", v.Path(), v.Shape())
		}
		if !t.Ok() {
			return fmt.Errorf("ckpt: tensor %s has no value", v.Path())
		}
		if !t.Shape().Equal(v.Shape()) {
			return fmt.Errorf("ckpt: variable %s is %s in the store and %s in the checkpoint: it is of another model", v.Path(), v.Shape(), t.Shape())
		}
	}
	for _, path := range slices.Sorted(maps.Keys(from)) {
		if !strings.HasPrefix(path, "/") {
			continue
		}
		if err := setVariable(store, path, from[path]); err != nil {
			return fmt.Errorf("ckpt: variable %s: %w", path, err)
		}
	}
	return nil
}

// setVariable gives a variable a copy of a value, and creates it if need be.
func setVariable(store *model.Store, path string, value *tensors.Tensor) error {
	value, err := value.LocalClone()
	if err != nil {
		return err
	}
	if v := store.GetVariable(path); v != nil {
		return v.SetValue(value)
	}
	v, err := store.CreateVariable(path, value)
	if err != nil {
		return err
	}
	v.SetTrainable(value.DType().IsFloat())
	return nil
}
