package loop

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
)

// TestFew gives steps that are on few numbers, and some that are not. An operation that
// no output comes from does not count: GoMLX leaves them where it takes gradients.
func TestFew(t *testing.T) {
	ones := func(dims ...int) func(g *Graph) *Node {
		return func(g *Graph) *Node {
			size := 1
			for _, d := range dims {
				size *= d
			}
			return Reshape(Const(g, make([]float64, size)), dims...)
		}
	}
	for _, c := range []struct {
		name string
		step func(g *Graph) *Node
		want bool
	}{
		{"few numbers", func(g *Graph) *Node { return Exp(Const(g, make([]float64, fewNumbers))) }, true},
		{"one more", func(g *Graph) *Node { return Exp(Const(g, make([]float64, fewNumbers+1))) }, false},
		{"one more, summed", func(g *Graph) *Node { return ReduceAllSum(Exp(Const(g, make([]float64, fewNumbers+1)))) }, false},
		{"a large matrix and a vector", func(g *Graph) *Node {
			return Dot(Parameter(g, "m", ones(100, 100)(g).Shape()), ones(100)(g)).Product()
		}, true},
		{"small matrices", func(g *Graph) *Node { return Dot(ones(4, 10)(g), ones(10, 10)(g)).Product() }, true},
		{"a layer of a network", func(g *Graph) *Node { return Dot(ones(4, 60)(g), ones(60, 60)(g)).Product() }, false},
		{"the gradient of a product by the vector alone", func(g *Graph) *Node {
			x := ones(100)(g)
			y := Dot(Parameter(g, "m", ones(100, 100)(g).Shape()), x).Product()
			return Gradient(ReduceAllSum(Square(y)), x)[0]
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := few([]*Node{c.step(NewGraph(backend.MustOpen(), "few"))}); got != c.want {
				t.Errorf("few: got %v, want %v", got, c.want)
			}
		})
	}
}
