package rng

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"testing"

	"gibbs/lib/backend"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
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

// answers are the first words from state (1, 2, 3, 4), as the authors' program gives
// them and as the test of the rand_xoshiro crate lists them.
var answers = []uint32{641, 1573767, 3222811527, 3517856514, 836907274, 4247214768, 3867114732, 1355841295, 495546011, 621204420}

// checkXoshiro compares a step with the known answers.
func checkXoshiro(step func(s *[laneWords]uint32) uint32) error {
	s := [laneWords]uint32{1, 2, 3, 4}
	for i, want := range answers {
		if got := step(&s); got != want {
			return fmt.Errorf("word %d: got %d, want %d", i, got, want)
		}
	}
	return nil
}

func TestXoshiroKnownAnswers(t *testing.T) {
	if err := checkXoshiro(func(s *[laneWords]uint32) uint32 { return xoshiro128pp(s[:]) }); err != nil {
		t.Errorf("reference: %v", err)
	}
	if err := checkXoshiro(hostAdvance); err != nil {
		t.Errorf("host: %v", err)
	}
}

// TestXoshiroCatchesPlantedBugs gives the known answers steps with one mistake each.
func TestXoshiroCatchesPlantedBugs(t *testing.T) {
	step := func(outer, shift, last int, late bool) func(s *[laneWords]uint32) uint32 {
		return func(s *[laneWords]uint32) uint32 {
			word := bits.RotateLeft32(s[0]+s[3], outer) + s[0]
			shifted := s[1] << shift
			s[2] ^= s[0]
			s[3] ^= s[1]
			s[1] ^= s[2]
			s[0] ^= s[3]
			s[2] ^= shifted
			s[3] = bits.RotateLeft32(s[3], last)
			if late {
				word = bits.RotateLeft32(s[0]+s[3], outer) + s[0]
			}
			return word
		}
	}
	if err := checkXoshiro(step(7, 9, 11, false)); err != nil {
		t.Fatalf("without a bug: %v", err)
	}
	for name, bug := range map[string]func(s *[laneWords]uint32) uint32{
		"output not rotated":        step(0, 9, 11, false),
		"state not rotated":         step(7, 9, 0, false),
		"shift of another member":   step(7, 17, 11, false),
		"word of the state after":   step(7, 9, 11, true),
		"rotated to the other side": step(7, 9, 32-11, false),
	} {
		if checkXoshiro(bug) == nil {
			t.Errorf("%s: not caught", name)
		}
	}
}

// checkSeeding draws the first 64 words of each of 4,096 lanes and applies: no lane
// is all zero, no two start alike, and none of their words are the next words of the
// keyed stream; each word of the seeds and each advance uniform across the lanes
// (checkMarginal, α = 1e-9); correlation of uniforms and of their squares, over about
// 2¹⁸ pairs, between lanes 1, 2, 1024 and 2048 apart, between advances 1 to 8 apart,
// and between neighbours one advance apart (α = 1e-9 each: a correlation of 0.017 is
// caught).
func checkSeeding(h *Host, lanes [][laneWords]uint32) error {
	const n, advances, limit = 4096, 64, 6.11
	seen := map[[laneWords]uint32]bool{{}: true}
	for i, lane := range lanes {
		if seen[lane] {
			return fmt.Errorf("lane %d is zero or a lane that was there before", i)
		}
		seen[lane] = true
	}
	for k := range laneWords {
		member := make([]uint32, n)
		for i := range member {
			member[i] = lanes[i][k]
		}
		if err := checkMarginal(member); err != nil {
			return fmt.Errorf("word %d of the seeds: %w", k, err)
		}
	}
	next := map[uint32]bool{}
	for _, word := range h.Bits(4 * n) {
		next[word] = true
	}
	shared := 0
	for _, lane := range lanes {
		for _, word := range lane {
			if next[word] {
				shared++
			}
		}
	}
	if shared > 8 { // 2¹⁴·2¹⁴·2⁻³² = 0.06 are expected
		return fmt.Errorf("%d words of the seeds are words of the keyed stream", shared)
	}
	drawn := (&Host{lanes: slices.Clone(lanes)}).Bits(n * advances)
	for j := range advances {
		if err := checkMarginal(drawn[j*n : (j+1)*n]); err != nil {
			return fmt.Errorf("advance %d: %w", j, err)
		}
	}
	for _, c := range []struct {
		name         string
		lane, offset int
	}{
		{"lanes 1 apart", 1, 0}, {"lanes 2 apart", 2, 0}, {"lanes 1024 apart", 1024, 0}, {"lanes 2048 apart", 2048, 0},
		{"advances 1 apart", 0, 1}, {"advances 2 apart", 0, 2}, {"advances 3 apart", 0, 3}, {"advances 4 apart", 0, 4},
		{"advances 8 apart", 0, 8}, {"lane and its neighbour's next word", 1, 1}, {"lane's next word and its neighbour's", 1, -1},
	} {
		var product, squares, terms float64
		for j := max(0, -c.offset); j < min(advances, advances-c.offset); j++ {
			for i := range n - c.lane {
				x, y := centred(drawn[j*n+i]), centred(drawn[(j+c.offset)*n+i+c.lane])
				product += x * y
				squares += (x*x - 1) * (y*y - 1)
				terms++
			}
		}
		for _, z := range []float64{product / math.Sqrt(terms), squares / (0.8 * math.Sqrt(terms))} {
			if math.Abs(z) > limit {
				return fmt.Errorf("%s are correlated: z = %.1f", c.name, z)
			}
		}
	}
	return nil
}

func TestLanesAreIndependent(t *testing.T) {
	for _, seed := range []int64{0, 1, -1} {
		h := NewHost(seed)
		if err := checkSeeding(h, h.Lanes(4096).lanes); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
	h := NewHost(1)
	before := h.Lanes(1).lanes[0]
	if h.Bits(1); h.Lanes(1).lanes[0] == before {
		t.Error("Lanes after a draw are those before it")
	}
}

func TestSeedingCatchesPlantedBugs(t *testing.T) {
	const n = 4096
	for name, lane := range map[string]func(good [][laneWords]uint32, keyed []uint32, i int) [laneWords]uint32{
		"all zero": func([][laneWords]uint32, []uint32, int) [laneWords]uint32 { return [laneWords]uint32{} },
		"seed + lane, unmixed": func(_ [][laneWords]uint32, _ []uint32, i int) [laneWords]uint32 {
			return [laneWords]uint32{uint32(i + 1)}
		},
		"lanes used twice": func(good [][laneWords]uint32, _ []uint32, i int) [laneWords]uint32 { return good[i%(n/2)] },
		"three words constant": func(good [][laneWords]uint32, _ []uint32, i int) [laneWords]uint32 {
			return [laneWords]uint32{good[i][0], 1, 2, 3}
		},
		"two words shared": func(good [][laneWords]uint32, _ []uint32, i int) [laneWords]uint32 {
			return [laneWords]uint32{good[i][0], good[i][1], good[0][2], good[0][3]}
		},
		"neighbour one step on": func(good [][laneWords]uint32, _ []uint32, i int) [laneWords]uint32 {
			s := good[i/2]
			for range i % 2 {
				hostAdvance(&s)
			}
			return s
		},
		"words of the keyed stream": func(_ [][laneWords]uint32, w []uint32, i int) [laneWords]uint32 {
			return [laneWords]uint32{w[i], w[n+i], w[2*n+i], w[3*n+i]}
		},
	} {
		h := NewHost(1)
		good, keyed := h.Lanes(n).lanes, NewHost(1).Bits(laneWords*n)
		planted := make([][laneWords]uint32, n)
		for i := range planted {
			planted[i] = lane(good, keyed, i)
		}
		if err := checkSeeding(h, planted); err == nil {
			t.Errorf("%s: not caught", name)
		} else {
			t.Logf("%s: %v", name, err)
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
		_, normals := Normal(s, dtypes.Float64, 5)
		return append(out, s.Node(), normals)
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
		if got := tensors.MustCopyFlatData[uint32](out[len(out)-2]); !slices.Equal(got, state) {
			t.Fatalf("%s: seed %d: last state %x, want %x", b.Name(), seed, got, state)
		}
		if got, want := flat(out[len(out)-1]), h.Normal(5); !same(got, want, false) {
			t.Fatalf("%s: seed %d: normals %v, want %v", b.Name(), seed, got, want)
		}
	}
}
