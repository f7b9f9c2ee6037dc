package loop

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/support/exceptions"
)

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
