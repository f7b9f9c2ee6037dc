package rng

import (
	"math/bits"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/support/exceptions"
)

// maxAdvances bounds the advances of one draw, which the graph unrolls.
const maxAdvances = 1024

// Lanes returns a stream whose words come from n xoshiro128++ generators, the
// lanes, seeded from s: the fast one, for long loops. It does not advance s, and
// is independent of what s, its folds and its splits draw; after a draw from s it
// is another one. Fold and split before it: a State of lanes has no key left.
//
// A draw of m words advances every lane ⌈m/n⌉ times; word j·n + i is lane i at
// advance j. Each advance is written out in the graph, so n should be near the
// number of words of a draw: for [Normal] of float32 [chains, dim], chains·dim/2
// or chains. Bits panics beyond 1024 advances.
//
// A lane's 128 bits are two Threefry blocks under one key. Blocks of different
// counters differ, so no lane is all zero and no two lanes start alike. Lanes walk
// one cycle of 2¹²⁸ − 1 states from random places: two of n lanes overlap within
// L advances with a probability below n²·L/2¹²⁸ (3e-18 for 10⁶ lanes and 10⁹
// advances).
//
// It panics if n < 1 and on a State of lanes.
//
// Source: Blackman, Vigna, "Scrambled linear pseudorandom number generators",
// 2021 (xoshiro128++, version 1.0).
func (s State) Lanes(n int) State {
	if n < 1 {
		exceptions.Panicf("rng: Lanes(%d): want at least one lane", n)
	}
	s.assertKeyed("Lanes")
	g := s.words.Graph()
	_, seeds := Bits(s.child(laneTweak, Const(g, uint32(0)), s.word(2)), laneWords, n)
	return State{seeds}
}

// laneWords is the length of a lane's state.
const laneWords = 4

// laneBits draws size words [size] from a State of lanes.
func (s State) laneBits(size int) (State, *Node) {
	n := s.words.Shape().Dimensions[1]
	advances := (size + n - 1) / n
	if advances > maxAdvances {
		exceptions.Panicf("rng: %d words from %d lanes take %d advances, more than %d: make more lanes", size, n, advances, maxAdvances)
	}
	lane := [laneWords]*Node{}
	for i := range lane {
		lane[i] = row(s.words, i)
	}
	words := make([]*Node, advances)
	for j := range words {
		lane, words[j] = advance(lane)
	}
	drawn := Concatenate(words, 0)
	if size < advances*n {
		drawn = Slice(drawn, AxisRange(0, size))
	}
	return State{Stack(lane[:], 0)}, drawn
}

// advance is one step of xoshiro128++ in graph form, elementwise.
//
//	word = (s₀ + s₃) ⋘ 7 + s₀
func advance(s [laneWords]*Node) (next [laneWords]*Node, word *Node) {
	word = Add(rotateLeft(Add(s[0], s[3]), 7), s[0])
	s2, s3 := BitwiseXor(s[2], s[0]), BitwiseXor(s[3], s[1])
	return [laneWords]*Node{
		BitwiseXor(s[0], s3),
		BitwiseXor(s[1], s2),
		BitwiseXor(s2, shiftLeft(s[1], 9)),
		rotateLeft(s3, 11),
	}, word
}

// hostAdvance is advance on the host, in place.
func hostAdvance(s *[laneWords]uint32) (word uint32) {
	word = bits.RotateLeft32(s[0]+s[3], 7) + s[0]
	shifted := s[1] << 9
	s[2] ^= s[0]
	s[3] ^= s[1]
	s[1] ^= s[2]
	s[0] ^= s[3]
	s[2] ^= shifted
	s[3] = bits.RotateLeft32(s[3], 11)
	return word
}
