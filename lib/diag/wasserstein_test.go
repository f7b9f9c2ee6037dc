package diag

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gibbs/lib/rng"
	"gonum.org/v1/gonum/stat/distuv"
)

// TestWassersteinByCopies repeats every number so often that the sizes are equal:
// then the best coupling pairs the sorted numbers.
func TestWassersteinByCopies(t *testing.T) {
	h := rng.NewHost(59)
	for _, size := range [][2]int{{1, 1}, {1, 5}, {2, 3}, {6, 4}, {7, 7}, {9, 13}} {
		x, y := h.Normal(size[0]), h.Normal(size[1])
		var xs, ys []float64
		for _, v := range x {
			xs = append(xs, slices.Repeat([]float64{v}, size[1])...)
		}
		for _, v := range y {
			ys = append(ys, slices.Repeat([]float64{v}, size[0])...)
		}
		slices.Sort(xs)
		slices.Sort(ys)
		sum := 0.0
		for i := range xs {
			sum += math.Pow(xs[i]-ys[i], 2) / float64(len(xs))
		}
		before := slices.Clone(x)
		if got := Wasserstein(x, y); math.Abs(got-math.Sqrt(sum)) > 1e-14 {
			t.Errorf("sizes %v: W₂ = %v, want %v", size, got, math.Sqrt(sum))
		}
		if !slices.Equal(x, before) {
			t.Error("Wasserstein sorts its argument")
		}
	}
}

// TestWassersteinOfNormals: W₂ of N(0, 1) and N(μ, s²) is √(μ² + (s−1)²), here of
// their quantiles; 20,000 cover the tails to 1e-3.
func TestWassersteinOfNormals(t *testing.T) {
	const n, mu, s = 20000, 0.3, 2.0
	x, y := make([]float64, n), make([]float64, n)
	for i := range n {
		x[i] = distuv.UnitNormal.Quantile((float64(i) + 0.5) / n)
		y[i] = mu + s*x[i]
	}
	if got, want := Wasserstein(x, y), math.Hypot(mu, s-1); math.Abs(got-want) > 1e-3 {
		t.Errorf("W₂ = %v, want %v", got, want)
	}
}

// slicedCheck compares a sliced distance with ‖c‖/√dim, that of a sample from its
// copy shifted by c, within 4.89 of its own errors; at 2,000 directions an error of
// 6 % or more shows. In one dimension it is |c| exactly.
func slicedCheck(sliced func(h *rng.Host, x, y [][]float64, directions int) Estimate) error {
	h := rng.NewHost(61)
	for _, dim := range []int{1, 2, 5, 64} {
		x := gaussians(h, 7, dim, 0)
		c := h.Normal(dim)
		norm, y := 0.0, make([][]float64, len(x))
		for d := range c {
			norm += c[d] * c[d]
		}
		for i := range x {
			for d := range c {
				y[i] = append(y[i], x[i][d]+c[d])
			}
		}
		got, want := sliced(h, x, y, 2000), math.Sqrt(norm/float64(dim))
		if math.Abs(got.Value-want) > sigmas*got.Error+1e-12 || got.Error > 0.02*want {
			return fmt.Errorf("%d dimensions: %.4f ± %.4f, want %.4f", dim, got.Value, got.Error, want)
		}
	}
	return nil
}

func TestSlicedWassersteinOfAShift(t *testing.T) {
	if err := slicedCheck(SlicedWasserstein); err != nil {
		t.Error(err)
	}
	// The error bar is right: 300 runs of 50 directions in the plane.
	x, y := Rows([]float64{0, 0, 1, 3, 2, 1}, 2), Rows([]float64{1, 2, 2, 5, 3, 3}, 2) // shifted by (1, 2)
	if err := calibrate("error of the directions", 400, math.Sqrt(2.5), 0.05, func(h *rng.Host) Estimate {
		return SlicedWasserstein(h, x, y, 50)
	}); err != nil {
		t.Error(err)
	}
}

func TestShiftTellsSlicedBugs(t *testing.T) {
	for name, wrong := range map[string]func(e Estimate, dim float64) float64{
		"square":                    func(e Estimate, dim float64) float64 { return e.Value * e.Value },
		"directions of length √dim": func(e Estimate, dim float64) float64 { return e.Value * math.Sqrt(dim) },
		"mean of the distances":     nil,
	} {
		if slicedCheck(func(h *rng.Host, x, y [][]float64, directions int) Estimate {
			e := SlicedWasserstein(h, x, y, directions)
			if wrong == nil {
				sum := 0.0
				for i := range directions {
					sum += SlicedWasserstein(h.Fold(int64(i)), x, y, 2).Value / float64(directions)
				}
				return Estimate{sum, e.Error}
			}
			return Estimate{wrong(e, float64(len(x[0]))), e.Error}
		}) == nil {
			t.Errorf("not caught: %s", name)
		}
	}
}
