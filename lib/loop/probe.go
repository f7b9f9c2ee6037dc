package loop

import (
	"fmt"
	"sync"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/support/exceptions"
)

// probed holds what working found: a backend → an error, or nil.
var probed sync.Map

// working says what is wrong with the While of a backend; nil: it works. It asks
// once for each backend, by a loop whose body holds the gradient of a reduction:
// that makes a broadcast which keeps its rank, at which GoMLX's pure-Go backend
// fails.
func working(b compute.Backend) error {
	if known, ok := probed.Load(b); ok {
		err, _ := known.(error)
		return err
	}
	err := probe(b)
	if err != nil {
		err = fmt.Errorf("the While of backend %s does not work: %w", b.Name(), err)
		probed.Store(b, err)
	} else {
		probed.Store(b, nil)
	}
	return err
}

// probe minimises ½(Σx)² by two gradient steps of ¼ from (1, 3): Σx is halved by
// each, so that both numbers fall by 2·¼·(4 + 2)/2 = 1.5 in all.
func probe(b compute.Backend) error {
	g := NewGraph(b, "loop:probe")
	defer g.Finalize()
	var got []float32
	err := exceptions.TryCatch[error](func() {
		x := shapes.Make(dtypes.Float32, 2)
		initial := []*Node{Const(g, int32(0)), Parameter(g, "x", x)}
		cond := NewClosure(g, func(g *Graph) []*Node {
			return []*Node{LessThan(like(g, "cond", initial)[0], Const(g, int32(2)))}
		})
		body := NewClosure(g, func(g *Graph) []*Node {
			p := like(g, "body", initial)
			loss := MulScalar(Square(ReduceAllSum(p[1])), 0.5)
			return []*Node{AddScalar(p[0], 1), Sub(p[1], MulScalar(Gradient(loss, p[1])[0], 0.25))}
		})
		if err := g.Compile(While(cond, body, initial...)[1]); err != nil {
			panic(err)
		}
		got = tensors.MustCopyFlatData[float32](g.Run([]float32{1, 3})[0])
	})
	if err == nil && (got[0] != -0.5 || got[1] != 1.5) {
		err = fmt.Errorf("a probe gave %v, want [-0.5 1.5]", got)
	}
	return err
}
