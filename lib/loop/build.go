package loop

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// program is a loop compiled for one set of shapes.
type program struct {
	loop      *Loop
	constants fields
	state     fields
	kept      fields            // of one step
	variables []*model.Variable // of the store, that a step reads or sets
	changed   []bool            // by Step, one for each variable
	rows      int               // of what is kept in a block; 0: no bound

	before     *Graph            // Init and the first While; nil without them
	beforeUses []*model.Variable // variables that it reads
	graph      *Graph            // a block, or a step
	stepped    error             // why it is a step; nil: a block
}

// program returns the loop compiled for the shapes of its arguments.
func (p *Program) program(constants, in Tensors) (*program, error) {
	for _, set := range []Tensors{constants, in} {
		for name, t := range set {
			if t == nil || !t.Ok() {
				return nil, fmt.Errorf("loop: the argument %q has no value", name)
			}
		}
	}
	c, i := fieldsOf(constants), fieldsOf(in)
	key := c.String() + "| " + i.String()
	if prog := p.programs[key]; prog != nil {
		return prog, nil
	}
	prog := &program{loop: &p.loop, constants: c}
	err := exceptions.TryCatch[error](func() { p.build(prog, i) })
	if err != nil {
		prog.finalize()
		return nil, fmt.Errorf("loop: %w", err)
	}
	p.programs[key] = prog
	return prog, nil
}

// build compiles a program; it panics on errors. The step is first built by
// itself: that finds out its shapes, its variables and the user's errors, and is
// the fallback.
func (p *Program) build(prog *program, in fields) {
	prog.state = in
	if p.loop.Init != nil || p.loop.While != nil {
		p.buildBefore(prog, in)
	}
	step := p.newGraph("step")
	outputs := prog.step(step)
	if len(prog.state.names) == 0 && !slices.Contains(prog.changed, true) {
		exceptions.Panicf("there is no state: give inputs, an Init, or a Store with variables that Step sets")
	}
	if prog.stepped = working(p.backend); prog.stepped == nil {
		block := p.newGraph("block")
		err := exceptions.TryCatch[error](func() { p.compile(block, prog.block(block)) })
		if err == nil {
			step.Finalize()
			prog.graph = block
			return
		}
		block.Finalize()
		prog.stepped = fmt.Errorf("this step cannot run inside a compiled loop: %w", err)
		slog.Warn("loop: steps are dispatched one by one", "reason", firstLine(err))
	}
	prog.rows = 0
	prog.graph = step
	p.compile(step, outputs)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func (p *Program) newGraph(name string) *Graph {
	g := NewGraph(p.backend, "loop:"+name)
	if p.loop.Store != nil {
		model.SetStore(g, p.loop.Store)
	}
	return g
}

func (p *Program) compile(g *Graph, outputs []*Node) {
	p.compiled++
	if err := g.Compile(outputs...); err != nil {
		panic(err)
	}
}

// buildBefore compiles what comes before the first step. It has the parameters
// constants, inputs and variables, and the results state (with Init) and whether
// to go on (with While).
func (p *Program) buildBefore(prog *program, in fields) {
	g := p.newGraph("before")
	prog.before = g
	constants, inputs := parameters(g, prog.constants), parameters(g, in)
	state, outputs := inputs, []*Node(nil)
	if p.loop.Init != nil {
		state = p.loop.Init(inputs)
		prog.state = fieldsOfNodes("Init", state)
		outputs = ordered(prog.state, state)
	}
	if p.loop.While != nil {
		outputs = append(outputs, prog.goOn(constants, state))
	}
	prog.beforeUses = prog.uses(g, len(constants)+len(inputs))
	p.compile(g, outputs)
}

func (prog *program) finalize() {
	for _, g := range []*Graph{prog.before, prog.graph} {
		if g != nil {
			g.Finalize()
		}
	}
}
