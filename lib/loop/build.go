package loop

import (
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"

	"gibbs/lib/backend"

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
		err := exceptions.TryCatch[error](func() {
			all := prog.block(block)
			compile := func() error { return block.Compile(all...) }
			if few(outputs) {
				p.compile(func() error { return backend.Inline(p.backend, compile) })
			} else {
				p.compile(compile)
			}
		})
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
	p.compile(func() error { return step.Compile(outputs...) })
}

// fewNumbers is what the results and the multiplications of an operation number at most,
// in a step that gains by being one function: see backend.Inline.
const fewNumbers = 4096

// few reports whether all operations that a step's outputs come from are on few numbers.
// A matrix may be larger where it multiplies a vector.
func few(outputs []*Node) bool {
	seen := map[*Node]bool{}
	var visit func(nodes []*Node) bool
	visit = func(nodes []*Node) bool {
		for _, n := range nodes {
			if seen[n] {
				continue
			}
			seen[n] = true
			if n.Type() != NodeTypeConstant && n.Type() != NodeTypeParameter && work(n) > fewNumbers || !visit(n.Inputs()) {
				return false
			}
		}
		return true
	}
	return visit(outputs)
}

// work is the number of an operation's results, or of a matrix product's multiplications.
func work(n *Node) float64 {
	size := n.Shape().Size()
	if n.Type() != NodeTypeDotGeneral {
		return float64(size)
	}
	a, b := n.Inputs()[0].Shape().Size(), n.Inputs()[1].Shape().Size()
	if a == b*size || b == a*size { // one of them is a vector
		return float64(size)
	}
	return math.Sqrt(float64(a) * float64(b) * float64(size))
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

func (p *Program) compile(compile func() error) {
	p.compiled++
	if err := compile(); err != nil {
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
	p.compile(func() error { return g.Compile(outputs...) })
}

func (prog *program) finalize() {
	for _, g := range []*Graph{prog.before, prog.graph} {
		if g != nil {
			g.Finalize()
		}
	}
}
