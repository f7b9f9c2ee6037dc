package rng

import (
	"math/bits"

	. "github.com/gomlx/gomlx/core/graph"
)

// Constants of Threefry-2x32.
//
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
// 1, 2, 3", 2011, section 3.2 and the Random123 library.
const (
	parity = 0x1BD11BDA // makes the three words of the key schedule XOR to a constant
	groups = 5          // groups of four rounds, each closed by a key injection: 20 rounds
)

// rotations holds the rotation distances of even and of odd groups.
var rotations = [2][4]uint32{{13, 15, 26, 6}, {17, 29, 16, 24}}

// threefry is the Threefry-2x32-20 bijection of the block (x0, x1) under the key
// (k0, k1), elementwise in graph form. All are uint32, scalars or of one shape.
//
//	x0 ← x0 + x1,  x1 ← (x1 ⋘ r) ⊕ x0   20 times, a key injection after each 4
func threefry(k0, k1, x0, x1 *Node) (y0, y1 *Node) {
	g := k0.Graph()
	k2 := BitwiseXor(BitwiseXor(k0, k1), Const(g, uint32(parity)))
	schedule := [3]*Node{k0, k1, k2}
	x0, x1 = Add(x0, k0), Add(x1, k1)
	for i := 1; i <= groups; i++ {
		for _, r := range rotations[(i-1)%2] {
			x0 = Add(x0, x1)
			x1 = BitwiseXor(rotateLeft(x1, r), x0)
		}
		x0 = Add(x0, schedule[i%3])
		x1 = Add(x1, Add(schedule[(i+1)%3], Const(g, uint32(i))))
	}
	return x0, x1
}

// rotateLeft rotates uint32 words left by 0 < r < 32 bits.
func rotateLeft(x *Node, r uint32) *Node {
	return BitwiseOr(shiftLeft(x, r), shiftRight(x, 32-r))
}

func shiftLeft(x *Node, n uint32) *Node { return BitwiseShiftLeft(x, Const(x.Graph(), n)) }

func shiftRight(x *Node, n uint32) *Node { return BitwiseShiftRightLogical(x, Const(x.Graph(), n)) }

// hostThreefry is threefry on the host.
func hostThreefry(key, x [2]uint32) [2]uint32 {
	schedule := [3]uint32{key[0], key[1], key[0] ^ key[1] ^ parity}
	x0, x1 := x[0]+key[0], x[1]+key[1]
	for i := 1; i <= groups; i++ {
		for _, r := range rotations[(i-1)%2] {
			x0 += x1
			x1 = bits.RotateLeft32(x1, int(r)) ^ x0
		}
		x0 += schedule[i%3]
		x1 += schedule[(i+1)%3] + uint32(i)
	}
	return [2]uint32{x0, x1}
}
