package rng

import (
	"math/bits"
	"slices"
	"testing"

	"gibbs/lib/backend"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// xoshiro128pp is xoshiro128++ 1.0 as Blackman and Vigna define it, with their
// names: the reference for both forms of this package.
func xoshiro128pp(s []uint32) uint32 {
	result := bits.RotateLeft32(s[0]+s[3], 7) + s[0]
	t := s[1] << 9
	s[2] ^= s[0]
	s[3] ^= s[1]
	s[1] ^= s[2]
	s[0] ^= s[3]
	s[2] ^= t
	s[3] = bits.RotateLeft32(s[3], 11)
	return result
}

// TestXoshiroKnownAnswers checks the reference by hand-computed words: from state
// (1, 2, 3, 4) the first is (1+4)·2⁷ + 1, and the state after it is
// (7, 0, 1026, 12288), so the second is 12295·2⁷ + 7 and so on.
func TestXoshiroKnownAnswers(t *testing.T) {
	s := []uint32{1, 2, 3, 4}
	for i, want := range []uint32{641, 1573767, 3222811527, 3517856514} {
		if got := xoshiro128pp(s); got != want {
			t.Errorf("word %d: got %d, want %d", i, got, want)
		}
	}
}

// TestLanesAreXoshiro compares the words of lanes, in the graph and on the host,
// with the reference run from the packed states, draw after draw, through Node and
// FromNode. Draws take fewer, as many and more words than there are lanes.
func TestLanesAreXoshiro(t *testing.T) {
	checkLanes(t, backend.MustOpen())
}

func checkLanes(t *testing.T, b compute.Backend) {
	t.Helper()
	const n = 5
	draws := []int{5, 3, 12, 1}
	exec := graph.MustNewExec(b, func(key *graph.Node) []*graph.Node {
		keyed, _ := Bits(FromKey(key), 3)
		s := keyed.Lanes(n)
		out := []*graph.Node{s.Node()}
		for _, size := range draws {
			var words *graph.Node
			s, words = Bits(FromNode(s.Node()), size)
			out = append(out, words)
		}
		return append(out, s.Node())
	})
	for _, seed := range []int64{0, 1, -1, 1 << 40} {
		keyed := NewHost(seed)
		keyed.Bits(3)
		h, out := keyed.Lanes(n), exec.MustCall(Key(seed))
		state := tensors.MustCopyFlatData[uint32](out[0])
		for k, size := range draws {
			var want []uint32
			for len(want) < size {
				for i := range n {
					lane := []uint32{state[i], state[n+i], state[2*n+i], state[3*n+i]}
					want = append(want, xoshiro128pp(lane))
					state[i], state[n+i], state[2*n+i], state[3*n+i] = lane[0], lane[1], lane[2], lane[3]
				}
			}
			if got := tensors.MustCopyFlatData[uint32](out[1+k]); !slices.Equal(got, want[:size]) {
				t.Fatalf("%s: seed %d draw %d: got %x, want %x", b.Name(), seed, k, got, want[:size])
			}
			if got := h.Bits(size); !slices.Equal(got, want[:size]) {
				t.Fatalf("host: seed %d draw %d: got %x, want %x", seed, k, got, want[:size])
			}
		}
		if got := tensors.MustCopyFlatData[uint32](out[len(out)-1]); !slices.Equal(got, state) {
			t.Fatalf("%s: seed %d: last state %x, want %x", b.Name(), seed, got, state)
		}
	}
}
