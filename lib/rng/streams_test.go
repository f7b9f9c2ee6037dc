package rng

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// stream is what checkStreams asks of a generator on the host.
type stream interface {
	Bits(n int) []uint32
	fold(n int64) stream
	split() (stream, stream)
}

type hostStream struct{ *Host }

func (h hostStream) fold(n int64) stream { return hostStream{h.Fold(n)} }
func (h hostStream) split() (stream, stream) {
	a, b := h.Split()
	return hostStream{a}, hostStream{b}
}

// checkStreams draws from every kind of stream that a seed gives, and compares
// every two draws: no words in common beyond chance, correlation of uniforms and
// of their squares within chance. It also checks each draw's uniformity by χ² on
// 64 cells, and each of the 32 bits.
//
// False alarms: 276 pairs × 2 correlations, 24 × (1 + 32) marginal tests, all at
// 1e-9, and equal words at the same place (expected 276·4096·2⁻³² = 3e-4 pairs of
// words; more than two fail, probability 3e-12): below 2e-6 together. A
// correlation above 6.1/√4096 = 0.096 is caught.
func checkStreams(root stream) error {
	const n, alpha9 = 4096, 6.11 // P(|z| > 6.11) = 1e-9
	left, right := root.split()
	leftLeft, _ := left.split()
	draws := map[string][]uint32{}
	take := func(name string, s stream) { draws[name] = s.Bits(n) }
	take("root 0", root)
	take("root 1", root)
	take("root 2", root)
	later, _ := root.split()
	for name, s := range map[string]stream{"left": left, "right": right, "left left": leftLeft, "later split": later} {
		take(name, s)
	}
	for i := range int64(8) {
		take(fmt.Sprint("fold ", i), root.fold(i))
		take(fmt.Sprint("fold high ", i), root.fold((i+1)<<32))
	}
	take("fold fold", root.fold(0).fold(0))

	names := make([]string, 0, len(draws))
	for name, words := range draws {
		if err := checkMarginal(words); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	equal := 0
	for i, a := range names {
		for _, b := range names[:i] {
			var product, squares float64
			for k, word := range draws[a] {
				x, y := centred(word), centred(draws[b][k])
				product += x * y
				squares += (x*x - 1) * (y*y - 1)
				if word == draws[b][k] {
					equal++
				}
			}
			// Var(x²) = 4/5 for x uniform of variance 1.
			for _, z := range []float64{product / math.Sqrt(n), squares / (0.8 * math.Sqrt(n))} {
				if math.Abs(z) > alpha9 {
					return fmt.Errorf("%s and %s are correlated: z = %.1f", a, b, z)
				}
			}
		}
	}
	if equal > 2 {
		return fmt.Errorf("%d words are equal in two streams at the same place", equal)
	}
	return nil
}

// centred maps a word to a uniform number of mean 0 and variance 1.
func centred(word uint32) float64 {
	return (float64(word)*0x1p-32 - 0.5) * math.Sqrt(12)
}

// checkMarginal tests words for uniformity: χ² on 64 cells and the share of ones
// in each bit, each at 1e-9.
func checkMarginal(words []uint32) error {
	n := float64(len(words))
	counts := make([]float64, 64)
	var ones [32]float64
	for _, w := range words {
		counts[w>>26]++
		for b := range ones {
			ones[b] += float64(w >> b & 1)
		}
	}
	if x2, limit := chiSquared(counts, uniformShares(64)), chiLimit(63, 1e-9); x2 > limit {
		return fmt.Errorf("χ² = %.1f over 63 degrees of freedom, limit %.1f", x2, limit)
	}
	for b, k := range ones {
		if z := (k - n/2) / math.Sqrt(n/4); math.Abs(z) > 6.11 {
			return fmt.Errorf("bit %d is one in %.3f of the words", b, k/n)
		}
	}
	return nil
}

func TestStreamsAreIndependent(t *testing.T) {
	for _, seed := range []int64{0, 1, -1} {
		if err := checkStreams(hostStream{NewHost(seed)}); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// streamBug is a Host with a mistake planted in its handling of keys and counters.
type streamBug struct {
	Host
	name              string
	counterStands     bool // a draw does not advance the counter
	halvesShareKey    bool // Split gives the same key twice
	splitForgetsDraws bool // Split after a draw gives what Split before it gave
	foldIgnoresHigh   bool // Fold uses 32 bits of its integer
	foldIgnoresKey    bool // Fold names the same streams under every key
	halvesShareBlock  bool // both words of a block are the first one
	indexIgnored      bool // every block of a draw has the same counter
}

var streamBugs = []streamBug{
	{name: "counter not advanced", counterStands: true},
	{name: "same key for both halves of Split", halvesShareKey: true},
	{name: "Split forgets the draws", splitForgetsDraws: true},
	{name: "Fold ignores the high word", foldIgnoresHigh: true},
	{name: "Fold ignores the key", foldIgnoresKey: true},
	{name: "one word of a block used twice", halvesShareBlock: true},
	{name: "block index ignored", indexIgnored: true},
}

func (b *streamBug) with(h *Host) *streamBug {
	child := *b
	child.Host = *h
	return &child
}

func (b *streamBug) Bits(n int) []uint32 {
	words := b.Host.Bits(n)
	if b.counterStands {
		b.draws--
	}
	for i := range words {
		switch {
		case b.halvesShareBlock:
			words[i] = words[i%((n+1)/2)]
		case b.indexIgnored:
			words[i] = words[i/((n+1)/2)*((n+1)/2)]
		}
	}
	return words
}

func (b *streamBug) fold(n int64) stream {
	if b.foldIgnoresHigh {
		n &= 0xFFFFFFFF
	}
	if b.foldIgnoresKey {
		return b.with(NewHost(0).Fold(n))
	}
	return b.with(b.Fold(n))
}

func (b *streamBug) split() (stream, stream) {
	if b.splitForgetsDraws {
		b = b.with(&Host{key: b.key})
	}
	left, right := b.Split()
	if b.halvesShareKey {
		right = left
	}
	return b.with(left), b.with(right)
}

func TestStreamsCatchPlantedBugs(t *testing.T) {
	if err := checkStreams(new(streamBug).with(NewHost(1))); err != nil {
		t.Fatalf("without a bug: %v", err)
	}
	for _, bug := range streamBugs {
		if err := checkStreams(bug.with(NewHost(1))); err == nil {
			t.Errorf("%s: not caught", bug.name)
		}
	}
}
