package diag

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// Float is a number of a tensor that diag reads.
type Float interface{ ~float32 | ~float64 }

// Chains sorts the draws of a sampler by coordinate: from flat draws
// [draws, chains, dim], row by row, to [dim][chains][draws]. It panics unless
// chains and dim are positive and their product divides the length.
func Chains[T Float](flat []T, chains, dim int) [][][]float64 {
	if chains < 1 || dim < 1 || len(flat)%(chains*dim) != 0 {
		panic(fmt.Sprintf("diag: Chains of %d numbers, %d chains, %d coordinates: want positive sizes whose product divides the length", len(flat), chains, dim))
	}
	out := make([][][]float64, dim)
	for d := range out {
		out[d] = make([][]float64, chains)
		for c := range out[d] {
			for i := c*dim + d; i < len(flat); i += chains * dim {
				out[d][c] = append(out[d][c], float64(flat[i]))
			}
		}
	}
	return out
}

// minDraws is the least length of a chain: two halves with a variance each.
const minDraws = 4

// usable reports whether a diagnostic of the chains exists: at least minChains
// chains of at least minDraws draws, all finite, none constant. It panics if
// lengths differ.
func usable(chains [][]float64, minChains int) bool {
	mustBeEven(chains)
	if len(chains) < minChains || len(chains[0]) < minDraws {
		return false
	}
	for _, chain := range chains {
		low, high := span(chain)
		if !(low < high) || math.IsInf(low, 0) || math.IsInf(high, 0) {
			return false
		}
	}
	return true
}

func mustBeEven(chains [][]float64) {
	for _, chain := range chains {
		if len(chain) != len(chains[0]) {
			panic(fmt.Sprintf("diag: chains of %d and %d draws: want equal lengths", len(chains[0]), len(chain)))
		}
	}
}

// span returns the least and the greatest number, NaN where one is.
func span(x []float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range x {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}

// split returns the first and the last half of every chain as chains of their
// own; an odd chain loses its middle draw. A chain that drifts becomes two that
// disagree.
func split(chains [][]float64) [][]float64 {
	halves := make([][]float64, 0, 2*len(chains))
	for _, chain := range chains {
		half := len(chain) / 2
		halves = append(halves, chain[:half], chain[len(chain)-half:])
	}
	return halves
}

// transform applies f to every draw.
func transform(chains [][]float64, f func(x float64) float64) [][]float64 {
	out := make([][]float64, len(chains))
	for c, chain := range chains {
		out[c] = make([]float64, len(chain))
		for i, x := range chain {
			out[c][i] = f(x)
		}
	}
	return out
}

// below marks the draws up to x: 1 where a draw is at most x, else 0.
func below(chains [][]float64, x float64) [][]float64 {
	return transform(chains, func(draw float64) float64 {
		if draw <= x {
			return 1
		}
		return 0
	})
}

// fold returns the distances from the median of all draws: their R̂ compares
// spreads as that of the draws compares locations.
func fold(chains [][]float64) [][]float64 {
	all := sorted(chains)
	median := (all[(len(all)-1)/2] + all[len(all)/2]) / 2
	return transform(chains, func(x float64) float64 { return math.Abs(x - median) })
}

// rankNormalise replaces every draw by the normal score of its rank among all
// draws, equal draws by that of their mean rank:
//
//	z = Φ⁻¹((rank − 3/8) / (N + 1/4))
//
// Source: Blom, "Statistical estimates and transformed beta-variables", 1958;
// Vehtari et al. 2021, eq. 14.
func rankNormalise(chains [][]float64) [][]float64 {
	all := sorted(chains)
	return transform(chains, func(x float64) float64 {
		first := sort.SearchFloat64s(all, x)
		equal := sort.SearchFloat64s(all[first:], math.Nextafter(x, math.Inf(1)))
		rank := float64(first) + float64(equal+1)/2
		return distuv.UnitNormal.Quantile((rank - 0.375) / (float64(len(all)) + 0.25))
	})
}

// sorted returns all draws in increasing order.
func sorted(chains [][]float64) []float64 {
	all := slices.Concat(chains...)
	slices.Sort(all)
	return all
}

// quantile interpolates linearly between the order statistics x₁ … x_N at the
// position 1 + p(N − 1), type 7 of Hyndman and Fan 1996.
func quantile(sorted []float64, p float64) float64 {
	n := float64(len(sorted))
	position := float64(n*p) + (1 - p) // rounded as SciPy's, as draws are counted up to the quantile
	k := min(max(math.Floor(position), 1), n-1)
	low, high := sorted[int(k)-1], sorted[min(int(k), len(sorted)-1)]
	return low + min(max(position-k, 0), 1)*(high-low)
}

func mustBeProbability(name string, p float64) {
	if !(0 < p && p < 1) {
		panic(fmt.Sprintf("diag: %s at probability %v: want 0 < p < 1", name, p))
	}
}
