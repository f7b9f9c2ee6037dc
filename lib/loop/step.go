package loop

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// step builds one step. It has the parameters i, constants, state and variables,
// and the results state, changed variables, what is kept, and whether to go on
// (with While).
func (prog *program) step(g *Graph) []*Node {
	i := Parameter(g, "i", shapes.Make(dtypes.Int32))
	constants, state := parameters(g, prog.constants), parameters(g, prog.state)
	next, kept, more := prog.once(i, constants, state)
	prog.kept = fieldsOfNodes("Collect", kept)
	prog.rows = rowsOf(prog.loop, prog.kept)
	prog.variables = prog.uses(g, 1+len(constants)+len(state))
	prog.changed = make([]bool, len(prog.variables))
	outputs := ordered(prog.state, next)
	for k, v := range prog.variables {
		if prog.changed[k] = v.ChangedInGraph(g); prog.changed[k] {
			outputs = append(outputs, v.NodeValue(g))
		}
	}
	outputs = append(outputs, ordered(prog.kept, kept)...)
	if more != nil {
		outputs = append(outputs, more)
	}
	return outputs
}

// block builds a While over steps. It has the parameters i (where it begins), end,
// first (the row of what is kept that is row 0 of the block), constants, state,
// variables and the rows that are kept, and the results i, whether to go on,
// state, changed variables, rows.
//
// GoMLX keeps one node for each scalar of a graph, so that two functions of one
// graph cannot both use AddScalar(x, 1). Only the body does: the condition and
// the main function are made of parameters and Const, which is not kept.
func (prog *program) block(g *Graph) []*Node {
	i32 := shapes.Make(dtypes.Int32)
	head := []*Node{Parameter(g, "i", i32), Const(g, true), Parameter(g, "end", i32), Parameter(g, "first", i32)}
	constants := ordered(prog.constants, parameters(g, prog.constants))
	state := ordered(prog.state, parameters(g, prog.state))
	variables := make([]*Node, len(prog.variables))
	for k, v := range prog.variables {
		variables[k] = v.NodeValue(g)
	}
	rows := make([]*Node, len(prog.kept.names))
	for k, s := range prog.kept.shapes {
		rows[k] = Parameter(g, fmt.Sprintf("rows%d", k), rowsShape(prog.rows, s))
	}
	initial := slices.Concat(head, constants, state, variables, rows)
	// split parts what follows the constants.
	split := func(all []*Node) (s, v, r []*Node) {
		all = all[len(head)+len(constants):]
		return all[:len(state)], all[len(state) : len(state)+len(variables)], all[len(state)+len(variables):]
	}
	cond := NewClosure(g, func(g *Graph) []*Node {
		c := like(g, "cond", initial)
		return []*Node{LogicalAnd(LessThan(c[0], c[2]), c[1])}
	})
	body := NewClosure(g, func(g *Graph) []*Node {
		c := like(g, "body", initial)
		s, v, r := split(c)
		for k, variable := range prog.variables {
			variable.SetNodeValue(v[k])
		}
		after, kept, more := prog.once(c[0], prog.constants.nodes(c[len(head):]), prog.state.nodes(s))
		next := slices.Clone(c)
		next[0] = Add(c[0], Const(g, int32(1)))
		if more != nil {
			next[1] = more
		}
		s, v, _ = split(next)
		copy(s, ordered(prog.state, after))
		for k, variable := range prog.variables {
			v[k] = variable.NodeValue(g)
		}
		row := Sub(Div(c[0], Const(g, int32(prog.loop.Every))), c[3])
		_, _, rows := split(next)
		for k, value := range ordered(prog.kept, kept) {
			rows[k] = setRow(r[k], value, row)
		}
		return next
	})
	final := While(cond, body, initial...)
	s, v, r := split(final)
	outputs := append([]*Node{final[0], final[1]}, s...)
	for k := range variables {
		if prog.changed[k] {
			outputs = append(outputs, v[k])
		}
	}
	return append(outputs, r...)
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
	return next, kept, more
}

func (prog *program) goOn(constants, state Nodes) *Node {
	more := prog.loop.While(constants, state)
	if !more.IsScalar() || more.DType() != dtypes.Bool {
		exceptions.Panicf("While returned %s: it must be a bool scalar", more.Shape())
	}
	return more
}

// uses returns the variables that a graph reads, in the order of its parameters,
// of which the first n are the loop's own.
func (prog *program) uses(g *Graph, n int) []*model.Variable {
	var variables []*model.Variable
	for ; n < g.NumParameters(); n++ {
		path := g.GetParameterByHandle(ParameterHandle(n)).GetParameterName()
		var v *model.Variable
		if prog.loop.Store != nil {
			v = prog.loop.Store.GetVariable(path)
		}
		switch {
		case v == nil:
			exceptions.Panicf("the loop reads %q, which is no argument of it: give the store whose variables it reads as Loop.Store", path)
		case !v.HasValue():
			exceptions.Panicf("the variable %q has no value when the loop begins: make the variables of Loop.Store before, by building the step once in a graph of its own", path)
		}
		variables = append(variables, v)
	}
	return variables
}
