package posterior

import (
	"math"
	"reflect"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

// Value is what the log-probabilities take: a node [chains, …], n data, or a number.
type Value interface {
	*Node | []float64 | float64 | int
}

// argument is a Value of a law, and what its numbers must be where they are known.
type argument struct {
	name  string
	value any
	ok    func(x float64) bool
	want  string
}

func real(name string, v any) argument {
	return argument{name, v, func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }, "a finite number"}
}

func positive(name string, v any) argument {
	return argument{name, v, func(x float64) bool { return x > 0 }, "a positive number"}
}

func notNegative(name string, v any) argument {
	return argument{name, v, func(x float64) bool { return x >= 0 }, "0 or more"}
}

func proportion(name string, v any) argument {
	return argument{name, v, func(x float64) bool { return x > 0 && x < 1 }, "between 0 and 1"}
}

func outcome(name string, v any) argument {
	return argument{name, v, func(x float64) bool { return x == 0 || x == 1 }, "0 or 1"}
}

func count(name string, v any) argument {
	return argument{name, v, func(x float64) bool { return x >= 0 && x == math.Floor(x) }, "0, 1, 2…"}
}

// numbers are those of data or of a number, and none of a node.
func (a argument) numbers() []float64 {
	switch v := a.value.(type) {
	case *Node:
		return nil
	case []float64:
		return v
	default:
		return []float64{reflect.ValueOf(v).Convert(reflect.TypeFor[float64]()).Float()}
	}
}

// check panics if a known number is not what it must be.
func (a argument) check(law string) {
	for i, x := range a.numbers() {
		if !a.ok(x) {
			place := a.name
			if _, many := a.value.([]float64); many {
				place = a.name + "[" + number(float64(i)) + "]"
			}
			exceptions.Panicf("posterior: %s: %s = %g, want %s", law, place, x, a.want)
		}
	}
}

// nodes returns the arguments of a law as nodes that broadcast: data as [1, n], numbers as
// scalars. One of them must be a node.
func nodes(law string, arguments ...argument) []*Node {
	var like *Node
	for _, a := range arguments {
		a.check(law)
		if node, ok := a.value.(*Node); ok && like == nil {
			like = node
		}
	}
	if like == nil {
		exceptions.Panicf("posterior: %s of constants only; give at least one node, or data as at.Data(y)", law)
	}
	checkWidths(law, arguments)
	out := make([]*Node, len(arguments))
	for i, a := range arguments {
		switch v := a.value.(type) {
		case *Node:
			out[i] = v
		case []float64:
			out[i] = ExpandAxes(ConstAs(like, v), 0)
		default:
			out[i] = ConstAs(like, a.numbers()[0])
		}
	}
	return out
}

// checkWidths panics if data do not fit the other arguments one by one. A parameter of one
// number fits n data, but not one datum n numbers: that is n data of which some are lost.
func checkWidths(law string, arguments []argument) {
	for _, a := range arguments {
		data, ok := a.value.([]float64)
		if !ok {
			continue
		}
		for _, b := range arguments {
			width := len(data)
			switch v := b.value.(type) {
			case []float64:
				width = len(v)
			case *Node:
				if v.Rank() >= 2 && v.Shape().Dim(-1) != 1 {
					width = v.Shape().Dim(-1)
				}
			}
			if width != len(data) {
				exceptions.Panicf("posterior: %s: %s has %d numbers, and %s has %d", law, a.name, len(data), b.name, width)
			}
		}
	}
}
