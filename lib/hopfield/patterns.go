package hopfield

import (
	"fmt"
	"math/bits"

	"gibbs/lib/rng"
)

// Patterns are M states of N units ±1, one bit for each, packed by pattern and by
// unit: overlaps of patterns and products of units are then counts of bits. They do
// not change.
type Patterns struct {
	n, m   int
	states [][]uint64 // [M][⌈N/64⌉]: bit i of states[μ] is set where ξᵢ^μ = +1
	units  [][]uint64 // [N][⌈M/64⌉]: the transpose
}

// NewPatterns packs states of equal length. The error says which is not of ±1, or
// not as long as the first.
func NewPatterns(states ...[]int8) (*Patterns, error) {
	if len(states) == 0 || len(states[0]) == 0 {
		return nil, fmt.Errorf("hopfield: no patterns, or patterns of no units; give at least one of one unit")
	}
	p := emptyPatterns(len(states), len(states[0]))
	for mu, x := range states {
		if err := checkState(x, p.n); err != nil {
			return nil, fmt.Errorf("hopfield: pattern %d: %w", mu, err)
		}
		pack(p.states[mu], x)
	}
	p.transpose()
	return p, nil
}

// RandomPatterns draws m states of n units, each ±1 with equal probability, in one
// draw. It panics if m or n is below 1.
func RandomPatterns(h *rng.Host, m, n int) *Patterns {
	if m < 1 || n < 1 {
		panic(fmt.Sprintf("hopfield: RandomPatterns draws at least one pattern of one unit, got %d of %d", m, n))
	}
	p := emptyPatterns(m, n)
	width := len(p.states[0])
	drawn := h.Bits(2 * m * width)
	for mu, row := range p.states {
		for k := range row {
			at := 2 * (mu*width + k)
			row[k] = uint64(drawn[at])<<32 | uint64(drawn[at+1])
		}
		if rest := n % 64; rest != 0 {
			row[width-1] &= 1<<rest - 1
		}
	}
	p.transpose()
	return p
}

func emptyPatterns(m, n int) *Patterns {
	rows := func(count, length int) [][]uint64 {
		r := make([][]uint64, count)
		for k := range r {
			r[k] = make([]uint64, (length+63)/64)
		}
		return r
	}
	return &Patterns{n, m, rows(m, n), rows(n, m)}
}

func (p *Patterns) transpose() {
	for mu, row := range p.states {
		for i := range p.n {
			p.units[i][mu/64] |= bit(row, i) << (mu % 64)
		}
	}
}

// Len is M, the number of patterns.
func (p *Patterns) Len() int { return p.m }

// Units is N, the length of a pattern.
func (p *Patterns) Units() int { return p.n }

// State returns pattern mu as N numbers ±1, a copy.
func (p *Patterns) State(mu int) []int8 {
	x := make([]int8, p.n)
	for i := range x {
		x[i] = spin(p.states[mu], i)
	}
	return x
}

// Overlaps returns the overlap of a state with each pattern, from −1 to 1. It panics
// unless x has N units ±1.
//
//	m_μ = (1/N) Σᵢ ξᵢ^μ xᵢ
func (p *Patterns) Overlaps(x []int8) []float64 {
	if err := checkState(x, p.n); err != nil {
		panic("hopfield: Overlaps: " + err.Error())
	}
	packed := make([]uint64, len(p.states[0]))
	pack(packed, x)
	m := make([]float64, p.m)
	for mu := range m {
		m[mu] = float64(product(p.states[mu], packed, p.n)) / float64(p.n)
	}
	return m
}

// checkState says what keeps x from being a state of n units ±1.
func checkState(x []int8, n int) error {
	if len(x) != n {
		return fmt.Errorf("%d units, want %d", len(x), n)
	}
	for i, s := range x {
		if s != 1 && s != -1 {
			return fmt.Errorf("unit %d is %d, want −1 or +1", i, s)
		}
	}
	return nil
}

// pack sets the bits of the units that are +1 in words, which are zero before.
func pack(words []uint64, x []int8) {
	for i, s := range x {
		if s > 0 {
			words[i/64] |= 1 << (i % 64)
		}
	}
}

func bit(words []uint64, i int) uint64 { return words[i/64] >> (i % 64) & 1 }

// spin is unit i of packed words, ±1.
func spin(words []uint64, i int) int8 { return int8(2*bit(words, i)) - 1 }

// product is Σ aᵢbᵢ of two packed states of n units.
func product(a, b []uint64, n int) int {
	differ := 0
	for k := range a {
		differ += bits.OnesCount64(a[k] ^ b[k])
	}
	return n - 2*differ
}
