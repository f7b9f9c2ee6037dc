package diag

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gibbs/lib/rng"
	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/floats"
)

// naiveNearest computes every distance in full.
func naiveNearest(queries, set [][]float64) []Neighbour {
	var out []Neighbour
	for _, q := range queries {
		best := Neighbour{-1, math.Inf(1)}
		for i, p := range set {
			if d := floats.Distance(q, p, 2); d < best.Distance {
				best = Neighbour{i, d}
			}
		}
		out = append(out, best)
	}
	return out
}

// nearestCheck compares with naiveNearest, ties included.
func nearestCheck(nearest func(queries, set [][]float64) []Neighbour) error {
	h := rng.NewHost(67)
	for _, dim := range []int{1, 2, 15, 16, 17, 100} {
		set := gaussians(h, 60, dim, 0)
		set = append(set, set[5], set[3]) // ties: the first one counts
		queries := append(gaussians(h, 20, dim, 0.2), set[5], set[40])
		for i, got := range nearest(queries, set) {
			want := naiveNearest(queries, set)[i]
			if got.Index != want.Index || math.Abs(got.Distance-want.Distance) > 1e-13 {
				return fmt.Errorf("%d dimensions, query %d: %v, want %v", dim, i, got, want)
			}
		}
	}
	return nil
}

func TestNearestByAllDistances(t *testing.T) {
	if err := nearestCheck(Nearest); err != nil {
		t.Error(err)
	}
	for name, wrong := range map[string]func(q, set [][]float64) []Neighbour{
		"last of ties": func(q, set [][]float64) []Neighbour {
			backwards := slices.Clone(set)
			slices.Reverse(backwards)
			found := Nearest(q, backwards)
			for i := range found {
				found[i].Index = len(set) - 1 - found[i].Index
			}
			return found
		},
		"squared distance": func(q, set [][]float64) []Neighbour {
			found := Nearest(q, set)
			for i := range found {
				found[i].Distance *= found[i].Distance
			}
			return found
		},
		"first 16 coordinates": func(q, set [][]float64) []Neighbour {
			cut := func(points [][]float64) (out [][]float64) {
				for _, p := range points {
					out = append(out, p[:min(16, len(p))])
				}
				return out
			}
			return Nearest(cut(q), cut(set))
		},
	} {
		if nearestCheck(wrong) == nil {
			t.Errorf("not caught: %s", name)
		}
	}
	nan := math.NaN()
	if d := cmp.Diff([]Neighbour{{1, 2}, {-1, math.Inf(1)}}, Nearest([][]float64{{0}, {nan}}, [][]float64{{nan}, {2}})); d != "" {
		t.Errorf("with NaN (-want +got):\n%s", d)
	}
}

func TestMedianDistanceByAllPairs(t *testing.T) {
	h := rng.NewHost(71)
	for _, n := range []int{1, 2, 3, 9} {
		x, y := gaussians(h, n, 3, 0), gaussians(h, 4, 3, 1)
		var distances []float64
		for i, p := range slices.Concat(x, y) {
			for _, q := range slices.Concat(x, y)[:i] {
				distances = append(distances, floats.Distance(p, q, 2))
			}
		}
		slices.Sort(distances)
		want := (distances[(len(distances)-1)/2] + distances[len(distances)/2]) / 2
		if got := MedianDistance(x, y); math.Abs(got-want) > 1e-14 {
			t.Errorf("%d + 4 points: %v, want %v", n, got, want)
		}
	}
}

func TestMisuse(t *testing.T) {
	h, p := rng.NewHost(1), Rows(make([]float64, 8), 2)
	for name, f := range map[string]func(){
		"Chains, no chain":        func() { Chains([]float64{1}, 0, 1) },
		"Chains, broken":          func() { Chains([]float64{1, 2, 3}, 2, 1) },
		"Rows, broken":            func() { Rows([]float64{1, 2, 3}, 2) },
		"Rows, no column":         func() { Rows([]float64{1, 2, 3}, 0) },
		"RHat, lengths":           func() { RHat([][]float64{{1, 2, 3, 4}, {1, 2, 3}}) },
		"Summarize, lengths":      func() { Summarize([][]float64{{1}, {}}) },
		"ESSQuantile at 0":        func() { ESSQuantile(nil, 0) },
		"MCSEQuantile at NaN":     func() { MCSEQuantile(nil, math.NaN()) },
		"ModeWeights of none":     func() { ModeWeights([][]int{{1}}, 0, itself) },
		"ModeWeights, lengths":    func() { ModeWeights([][]int{{1}, {1, 0}}, 2, itself) },
		"MMD of 2":                func() { MMD(p[:2], p, Distance) },
		"MMD, dimensions":         func() { MMD(p, Rows(make([]float64, 9), 3), Distance) },
		"permutations":            func() { PermutationTest(h, p, p, Distance, 0) },
		"PermutationTest of 2":    func() { PermutationTest(h, p, p[:2], Distance, 9) },
		"Power by nothing":        func() { Power(h, 0, 0.05, nil) },
		"Wasserstein of none":     func() { Wasserstein(nil, []float64{1}) },
		"1 direction":             func() { SlicedWasserstein(h, p, p, 1) },
		"SlicedWasserstein, none": func() { SlicedWasserstein(h, p, nil, 10) },
		"Nearest of none":         func() { Nearest(p, nil) },
		"Nearest, dimensions":     func() { Nearest([][]float64{{1}}, p) },
		"MedianDistance, none":    func() { MedianDistance(nil, p) },
		"KL, lengths":             func() { KL([]float64{1}, []float64{1, 2}) },
		"KL of none":              func() { KL(nil, nil) },
		"Fisher, shape":           func() { FisherDivergence(make([]float64, 6), make([]float64, 6), []int{5}, []float64{1}) },
		"Fisher, short axis":      func() { FisherDivergence(make([]float64, 6), make([]float64, 6), []int{3, 2}, []float64{1, 1}) },
		"Fisher, spacing":         func() { FisherDivergence(make([]float64, 6), make([]float64, 6), []int{6}, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			f()
		}()
	}
}
