package rbm

import (
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/floats"
)

// MaxEnumerated is the largest layer that is summed over.
const MaxEnumerated = 30

// blockBits: the states of a block differ in that many bits. In a block, exponentials
// are carried along by multiplication; each block begins anew, so that what
// multiplications lose stays below 1e-12.
const blockBits = 12

// table is a machine as a sum over the states of one layer, in bits: x = scale·bit +
// shift turns units into bits, and what is left of it is a constant.
//
//	log weight(x) = constant + b·x + Σⱼ Γ(cⱼ + Σᵢ xᵢWᵢⱼ)
type table struct {
	w        [][]float64 // [enumerated][other]
	b, c     []float64
	other    Units // Bernoulli or Gaussian
	constant float64

	up, down [][]float64 // exp(±w), where the inputs are small enough for products; else nil
}

// enumeration returns the table of the machine's visible layer.
func (m *RBM) enumeration() (*table, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	n, k := m.W.Dims()
	switch {
	case m.VisibleUnits == Gaussian:
		return nil, fmt.Errorf("rbm: Gaussian units have no states to sum over")
	case n > MaxEnumerated:
		return nil, fmt.Errorf("rbm: %d units have too many states to sum over: at most %d, or use AIS", n, MaxEnumerated)
	}
	sv, dv := m.VisibleUnits.fromBits()
	sh, dh := m.HiddenUnits.fromBits()
	t := &table{b: make([]float64, n), c: make([]float64, k), other: m.HiddenUnits}
	if t.other == Spin {
		t.other = Bernoulli
	}
	for j := range t.c {
		t.c[j] = sh * m.C[j]
		t.constant += dh * m.C[j]
	}
	for i := range t.b {
		row := append([]float64(nil), m.W.RawRowView(i)...)
		sum := floats.Sum(row)
		t.b[i] = sv * (m.B[i] + dh*sum)
		t.constant += dv * (m.B[i] + dh*sum)
		floats.AddScaled(t.c, sh*dv, row)
		floats.Scale(sv*sh, row)
		t.w = append(t.w, row)
	}
	t.factors()
	return t, nil
}

// factors makes the exponentials of the couplings, if sums of inputs stay small.
func (t *table) factors() {
	if t.other != Bernoulli {
		return
	}
	for j, c := range t.c {
		reach := math.Abs(c)
		for _, row := range t.w {
			reach += math.Abs(row[j])
		}
		if !(reach < 200) {
			return
		}
	}
	for _, row := range t.w[:min(blockBits, len(t.w))] {
		up, down := make([]float64, len(row)), make([]float64, len(row))
		for j, w := range row {
			up[j], down[j] = math.Exp(w), math.Exp(-w)
		}
		t.up, t.down = append(t.up, up), append(t.down, down)
	}
}

// blocks is how many blocks the states make, and size how many states a block has.
func (t *table) blocks() int { return 1 << max(0, len(t.b)-blockBits) }
func (t *table) size() int   { return 1 << min(blockBits, len(t.b)) }

// walk visits the states of a block in the order of a Gray code. visit is given the
// number of the state (bit i is unit i), its log weight, the unit that was flipped
// before it (−1: none), and the other layer's exp(inputs), or inputs where there are
// no factors.
func (t *table) walk(block int, visit func(state int, logWeight float64, flipped int, x []float64)) {
	state := block << min(blockBits, len(t.b))
	x := append([]float64(nil), t.c...)
	bias := t.constant
	for i := range t.b {
		if state>>i&1 == 1 {
			floats.Add(x, t.w[i])
			bias += t.b[i]
		}
	}
	if t.up != nil {
		for j := range x {
			x[j] = math.Exp(x[j])
		}
	}
	visit(state, bias+t.rest(x), -1, x)
	for step := 1; step < t.size(); step++ {
		i := bits.TrailingZeros(uint(step))
		state ^= 1 << i
		sign := float64(state>>i&1)*2 - 1
		bias += sign * t.b[i]
		t.flip(x, i, sign)
		visit(state, bias+t.rest(x), i, x)
	}
}

// flip changes x as unit i turns on (sign 1) or off (−1).
func (t *table) flip(x []float64, i int, sign float64) {
	switch {
	case t.up == nil:
		floats.AddScaled(x, sign, t.w[i])
	case sign > 0:
		floats.Mul(x, t.up[i])
	default:
		floats.Mul(x, t.down[i])
	}
}

// rest is Σⱼ Γ.
func (t *table) rest(x []float64) float64 {
	sum := 0.0
	if t.up == nil {
		for _, a := range x {
			sum += t.other.cumulant(a)
		}
		return sum
	}
	product := 1.0
	for _, e := range x {
		if product *= 1 + e; product > 1e140 {
			sum += math.Log(product)
			product = 1
		}
	}
	return sum + math.Log(product)
}

// mean is E[other unit] from its x.
func (t *table) mean(x float64) float64 {
	if t.up != nil {
		return x / (1 + x)
	}
	return t.other.mean(x)
}

// logZs returns the log of the sum of each block's weights.
func (t *table) logZs() []float64 {
	logs := make([]float64, t.blocks())
	parallel(len(logs), func(block int) {
		all := make([]float64, 0, t.size())
		t.walk(block, func(_ int, logWeight float64, _ int, _ []float64) { all = append(all, logWeight) })
		logs[block] = floats.LogSumExp(all)
	})
	return logs
}

// parallel calls f with 0 … n−1 on all cores.
func parallel(n int, f func(i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	group.Wait()
}
