package rng

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gibbs/lib/backend"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/stat/distuv"
)

// fullSize says whether sizes are those of the full test: not with -short, and not
// on pure Go.
func fullSize(t *testing.T) bool {
	choice, err := backend.Choose()
	if err != nil {
		t.Fatal(err)
	}
	return !testing.Short() && choice.Name != backend.Go
}

// tally counts a sample of a continuous law in cells of equal probability.
type tally struct {
	cdf   func(float64) float64
	cells []float64
	n     float64
}

func (c *tally) add(sample []float32) {
	k := float64(len(c.cells))
	for _, x := range sample {
		c.cells[min(int(k*c.cdf(float64(x))), len(c.cells)-1)]++
	}
	c.n += float64(len(sample))
}

// check applies χ² and Kolmogorov–Smirnov, the latter at the borders of the cells,
// where its statistic is at most the exact one: each at 1e-6.
func (c *tally) check() error {
	k := len(c.cells)
	if x2, limit := chiSquared(c.cells, uniformShares(k)), chiLimit(float64(k-1), alpha); !(x2 <= limit) {
		return fmt.Errorf("χ² = %.0f over %d cells, limit %.0f", x2, k, limit)
	}
	below, d := 0.0, 0.0
	for i, count := range c.cells {
		below += count
		d = max(d, math.Abs(below/c.n-float64(i+1)/float64(k)))
	}
	if d*math.Sqrt(c.n) > ksLimit {
		return fmt.Errorf("Kolmogorov–Smirnov √n·D = %.2f, limit %.2f", d*math.Sqrt(c.n), ksLimit)
	}
	return nil
}

var laws = []struct {
	name string
	draw func(s State, dtype dtypes.DType, dims ...int) (State, *graph.Node)
	cdf  func(float64) float64
}{
	{"uniform", Uniform, func(x float64) float64 { return x }},
	{"normal", Normal, distuv.UnitNormal.CDF},
	{"exponential", Exponential, func(x float64) float64 { return -math.Expm1(-x) }},
	{"Gumbel", Gumbel, func(x float64) float64 { return math.Exp(-math.Exp(-x)) }},
}

// TestLaws draws 10⁷ numbers of each law from either kind of State in float32 and
// compares them with the law in 1,000 cells. It catches a distance of 8.5e-4 between
// the laws, and a cell that is wrong by 6 percent.
func TestLaws(t *testing.T) {
	size, calls := 1_000_000, 10
	if !fullSize(t) {
		size, calls = 100_000, 2
		t.Logf("reduced: %d numbers of each law instead of 10⁷", size*calls)
	}
	exec := graph.MustNewExec(backend.MustOpen(), func(keyed, lanes *graph.Node) []*graph.Node {
		var out []*graph.Node
		for _, s := range []State{FromNode(keyed), FromNode(lanes)} {
			for _, law := range laws {
				var x *graph.Node
				s, x = law.draw(s, dtypes.Float32, size)
				out = append(out, x)
			}
			out = append(out, s.Node())
		}
		return out
	})
	init := graph.MustNewExec(backend.MustOpen(), func(key *graph.Node) (keyed, lanes *graph.Node) {
		return FromKey(key).Node(), FromKey(key).Lanes(size / 2).Node()
	})
	keyed, lanes := init.MustCall2(Key(31))
	tallies := make([]tally, 2*len(laws))
	far := make([]float64, 2) // normal numbers beyond ±4
	for i := range tallies {
		tallies[i] = tally{cdf: laws[i%len(laws)].cdf, cells: make([]float64, 1000)}
	}
	for range calls {
		out := exec.MustCall(keyed, lanes)
		keyed, lanes = out[len(laws)], out[2*len(laws)+1]
		for i := range tallies {
			sample := tensors.MustCopyFlatData[float32](out[i+i/len(laws)])
			tallies[i].add(sample)
			for _, z := range sample {
				if laws[i%len(laws)].name == "normal" && math.Abs(float64(z)) > 4 {
					far[i/len(laws)]++
				}
			}
		}
	}
	for i := range tallies {
		if err := tallies[i].check(); err != nil {
			t.Errorf("%s, state %d: %v", laws[i%len(laws)].name, i/len(laws), err)
		}
	}
	mean := float64(size*calls) * math.Erfc(4/math.Sqrt2)
	for i, count := range far { // at 10⁷ numbers, 633 are expected: an error of 20 percent is caught
		if z := (count - mean) / math.Sqrt(mean); math.Abs(z) > 6 {
			t.Errorf("state %d: %g numbers beyond 4σ, want %.0f", i, count, mean)
		}
	}
}

// TestLawsCatchPlantedBugs gives the tally samples of laws a little off.
func TestLawsCatchPlantedBugs(t *testing.T) {
	const n = 1 << 17
	u := NewHost(33).Uniform(n)
	for name, quantile := range map[string]func(u float64) float64{
		"":                     func(u float64) float64 { return -math.Log(u) },
		"rate 1.02":            func(u float64) float64 { return -math.Log(u) / 1.02 },
		"base 2 logarithm":     func(u float64) float64 { return -math.Log2(u) },
		"8 bits":               func(u float64) float64 { return -math.Log((math.Floor(u*256) + 0.5) / 256) },
		"shifted by 0.01":      func(u float64) float64 { return -math.Log(u) + 0.01 },
		"no numbers above 6.5": func(u float64) float64 { return min(-math.Log(u), 6.5) },
	} {
		c := tally{cdf: laws[2].cdf, cells: make([]float64, 1000)}
		for _, p := range u {
			c.add([]float32{float32(quantile(p))})
		}
		if err := c.check(); (err == nil) != (name == "") {
			t.Errorf("planted %q: got error %v", name, err)
		}
	}
}

// TestNormal32Error compares radius and turn with float64: the turn over all its 2²³
// inputs, the radius over every float32 u of the two highest octaves, where the
// logarithm is smallest, and over a grid of the others. The bounds add to less than
// that of Normal's doc comment.
func TestNormal32Error(t *testing.T) {
	stride := uint32(1)
	if !fullSize(t) {
		stride = 61
		t.Logf("reduced: every %d-th input", stride)
	}
	var angles, radii []uint32
	for k := uint32(0); k < 1<<23; k += stride {
		angles = append(angles, k<<9)
		radii = append(radii, 1<<31|k<<8, 1<<30|k<<7) // u = w·2⁻³² is exact in float32
		if k%16 == 0 {
			radii = append(radii, (1<<23|k)>>(k/16%24)) // the smaller u
		}
	}
	turn := graph.MustNewExec(backend.MustOpen(), func(words *graph.Node) (a, b *graph.Node) {
		r, cos, sin := turn32(graph.OnesLike(unit32(words)), words)
		return graph.Mul(r, cos), graph.Mul(r, sin)
	})
	a, b := turn.MustCall2(angles)
	cos, sin, worst := tensors.MustCopyFlatData[float32](a), tensors.MustCopyFlatData[float32](b), 0.0
	for i, w := range angles {
		s, c := math.Sincos(2 * math.Pi * (float64(w>>9)*0x1p-23 + 0x1p-24))
		worst = max(worst, math.Abs(float64(cos[i])-c), math.Abs(float64(sin[i])-s))
	}
	t.Logf("cosine and sine: error %.3g", worst)
	if !(worst < 2e-7) {
		t.Errorf("cosine and sine: error %.3g, limit 2e-7", worst)
	}
	exec := graph.MustNewExec(backend.MustOpen(), func(words *graph.Node) *graph.Node {
		return graph.Sqrt(minus2Log32(unit32(words)))
	})
	radius, worst := tensors.MustCopyFlatData[float32](exec.MustCall1(radii)), 0.0
	for i, w := range radii {
		want := math.Sqrt(-2 * math.Log(float64(float32(w)*0x1p-32+0x1p-33)))
		worst = max(worst, math.Abs(float64(radius[i])-want)/want)
	}
	t.Logf("radius: relative error %.3g", worst)
	if !(worst < 1.5e-7) {
		t.Errorf("radius: relative error %.3g, limit 1.5e-7", worst)
	}
	if ends := exec.MustCall1([]uint32{math.MaxUint32}).Value().([]float32); ends[0] != 0 {
		t.Errorf("radius of u = 1: got %g, want 0", ends[0])
	}
}

// TestNormal64Error compares radius and turn with the host's functions, at random words
// with many and with few leading zeros and ones, and at the ends. Both sides round: the
// limits are some four units of 2⁻⁵³, less than half of what Normal's doc comment says.
func TestNormal64Error(t *testing.T) {
	const n = 1 << 18
	words := func(i int) (w []uint32) {
		for k, b := range NewHost(1).Fold(int64(i)).Bits(n) {
			if b >>= k % 32; k%3 == 0 {
				b = ^b
			}
			w = append(w, b)
		}
		return append(w, 0, math.MaxUint32)
	}
	exec := graph.MustNewExec(backend.MustOpen(), func(words []*graph.Node) []*graph.Node {
		u := unit64(words[0], words[1])
		r, cos, sin := turn64(graph.OnesLike(u), words[0], words[1])
		return []*graph.Node{u, uniform64(words[0], words[1]), minus2Log64(u), graph.Mul(r, cos), graph.Mul(r, sin)}
	})
	var values [5][]float64
	for i, v := range exec.MustCall(words(0), words(1)) {
		values[i] = tensors.MustCopyFlatData[float64](v)
	}
	var logs, turns float64
	for i, u := range values[0] {
		if want := -2 * math.Log(u); want == 0 && values[2][i] != 0 {
			t.Errorf("−2 ln 1: got %g", values[2][i])
		} else if want != 0 {
			logs = max(logs, math.Abs(values[2][i]-want)/want)
		}
		s, c := math.Sincos(2 * math.Pi * math.Remainder(values[1][i], 1))
		turns = max(turns, math.Abs(values[3][i]-c), math.Abs(values[4][i]-s))
	}
	t.Logf("logarithm: relative error %.3g; cosine and sine: error %.3g", logs, turns)
	if !(logs < 5e-16 && turns < 6e-16) {
		t.Errorf("logarithm: relative error %.3g, limit 5e-16; cosine and sine: error %.3g, limit 6e-16", logs, turns)
	}
}

// TestPermutation counts the 24 permutations of 4 numbers and sorts a long one.
func TestPermutation(t *testing.T) {
	draws := 3000 // of 4 permutations
	if testing.Short() {
		draws = 300
	}
	exec := graph.MustNewExec(backend.MustOpen(), func(state *graph.Node) []*graph.Node {
		s := FromNode(state)
		_, long := Permutation(s, 100)
		small := make([]*graph.Node, 4)
		for i := range small {
			s, small[i] = Permutation(s, 4)
		}
		return []*graph.Node{s.Node(), long, graph.Stack(small, 0)}
	})
	counts, index := make([]float64, 24), map[[4]int32]int{}
	state := tensors.FromValue([]uint32{34, 0, 0}) // FromKey(Key(34)).Node()
	for range draws {
		out := exec.MustCall(state)
		state = out[0]
		small := tensors.MustCopyFlatData[int32](out[2])
		for p := range slices.Chunk(small, 4) {
			key := [4]int32(p)
			if _, ok := index[key]; !ok {
				index[key] = len(index)
			}
			counts[index[key]]++
		}
		long := slices.Sorted(slices.Values(tensors.MustCopyFlatData[int32](out[1])))
		for i, x := range long {
			if x != int32(i) {
				t.Fatal("Permutation(100) is not a permutation")
			}
		}
	}
	if x2, limit := chiSquared(counts, uniformShares(24)), chiLimit(23, alpha); x2 > limit {
		t.Errorf("χ² = %.1f, limit %.1f", x2, limit)
	}
}
