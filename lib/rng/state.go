// Package rng draws random numbers inside GoMLX graphs from words that are equal
// on every backend.
//
// Words are computed by integer additions, shifts and exclusive-ors in the graph.
// So the same seed gives the same words on pure Go, XLA on CPU and XLA on CUDA, and
// on the host through [Host]. Uniforms, signs, integers and permutations are made of
// words by exact operations and are equal everywhere too. Normal, exponential and
// Gumbel numbers go through logarithm, sine and cosine, and may differ between
// backends in their last bits.
//
// A [State] is threaded: each draw returns the state that follows. Nothing here
// reads a clock. There are two kinds:
//
//   - A keyed State makes each word from a 64-bit key and a 64-bit counter
//     (Threefry-2x32-20). Independent streams come from [State.Fold], named by an
//     integer (a step, a purpose), and from [State.Split]. It is three words,
//     whatever the size of a draw. Use it unless time matters.
//   - A State of [State.Lanes] holds the states of parallel generators
//     (xoshiro128++), seeded from a keyed one. It cannot be folded or split. Use it
//     in long loops whose draws have one size.
//
// `go run ./lib/bench -job normals` measures what each costs.
//
//	s := rng.FromKey(key).Fold(step) // key: an input of the graph, so a new seed compiles nothing
//	s, eps := rng.Normal(s, dtypes.Float32, batch, dim)
//
//	lanes := rng.FromKey(key).Lanes(chains * dim / 2)        // before the loop
//	s, z := rng.Normal(rng.FromNode(state), dtypes.Float32, chains, dim) // state: lanes.Node(), carried by the loop
//
// Draws create their constants anew: those that GoMLX caches for a graph cannot be
// used in the body of a loop if they were first made outside.
//
// Differs from GoMLX's RandomNormal and its kin: those words depend on the backend.
package rng

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/support/exceptions"
)

// The second key word is changed by one of these to make the keys of children,
// so that no child's key is a word that the parent draws.
const (
	foldTweak  = 0x464F4C44 // "FOLD"
	splitTweak = 0x53504C54 // "SPLT"
	laneTweak  = 0x4C414E45 // "LANE"
)

// State is a random stream in a graph. It is a value: a draw leaves it unchanged
// and returns the next one, and using one State twice gives the same numbers
// twice. The zero State is not usable. It is one of two kinds:
//
//   - keyed, as made by FromKey, New, Fold and Split: a key and the number of
//     draws made so far. Draw i encrypts the counters (0, i), (1, i), …
//   - lanes, as made by [State.Lanes]: the states of parallel generators.
type State struct {
	words *Node // uint32[3]: the key's two words, the number of draws; or uint32[4, lanes]
}

// Key returns the key of a seed, uint32[2]: what an executor passes to a graph
// that calls [FromKey]. Different seeds have different keys.
func Key(seed int64) []uint32 {
	return []uint32{uint32(seed), uint32(uint64(seed) >> 32)}
}

// New returns the stream of a seed that is a constant of the graph.
func New(g *Graph, seed int64) State {
	return FromKey(Const(g, Key(seed)))
}

// FromKey returns the stream of a key, uint32[2], which may be an input of the
// graph. It panics on any other shape.
func FromKey(key *Node) State {
	assertWords(key, 2)
	return State{Concatenate([]*Node{key, Const(key.Graph(), []uint32{0})}, 0)}
}

// FromNode returns the state that [State.Node] packed. It panics if n is neither
// uint32[3] nor uint32[4, lanes].
func FromNode(n *Node) State {
	if s := (State{n}); n.DType() == dtypes.Uint32 && s.isLanes() && n.Shape().Dimensions[0] == laneWords {
		return s
	}
	assertWords(n, 3)
	return State{n}
}

// Node packs the state, for the state of a loop or an output of the graph: as
// uint32[3] if it is keyed, as uint32[4, n] if it holds n lanes.
func (s State) Node() *Node { return s.words }

func (s State) isLanes() bool { return s.words.Rank() == 2 }

func (s State) assertKeyed(method string) {
	if s.isLanes() {
		exceptions.Panicf("rng: %s of a State of lanes: call it before Lanes, on the keyed State", method)
	}
}

// Fold returns the independent stream that the integer scalar n names under the
// key of s. It does not depend on how many draws s has made: a step or a purpose
// names its stream for good. Values of n that are equal as 64-bit integers name
// the same stream whatever their dtype. It panics if n is not an integer scalar,
// and on a State of lanes.
func (s State) Fold(n *Node) State {
	s.assertKeyed("Fold")
	if !n.IsScalar() || !n.DType().IsInt() {
		exceptions.Panicf("rng: Fold takes an integer scalar, got %s", n.Shape())
	}
	n = ConvertDType(n, dtypes.Uint64)
	low := ConvertDType(BitwiseAnd(n, Const(n.Graph(), uint64(0xFFFFFFFF))), dtypes.Uint32)
	high := ConvertDType(BitwiseShiftRightLogicalScalar(n, 32), dtypes.Uint32)
	return s.child(foldTweak, low, high)
}

// FoldInt is [State.Fold] for an integer that is known when the graph is built.
func (s State) FoldInt(n int64) State {
	s.assertKeyed("FoldInt")
	g, words := s.words.Graph(), Key(n)
	return s.child(foldTweak, Const(g, words[0]), Const(g, words[1]))
}

// Split returns two independent streams, to be used instead of s. It panics on a
// State of lanes.
func (s State) Split() (State, State) {
	s.assertKeyed("Split")
	g, draws := s.words.Graph(), s.word(2)
	return s.child(splitTweak, Const(g, uint32(0)), draws), s.child(splitTweak, Const(g, uint32(1)), draws)
}

// child returns the stream whose key is the block (x0, x1) under the tweaked key of s.
func (s State) child(tweak uint32, x0, x1 *Node) State {
	g := s.words.Graph()
	y0, y1 := threefry(s.word(0), BitwiseXor(s.word(1), Const(g, tweak)), x0, x1)
	return FromKey(Stack([]*Node{y0, y1}, 0))
}

// word returns one of the three words, a scalar.
func (s State) word(i int) *Node {
	return Squeeze(Slice(s.words, AxisElem(i)))
}

// next returns the state after a draw.
func (s State) next() State {
	return State{Add(s.words, Const(s.words.Graph(), []uint32{0, 0, 1}))}
}

func assertWords(n *Node, size int) {
	if n.DType() != dtypes.Uint32 || n.Rank() != 1 || n.Shape().Dimensions[0] != size {
		exceptions.Panicf("rng: want uint32[%d], got %s: make keys with rng.Key(seed)", size, n.Shape())
	}
}
