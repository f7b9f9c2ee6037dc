package loop

import (
	"errors"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
)

// Bounds of what a compiled block keeps.
const (
	keptBytes = 32 << 20
	keptRows  = 1 << 12
)

// rowsOf is the number of rows that a compiled block holds for what is kept: as
// many as its length needs, or as the bounds allow.
func rowsOf(l *Loop, kept fields) int {
	if len(kept.names) == 0 {
		return 0
	}
	bytes := 0
	for _, s := range kept.shapes {
		bytes += int(s.ByteSize())
	}
	rows := min(keptRows, max(1, keptBytes/max(bytes, 1)))
	if l.Block > 0 {
		rows = min(rows, (l.Block-1)/l.Every+2)
	}
	return rows
}

// rowsShape is the shape of rows of values.
func rowsShape(rows int, of shapes.Shape) shapes.Shape {
	return shapes.Make(of.DType, append([]int{rows}, of.Dimensions...)...)
}

// setRow writes a value into a row.
func setRow(rows, value, row *Node) *Node {
	at := []*Node{row}
	for range value.Rank() {
		at = append(at, Const(rows.Graph(), int32(0)))
	}
	return DynamicUpdateSlice(rows, ExpandAxes(value, 0), at)
}

// capacity is the number of steps that a block may have after done steps: the
// last of them writes the last row that the block holds.
func (prog *program) capacity(done int) int {
	if prog.rows == 0 {
		return math.MaxInt32
	}
	return (done/prog.loop.Every+prog.rows)*prog.loop.Every - done
}

// copyRows copies the first n rows of src, each shaped as given, to the rows of
// dst from at on.
func copyRows(dst *tensors.Tensor, at int, src *tensors.Tensor, n int, each shapes.Shape) error {
	size := int(each.ByteSize())
	if n*size == 0 {
		return nil
	}
	var err error
	read := func(rows []byte) {
		err = dst.MutableBytes(func(all []byte) { copy(all[at*size:], rows[:n*size]) })
	}
	return errors.Join(src.ConstBytes(read), err)
}
