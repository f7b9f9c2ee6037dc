package rng

import (
	"fmt"
	"math"
)

// Host is a random stream on the host. It draws the same words as a [State] of
// the same seed, folds, splits, lanes and sizes of draws. Its methods advance it,
// but for Key, Fold, Split and Lanes. The zero Host is the stream of seed 0. It is
// not safe for concurrent use: give each goroutine its own Fold.
type Host struct {
	key   [2]uint32
	draws uint32
	lanes [][laneWords]uint32 // not nil: the words come from these
}

// NewHost returns the stream of a seed.
func NewHost(seed int64) *Host {
	return &Host{key: [2]uint32(Key(seed))}
}

// Key returns the stream's key, uint32[2], for [FromKey] in a graph. It panics on
// a stream of lanes, as Fold, Split and Lanes do.
func (h *Host) Key() []uint32 {
	h.assertKeyed("Key")
	return h.key[:]
}

// Fold returns the independent stream that n names, as [State.Fold] does.
func (h *Host) Fold(n int64) *Host {
	return h.child(foldTweak, [2]uint32(Key(n)))
}

// Split returns two independent streams, to be used instead of h.
func (h *Host) Split() (*Host, *Host) {
	return h.child(splitTweak, [2]uint32{0, h.draws}), h.child(splitTweak, [2]uint32{1, h.draws})
}

// Lanes returns the stream of n lanes that [State.Lanes] returns. It panics if n < 1.
func (h *Host) Lanes(n int) *Host {
	if n < 1 {
		panic(fmt.Sprintf("rng: Lanes(%d): want at least one lane", n))
	}
	seeds := h.child(laneTweak, [2]uint32{0, h.draws}).Bits(laneWords * n)
	lanes := make([][laneWords]uint32, n)
	for i := range lanes {
		for j := range lanes[i] {
			lanes[i][j] = seeds[j*n+i]
		}
	}
	return &Host{lanes: lanes}
}

func (h *Host) assertKeyed(method string) {
	if h.lanes != nil {
		panic(fmt.Sprintf("rng: %s of a Host of lanes: call it before Lanes, on the keyed Host", method))
	}
}

func (h *Host) child(tweak uint32, block [2]uint32) *Host {
	h.assertKeyed("Fold, Split or Lanes")
	return &Host{key: hostThreefry([2]uint32{h.key[0], h.key[1] ^ tweak}, block)}
}

// Bits draws n words, those of [Bits] with n elements. It panics if n < 0.
func (h *Host) Bits(n int) []uint32 {
	words := make([]uint32, n)
	if h.lanes != nil {
		h.laneBits(words)
		return words
	}
	blocks := (n + 1) / 2
	for i := range blocks {
		block := hostThreefry(h.key, [2]uint32{uint32(i), h.draws})
		words[i] = block[0]
		if blocks+i < n {
			words[blocks+i] = block[1]
		}
	}
	h.draws++
	return words
}

// laneBits fills words from the lanes and advances each equally often.
func (h *Host) laneBits(words []uint32) {
	for start := 0; start < len(words); start += len(h.lanes) {
		for i := range h.lanes {
			if word := hostAdvance(&h.lanes[i]); start+i < len(words) {
				words[start+i] = word
			}
		}
	}
}

// Uniform draws n numbers in (0, 1), those of [Uniform] in float64.
func (h *Host) Uniform(n int) []float64 {
	words := h.Bits(2 * n)
	u := make([]float64, n)
	for i := range u {
		u[i] = hostUniform64(words[i], words[n+i])
	}
	return u
}

// Normal draws n standard normal numbers, those of [Normal] in float64 up to
// their last bits.
func (h *Host) Normal(n int) []float64 {
	pairs := (n + 1) / 2
	words := h.Bits(4 * pairs)
	z := make([]float64, 2*pairs)
	for i := range pairs {
		u := float64(words[i])*0x1p-32 + (float64(words[pairs+i])*0x1p-64 + 0x1p-65)
		v := hostUniform64(words[2*pairs+i], words[3*pairs+i])
		r := math.Sqrt(-2 * math.Log(u))
		sin, cos := math.Sincos(2 * math.Pi * v)
		z[i], z[pairs+i] = r*cos, r*sin
	}
	return z[:n]
}

// Intn draws one number from 0 to n−1, that of [Integers]. It panics unless 0 < n < 2³¹.
func (h *Host) Intn(n int) int {
	if n < 1 || n > math.MaxInt32 {
		panic(fmt.Sprintf("rng: Intn draws from 0 to n−1 with 0 < n < 2³¹, got n=%d", n))
	}
	return below(h.Bits(1)[0], n)
}

// Perm draws a permutation of 0…n−1 (Fisher–Yates, one draw of n words). Each has
// the probability 1/n! to within a relative n²·2⁻³². It panics unless 0 ≤ n < 2³¹.
func (h *Host) Perm(n int) []int {
	if n < 0 || n > math.MaxInt32 {
		panic(fmt.Sprintf("rng: Perm permutes 0 ≤ n < 2³¹ numbers, got n=%d", n))
	}
	perm := make([]int, n)
	for i, word := range h.Bits(n) {
		j := below(word, i+1)
		perm[i] = perm[j]
		perm[j] = i
	}
	return perm
}

// below maps a word to 0…n−1.
func below(word uint32, n int) int {
	return int(uint64(word) * uint64(n) >> 32)
}

func hostUniform64(high, low uint32) float64 {
	return float64(high)*0x1p-32 + (float64(low>>12)*0x1p-52 + 0x1p-53)
}
