package loop

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// program is a loop compiled for one set of shapes.
type program struct {
	loop      *Loop
	constants fields
	state     fields
	kept      fields            // of one step
	variables []*model.Variable // of the store, in its order
	changed   []bool            // by Step, one for each variable
	rows      int               // of what is kept in a block; 0: no bound

	before  *Graph // Init and the first While; nil without them
	graph   *Graph // a block, or a step
	stepped error  // why it is a step; nil: a block
}

// fields are the names of a set of tensors, sorted, and their shapes.
type fields struct {
	names  []string
	shapes []shapes.Shape
}

func fieldsOf[T interface{ Shape() shapes.Shape }](m map[string]T) fields {
	f := fields{names: slices.Sorted(maps.Keys(m))}
	for _, name := range f.names {
		f.shapes = append(f.shapes, m[name].Shape())
	}
	return f
}

// fieldsOfNodes is fieldsOf for what a function of the user returned.
func fieldsOfNodes(function string, m Nodes) fields {
	for name, n := range m {
		if n == nil {
			exceptions.Panicf("%s returned no node %q", function, name)
		}
	}
	return fieldsOf(m)
}

func (f fields) String() string {
	var s strings.Builder
	for i, name := range f.names {
		fmt.Fprintf(&s, "%q %s; ", name, f.shapes[i])
	}
	return s.String()
}

// nodes gives the names to nodes in their order, and ordered takes them back.
func (f fields) nodes(values []*Node) Nodes {
	n := Nodes{}
	for i, name := range f.names {
		n[name] = values[i]
	}
	return n
}

func ordered[T any](f fields, m map[string]T) []T {
	values := make([]T, len(f.names))
	for i, name := range f.names {
		values[i] = m[name]
	}
	return values
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
// itself: that finds out its shapes and the user's errors, and is the fallback.
func (p *Program) build(prog *program, in fields) {
	if p.loop.Store != nil {
		if err := p.loop.Store.InitializeVariables(p.backend, nil); err != nil {
			panic(err)
		}
		prog.variables = slices.Collect(p.loop.Store.IterVariables())
	}
	prog.state = in
	if p.loop.Init != nil || p.loop.While != nil {
		p.buildBefore(prog, in)
	}
	if len(prog.state.names)+len(prog.variables) == 0 {
		exceptions.Panicf("there is no state: give inputs, or an Init")
	}
	step := p.newGraph("step")
	outputs := prog.step(step)
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
	prog.read(g)
	state, outputs := inputs, []*Node(nil)
	if p.loop.Init != nil {
		state = p.loop.Init(inputs)
		prog.state = fieldsOfNodes("Init", state)
		outputs = ordered(prog.state, state)
	}
	if p.loop.While != nil {
		outputs = append(outputs, prog.goOn(constants, state))
	}
	prog.check()
	p.compile(g, outputs)
}

// step builds one step. It has the parameters i, constants, variables and state,
// and the results state, changed variables, what is kept, and whether to go on
// (with While).
func (prog *program) step(g *Graph) []*Node {
	i := Parameter(g, "i", shapes.Make(dtypes.Int32))
	constants := parameters(g, prog.constants)
	before := prog.read(g)
	state := parameters(g, prog.state)
	next, kept, more := prog.once(i, constants, state)
	prog.kept = fieldsOfNodes("Collect", kept)
	prog.rows = rowsOf(prog.loop, prog.kept)
	outputs := ordered(prog.state, next)
	prog.changed = make([]bool, len(before))
	for k, v := range prog.variables {
		if after := v.NodeValue(g); after != before[k] {
			prog.changed[k] = true
			outputs = append(outputs, after)
		}
	}
	if n := g.NumParameters(); n != 1+len(prog.constants.names)+len(before)+len(state) {
		name := g.GetParameterByHandle(ParameterHandle(n - 1)).GetParameterName()
		exceptions.Panicf("the loop reads %q, which is no argument of it: give the variables that it reads as Loop.Store", name)
	}
	outputs = append(outputs, ordered(prog.kept, kept)...)
	if more != nil {
		outputs = append(outputs, more)
	}
	return outputs
}

// block builds a While over steps. It has the parameters i (where it begins), end,
// first (the row of what is kept that is row 0 of the block), constants,
// variables, state and the rows that are kept, and the results i, whether to go
// on, state, changed variables, rows.
//
// GoMLX keeps one node for each scalar of a graph, so that two functions of one
// graph cannot both use AddScalar(x, 1). Only the body does: the condition and
// the main function are made of parameters and Const, which is not kept.
func (prog *program) block(g *Graph) []*Node {
	i32 := shapes.Make(dtypes.Int32)
	head := []*Node{Parameter(g, "i", i32), Const(g, true), Parameter(g, "end", i32), Parameter(g, "first", i32)}
	constants := ordered(prog.constants, parameters(g, prog.constants))
	variables := prog.read(g)
	state := ordered(prog.state, parameters(g, prog.state))
	rows := make([]*Node, len(prog.kept.names))
	for k, s := range prog.kept.shapes {
		rows[k] = Parameter(g, fmt.Sprintf("rows%d", k), rowsShape(prog.rows, s))
	}
	initial := slices.Concat(head, constants, variables, state, rows)
	cond := NewClosure(g, func(g *Graph) []*Node {
		c := like(g, "cond", initial)
		return []*Node{LogicalAnd(LessThan(c[0], c[2]), c[1])}
	})
	body := NewClosure(g, func(g *Graph) []*Node {
		c := like(g, "body", initial)
		next := slices.Clone(c)
		rest := c[len(head):]
		take := func(n int) (part []*Node) { part, rest = rest[:n], rest[n:]; return part }
		constants := prog.constants.nodes(take(len(constants)))
		variables := take(len(variables))
		state := prog.state.nodes(take(len(state)))
		for k, v := range prog.variables {
			v.SetNodeValue(variables[k])
		}
		after, kept, more := prog.once(c[0], constants, state)
		next[0] = Add(c[0], Const(g, int32(1)))
		if more != nil {
			next[1] = more
		}
		at := len(head) + len(constants)
		for k, v := range prog.variables {
			next[at+k] = v.NodeValue(g)
		}
		at += len(variables)
		at += copy(next[at:], ordered(prog.state, after))
		for k, value := range ordered(prog.kept, kept) {
			row := Sub(Div(c[0], Const(g, int32(prog.loop.Every))), c[3])
			next[at+k] = setRow(rest[k], value, row)
		}
		return next
	})
	final := While(cond, body, initial...)
	outputs := []*Node{final[0], final[1]}
	final = final[len(head)+len(constants):]
	outputs = append(outputs, final[len(variables):len(variables)+len(state)]...)
	for k := range variables {
		if prog.changed[k] {
			outputs = append(outputs, final[k])
		}
	}
	return append(outputs, final[len(variables)+len(state):]...)
}

// once builds step i: the state after it, what is kept of that, and whether to go
// on (nil without While).
func (prog *program) once(i *Node, constants, state Nodes) (next, kept Nodes, more *Node) {
	next = prog.loop.Step(i, constants, state)
	if got := fieldsOfNodes("Step", next); got.String() != prog.state.String() {
		exceptions.Panicf("Step makes the state {%s} of {%s}: it must keep names, shapes and dtypes", got, prog.state)
	}
	if prog.loop.Collect != nil {
		if kept = prog.loop.Collect(constants, next); len(kept) == 0 {
			exceptions.Panicf("Collect returned nothing: leave it nil to collect nothing")
		}
	}
	if prog.loop.While != nil {
		more = prog.goOn(constants, next)
	}
	prog.check()
	return next, kept, more
}

func (prog *program) goOn(constants, state Nodes) *Node {
	more := prog.loop.While(constants, state)
	if !more.IsScalar() || more.DType() != dtypes.Bool {
		exceptions.Panicf("While returned %s: it must be a bool scalar", more.Shape())
	}
	return more
}

// read makes the variables of the store parameters of the main function.
func (prog *program) read(g *Graph) []*Node {
	values := make([]*Node, len(prog.variables))
	for k, v := range prog.variables {
		values[k] = v.NodeValue(g)
	}
	return values
}

// check panics if a graph function made a variable, which would have no value.
func (prog *program) check() {
	if store := prog.loop.Store; store != nil && store.NumVariables() != len(prog.variables) {
		for v := range store.IterVariables() {
			if !slices.Contains(prog.variables, v) {
				exceptions.Panicf("the variable %q is made inside the loop: make the variables of a Store before, by building the step once in a graph of its own", v.Path())
			}
		}
	}
}

// parameters makes a parameter of the graph for each field.
func parameters(g *Graph, f fields) Nodes {
	n := Nodes{}
	for i, name := range f.names {
		n[name] = Parameter(g, fmt.Sprintf("p%d", g.NumParameters()), f.shapes[i])
	}
	return n
}

// like makes parameters of a closure that are shaped as nodes. Names of
// parameters are unique in a graph on XLA.
func like(g *Graph, closure string, nodes []*Node) []*Node {
	p := make([]*Node, len(nodes))
	for i, n := range nodes {
		p[i] = Parameter(g, fmt.Sprintf("%s%d", closure, i), n.Shape())
	}
	return p
}

func (prog *program) finalize() {
	for _, g := range []*Graph{prog.before, prog.graph} {
		if g != nil {
			g.Finalize()
		}
	}
}
