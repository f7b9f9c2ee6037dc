// Package loop repeats a step inside one compiled program.
//
// A [Loop] is made of graph functions over named nodes: where it starts, one
// step, whether to go on, what to keep. [Compile] makes a [Program] of it, and
// [Program.Run] runs any number of steps without compiling again. The state
// stays on the device; the host hears of it between blocks of steps, when
// contexts are checked, progress is told, and what was kept is fetched.
//
// On XLA the steps of a block are one While of the program, and nothing returns
// to Go between two of them. Where that cannot be, Go dispatches the same step
// once for each: on a backend whose While gives wrong results or none (GoMLX's
// pure-Go backend; a probe decides, not a name), and for a step that holds an
// operation that cannot stand inside a While (a sort, another While). The results
// are the same to rounding; [Program.Stepped] says which it is and why.
//
// Cores: XLA's CPU compiler decides for each fused operation of a step whether to
// split it over threads, by the work that it reckons in it; threads meet after every
// operation, and the copies of the state that a While makes seem not to be split. Of a
// Langevin step in the plane, score and normals are split from some hundred chains
// on, the words of the generator only between ten and fifty thousand. So few large
// operations use the cores best. Two runs at once on one client take as long as one
// after the other. Where numbers are few, to call the operations takes longer than they
// do: on the backend of backend.Serial, a block whose operations are all on few numbers
// is one function (backend.Inline).
//
// What a graph function needs from outside goes in as an argument: values that
// do not change as constants, values that do as state, weights through
// Loop.Store. A node of another graph cannot be captured. Numbers that the code
// knows (Const, AddScalar, a density's parameters) are made where they are used
// and need no care.
package loop

import (
	"context"
	"fmt"
	"math"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Nodes are named nodes of one graph.
type Nodes map[string]*Node

// Tensors are named tensors.
type Tensors map[string]*tensors.Tensor

// Loop says what is repeated. Only Step is required.
//
// Its functions build graphs, panic on misuse, and may be called several times
// by one compilation. They must not change the maps that they are given.
type Loop struct {
	// Init makes the state before the first step from the inputs of a run, in a
	// program of its own; nil: the inputs are the state.
	Init func(in Nodes) Nodes

	// Step makes the state after step i from the state before it: the same
	// names, shapes and dtypes. i is an int32 scalar that counts from 0 in every
	// run. Gradients inside work.
	Step func(i *Node, constants, state Nodes) Nodes

	// While says, before each step, whether to make it: a bool scalar; nil:
	// always.
	While func(constants, state Nodes) *Node

	// Collect says what is kept of the state after every Every-th step; nil:
	// nothing. It is computed after every step, so that it is cheap inside a
	// compiled loop only if it is cheap itself.
	Collect func(constants, state Nodes) Nodes
	Every   int // 0 means 1

	// Store holds variables that the functions above read through scopes, as
	// anywhere: net.Bind(Store.RootScope(), network)(x). Variables that Step sets
	// (Variable.SetNodeValue, as optimizers do) are carried from step to step
	// with the state, and the store has their last values after a run. All must
	// exist when a run begins; those without a value are initialised then. nil:
	// no variables.
	Store *model.Store

	// Block is the number of steps between two returns to Go; 0: as many as take
	// about 0.2 s, as measured. With Collect it is also bounded so that what a
	// block keeps fits in 32 MiB. Results do not depend on it.
	Block int

	// Device is where the program runs, less than the backend's NumDevices.
	Device compute.DeviceNum

	// Progress is called after every block; nil is silent.
	Progress func(done, steps int)
}

// Program is a loop on a backend. It compiles once for each set of shapes that
// it is run with. It is not for concurrent use.
type Program struct {
	loop     Loop
	backend  compute.Backend
	programs map[string]*program // by the shapes of constants and inputs
	compiled int
	perStep  float64 // seconds a step, as last measured; 0: not yet
}

// Result is what a run leaves.
type Result struct {
	State     Tensors // after the last step, on the device; the caller's own
	Collected Tensors // [kept, …] each, in host memory; kept = Steps/Every, rounded down
	Steps     int     // steps made: fewer than asked for if While or a context ended the run
}

// Compile makes a program of a loop for a backend. Shapes are known when it first
// runs: errors of the loop's functions come then.
func Compile(b compute.Backend, l Loop) (*Program, error) {
	switch {
	case l.Step == nil:
		return nil, fmt.Errorf("loop: a Loop without Step")
	case l.Every < 0:
		return nil, fmt.Errorf("loop: collecting Every %d steps: it must not be negative", l.Every)
	case l.Block < 0:
		return nil, fmt.Errorf("loop: a Block of %d steps: it must not be negative", l.Block)
	case l.Device < 0 || int(l.Device) >= b.NumDevices():
		return nil, fmt.Errorf("loop: Device %d of a backend that has %d", l.Device, b.NumDevices())
	}
	l.Every = max(l.Every, 1)
	return &Program{loop: l, backend: b, programs: map[string]*program{}}, nil
}

// Run makes up to steps steps from the inputs. Constants and inputs stay the
// caller's; those on the device are not copied.
//
// If ctx ends between two blocks, Run returns what was done so far, with an error
// that wraps ctx's. With any other error the result is nil, and the variables of
// the store have the values of before.
func (p *Program) Run(ctx context.Context, steps int, constants, in Tensors) (*Result, error) {
	if steps < 0 || steps > math.MaxInt32 {
		return nil, fmt.Errorf("loop: %d steps: a run has 0 to 2³¹−1", steps)
	}
	if p.loop.Store != nil {
		if err := p.loop.Store.InitializeVariables(p.backend, nil); err != nil {
			return nil, fmt.Errorf("loop: %w", err)
		}
	}
	prog, err := p.program(constants, in)
	if err != nil {
		return nil, err
	}
	r, err := p.start(prog, steps, constants, in)
	if err != nil {
		return nil, err
	}
	for r.more && r.done < steps {
		if err := ctx.Err(); err != nil {
			result, err2 := r.finish()
			if err2 != nil {
				return nil, err2
			}
			return result, fmt.Errorf("loop: stopped after %d of %d steps: %w", r.done, steps, err)
		}
		if err := r.block(min(p.BlockSteps(), prog.capacity(r.done), steps-r.done)); err != nil {
			return nil, err
		}
		if p.loop.Progress != nil {
			p.loop.Progress(r.done, steps)
		}
	}
	return r.finish()
}

// Compilations counts the programs compiled so far: one for each set of shapes,
// and one more if the loop has Init or While, for what comes before the first
// step.
func (p *Program) Compilations() int { return p.compiled }

// Stepped says why steps are dispatched one by one from Go; nil: they run in
// compiled blocks. It knows after the first run.
func (p *Program) Stepped() error {
	for _, prog := range p.programs {
		if prog.stepped != nil {
			return prog.stepped
		}
	}
	return nil
}

// Finalize frees the compiled programs.
func (p *Program) Finalize() {
	for _, prog := range p.programs {
		prog.finalize()
	}
	clear(p.programs)
}

// Aims of the choice of a block's length.
const (
	blockSeconds = 0.2
	firstBlock   = 16
	growth       = 16
)

// BlockSteps is the number of steps that the next block takes, as far as it is
// not bounded by the end of the run or by what is collected: Loop.Block, or as
// many as take about 0.2 s.
func (p *Program) BlockSteps() int {
	switch {
	case p.loop.Block > 0:
		return p.loop.Block
	case p.perStep == 0:
		return firstBlock
	}
	return int(min(max(blockSeconds/p.perStep, 1), math.MaxInt32))
}
