package loop

import (
	"fmt"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// run is a run under way.
type run struct {
	*Program
	prog      *program
	constants []*tensors.Tensor
	variables []value
	state     []value
	collected []*tensors.Tensor // [steps/Every, …] each
	rows      []value           // of a compiled block
	done      int
	more      bool
}

// value is a tensor that a step takes. What the run owns is given to the step,
// which may write over it.
type value struct {
	*tensors.Tensor
	own bool
}

func borrowed(all []*tensors.Tensor) []value {
	values := make([]value, len(all))
	for i, t := range all {
		values[i] = value{t, false}
	}
	return values
}

func owned(all []*tensors.Tensor) []value {
	values := borrowed(all)
	for i := range values {
		values[i].own = true
	}
	return values
}

// valuesOf returns the values of variables, which stay the store's.
func valuesOf(variables []*model.Variable) ([]value, error) {
	values := make([]value, len(variables))
	for k, v := range variables {
		t, err := v.Value()
		if err != nil {
			return nil, fmt.Errorf("loop: variable %s: %w", v.Path(), err)
		}
		values[k] = value{t, false}
	}
	return values, nil
}

// start makes the state before the first step.
func (p *Program) start(prog *program, steps int, constants, in Tensors) (*run, error) {
	r := &run{Program: p, prog: prog, more: true, constants: ordered(prog.constants, constants)}
	var err error
	if r.variables, err = valuesOf(prog.variables); err != nil {
		return nil, err
	}
	inputs := borrowed(ordered(fieldsOf(in), in))
	r.state = inputs
	if prog.before != nil {
		variables, err := valuesOf(prog.beforeUses)
		if err != nil {
			return nil, err
		}
		out, err := r.call(prog.before, borrowed(r.constants), inputs, variables)
		if err != nil {
			return nil, err
		}
		if p.loop.While != nil {
			last := len(out) - 1
			r.more = tensors.ToScalar[bool](out[last])
			out = out[:last]
		}
		if p.loop.Init != nil {
			r.state = owned(out)
		}
	}
	for _, s := range prog.kept.shapes {
		r.collected = append(r.collected, tensors.FromShape(rowsShape(steps/p.loop.Every, s)))
		if prog.stepped == nil {
			r.rows = append(r.rows, value{tensors.FromShape(rowsShape(prog.rows, s)), true})
		}
	}
	return r, nil
}

// call runs a graph on values in the order of its parameters.
func (r *run) call(g *graph.Graph, args ...[]value) (out []*tensors.Tensor, err error) {
	var buffers []compute.Buffer
	var donate []bool
	err = exceptions.TryCatch[error](func() {
		for _, group := range args {
			for _, v := range group {
				get := v.Buffer
				if v.own {
					get = v.DonateBuffer
				}
				buffer, err := get(r.backend, r.loop.Device)
				if err != nil {
					panic(err)
				}
				buffers, donate = append(buffers, buffer), append(donate, v.own)
			}
		}
		out = g.RunWithBuffers(buffers, donate, r.loop.Device)
	})
	if err != nil {
		return nil, fmt.Errorf("loop: after %d steps: %w", r.done, err)
	}
	return out, nil
}

// block makes up to n steps, and measures them.
func (r *run) block(n int) error {
	began, from := time.Now(), r.done
	if r.prog.stepped == nil {
		if err := r.compiledBlock(n); err != nil {
			return err
		}
	} else {
		for end := r.done + n; r.more && r.done < end; {
			if err := r.step(); err != nil {
				return err
			}
		}
	}
	if made := r.done - from; made > 0 {
		// The last block may have been a short one, and the first one slow.
		perStep := time.Since(began).Seconds() / float64(made)
		r.perStep = max(perStep, blockSeconds/float64(growth*made))
	}
	return nil
}

func (r *run) compiledBlock(n int) error {
	from, every := r.done, r.loop.Every
	first := from / every
	head := owned([]*tensors.Tensor{scalar(from), scalar(from + n), scalar(first)})
	out, err := r.call(r.prog.graph, head, borrowed(r.constants), r.state, r.variables, r.rows)
	if err != nil {
		return err
	}
	r.done, r.more = int(tensors.ToScalar[int32](out[0])), tensors.ToScalar[bool](out[1])
	out = r.take(out[2:])
	r.rows = owned(out)
	for k, rows := range out {
		if err := copyRows(r.collected[k], first, rows, r.done/every-first, r.prog.kept.shapes[k]); err != nil {
			return fmt.Errorf("loop: fetching what step %d kept: %w", r.done, err)
		}
	}
	return nil
}

func (r *run) step() error {
	out, err := r.call(r.prog.graph, owned([]*tensors.Tensor{scalar(r.done)}), borrowed(r.constants), r.state, r.variables)
	if err != nil {
		return err
	}
	r.done++
	out = r.take(out)
	if r.loop.While != nil {
		last := len(out) - 1
		r.more = tensors.ToScalar[bool](out[last])
		out = out[:last]
	}
	for k, row := range out {
		if r.done%r.loop.Every == 0 {
			if err := copyRows(r.collected[k], r.done/r.loop.Every-1, row, 1, r.prog.kept.shapes[k]); err != nil {
				return fmt.Errorf("loop: fetching what step %d kept: %w", r.done, err)
			}
		}
		row.MustFinalizeAll()
	}
	return nil
}

// take takes the state and the changed variables from the results of a step, and
// returns the rest.
func (r *run) take(out []*tensors.Tensor) []*tensors.Tensor {
	n := len(r.state)
	r.state, out = owned(out[:n]), out[n:]
	for k, changed := range r.prog.changed {
		if changed {
			r.variables[k], out = value{out[0], true}, out[1:]
		}
	}
	return out
}

// finish gives the store its variables, and the caller the rest.
func (r *run) finish() (*Result, error) {
	for k, v := range r.variables {
		if v.own {
			if err := r.prog.variables[k].SetValue(v.Tensor); err != nil {
				return nil, fmt.Errorf("loop: %w", err)
			}
		}
	}
	result := &Result{State: Tensors{}, Collected: Tensors{}, Steps: r.done}
	for k, name := range r.prog.state.names {
		t := r.state[k].Tensor
		if !r.state[k].own {
			var err error
			if t, err = t.Clone(); err != nil {
				return nil, fmt.Errorf("loop: %w", err)
			}
		}
		result.State[name] = t
	}
	for k, name := range r.prog.kept.names {
		t := r.collected[k]
		if kept := r.done / r.loop.Every; kept < t.Shape().Dimensions[0] {
			short := tensors.FromShape(rowsShape(kept, r.prog.kept.shapes[k]))
			if err := copyRows(short, 0, t, kept, r.prog.kept.shapes[k]); err != nil {
				return nil, fmt.Errorf("loop: %w", err)
			}
			t = short
		}
		result.Collected[name] = t
	}
	return result, nil
}

func scalar(n int) *tensors.Tensor { return tensors.FromScalar(int32(n)) }
