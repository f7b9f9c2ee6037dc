package rng

import (
	"fmt"
	"math/bits"
	"testing"

	"gibbs/lib/backend"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
)

// vectors are the known answers for threefry2x32 with 20 rounds that Random123
// publishes in its file kat_vectors: counter, key, result. The third set's
// inputs are digits of π.
var vectors = []struct{ counter, key, want [2]uint32 }{
	{[2]uint32{0, 0}, [2]uint32{0, 0}, [2]uint32{0x6b200159, 0x99ba4efe}},
	{[2]uint32{0xffffffff, 0xffffffff}, [2]uint32{0xffffffff, 0xffffffff}, [2]uint32{0x1cb996fc, 0xbb002be7}},
	{[2]uint32{0x243f6a88, 0x85a308d3}, [2]uint32{0x13198a2e, 0x03707344}, [2]uint32{0xc4923a9c, 0x483df7a0}},
}

// checkVectors compares a block function with the published vectors.
func checkVectors(block func(key, x [2]uint32) [2]uint32) error {
	for _, v := range vectors {
		if got := block(v.key, v.counter); got != v.want {
			return fmt.Errorf("key %08x counter %08x: got %08x, want %08x", v.key, v.counter, got, v.want)
		}
	}
	return nil
}

func TestThreefryVectors(t *testing.T) {
	if err := checkVectors(hostThreefry); err != nil {
		t.Errorf("host: %v", err)
	}
	if err := checkVectors(graphThreefry(t, backend.MustOpen())); err != nil {
		t.Errorf("graph: %v", err)
	}
}

// graphThreefry runs threefry on a backend.
func graphThreefry(t *testing.T, b compute.Backend) func(key, x [2]uint32) [2]uint32 {
	exec := graph.MustNewExec(b, func(k0, k1, x0, x1 *graph.Node) (y0, y1 *graph.Node) {
		return threefry(k0, k1, x0, x1)
	})
	return func(key, x [2]uint32) [2]uint32 {
		y0, y1, err := exec.Call2(key[0], key[1], x[0], x[1])
		if err != nil {
			t.Fatal(err)
		}
		return [2]uint32{y0.Value().(uint32), y1.Value().(uint32)}
	}
}

// blockBug is a mistake planted in the block function.
type blockBug struct {
	name             string
	rotationsRotated bool // the table of rotation distances starts one place late
	groupsSwapped    bool // odd groups before even ones
	noInjection      bool // no key between the groups
	noCount          bool // injections without the group's number
	groups           int  // 0 means 5
}

var blockBugs = []blockBug{
	{name: "rotation table rotated", rotationsRotated: true},
	{name: "groups swapped", groupsSwapped: true},
	{name: "key injection missing", noInjection: true},
	{name: "injection without its number", noCount: true},
	{name: "16 rounds", groups: 4},
}

// block is Threefry written a second time, round by round, with the bug in it.
func (b blockBug) block(key, x [2]uint32) [2]uint32 {
	distances := []int{13, 15, 26, 6, 17, 29, 16, 24}
	if b.rotationsRotated {
		distances = append(distances[1:], distances[0])
	}
	if b.groupsSwapped {
		distances = append(distances[4:], distances[:4]...)
	}
	if b.groups == 0 {
		b.groups = 5
	}
	ks := []uint32{key[0], key[1], 0x1BD11BDA ^ key[0] ^ key[1]}
	x[0], x[1] = x[0]+ks[0], x[1]+ks[1]
	for round := range 4 * b.groups {
		x[0] += x[1]
		x[1] = bits.RotateLeft32(x[1], distances[round%8])
		x[1] ^= x[0]
		if round%4 != 3 || b.noInjection {
			continue
		}
		n := round/4 + 1
		x[0] += ks[n%3]
		x[1] += ks[(n+1)%3]
		if !b.noCount {
			x[1] += uint32(n)
		}
	}
	return x
}

func TestVectorsCatchPlantedBugs(t *testing.T) {
	if err := checkVectors(blockBug{}.block); err != nil {
		t.Fatalf("without a bug: %v", err)
	}
	for _, bug := range blockBugs {
		if checkVectors(bug.block) == nil {
			t.Errorf("%s: not caught", bug.name)
		}
	}
}
