package diag

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"gibbs/lib/rng"
	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// gaussians draws n points of N(shift·1, I).
func gaussians(h *rng.Host, n, dim int, shift float64) [][]float64 {
	return transform(Rows(h.Normal(n*dim), dim), func(z float64) float64 { return z + shift })
}

// bruteMMD is the definition, pair by pair.
func bruteMMD(x, y [][]float64, k Kernel) float64 {
	between := func(a, b [][]float64, same bool) float64 {
		sum, pairs := 0.0, 0.0
		for i := range a {
			for j := range b {
				if !same || i != j {
					d2 := 0.0
					for d := range a[i] {
						d2 += math.Pow(a[i][d]-b[j][d], 2)
					}
					sum, pairs = sum+k(d2), pairs+1
				}
			}
		}
		return sum / pairs
	}
	return between(x, x, true) + between(y, y, true) - 2*between(x, y, false)
}

func TestMMDByPairs(t *testing.T) {
	h := rng.NewHost(1)
	for _, c := range []struct{ n, m, dim int }{{3, 3, 1}, {7, 4, 2}, {12, 20, 40}} {
		x, y := gaussians(h, c.n, c.dim, 0), gaussians(h, c.m, c.dim, 0.5)
		for name, k := range map[string]Kernel{"Gaussian": Gaussian(2), "energy": Distance} {
			got := MMD(x, y, k)
			if want := bruteMMD(x, y, k); math.Abs(got.Value-want) > 1e-12 {
				t.Errorf("%s %v: MMD² = %v, want %v", name, c, got.Value, want)
			}
			if want := bruteJackknife(x, y, k); math.Abs(got.Error-want) > 1e-12 {
				t.Errorf("%s %v: error = %v, want %v", name, c, got.Error, want)
			}
			if indices := identity(c.n + c.m)[:c.n]; math.Abs(newGram(slices.Concat(x, y), k).mmd(indices)-got.Value) > 1e-12 {
				t.Errorf("%s %v: the sums of the permutation test give another MMD²", name, c)
			}
		}
	}
}

// bruteJackknife leaves every point out in turn.
func bruteJackknife(x, y [][]float64, k Kernel) float64 {
	part := func(points [][]float64, mmd func(without [][]float64) float64) float64 {
		var without []float64
		for i := range points {
			without = append(without, mmd(slices.Delete(slices.Clone(points), i, i+1)))
		}
		return stat.PopVariance(without, nil) * float64(len(points)-1)
	}
	return math.Sqrt(part(x, func(rest [][]float64) float64 { return bruteMMD(rest, y, k) }) +
		part(y, func(rest [][]float64) float64 { return bruteMMD(x, rest, k) }))
}

// exactMMD is MMD² of N(0, 1) and N(δ, 1) for the Gaussian kernel of bandwidth h:
// differences are N(δ, 2) or N(0, 2).
func exactMMD(delta, h float64) float64 {
	v := h*h + 2
	return 2 * h / math.Sqrt(v) * (1 - math.Exp(-delta*delta/(2*v)))
}

// exactEnergy is the energy distance of N(0, 1) and N(δ, 1): E|N(μ, 2)| is
// (2/√π) exp(−μ²/4) + μ(2Φ(μ/√2) − 1).
func exactEnergy(delta float64) float64 {
	folded := func(mu float64) float64 {
		return 2/math.Sqrt(math.Pi)*math.Exp(-mu*mu/4) + mu*(2*distuv.UnitNormal.CDF(mu/math.Sqrt2)-1)
	}
	return 2*folded(delta) - 2*folded(0)
}

// meanOf returns a fault unless the mean of 400 runs is exact within 4.89 standard
// errors. With 20 and 25 points a run these are 0.003 to 0.007 (Gaussian) and 0.006
// to 0.03 (energy).
func meanOf(exact float64, run func(h *rng.Host) float64) error {
	values := make([]float64, 400)
	for i := range values {
		values[i] = run(rng.NewHost(23).Fold(int64(i)))
	}
	m, sd := stat.MeanStdDev(values, nil)
	if z := (m - exact) / (sd / 20); !(math.Abs(z) < sigmas) {
		return fmt.Errorf("mean %.5f, exact %.5f, z = %.2f, standard error %.2g", m, exact, z, sd/20)
	}
	return nil
}

func TestMMDHasNoBias(t *testing.T) {
	draw := func(h *rng.Host, delta float64) (x, y [][]float64) {
		return gaussians(h, 20, 1, 0), gaussians(h, 25, 1, delta)
	}
	for _, delta := range []float64{0, 2} {
		if err := meanOf(exactMMD(delta, 1), func(h *rng.Host) float64 {
			x, y := draw(h, delta)
			return MMD(x, y, Gaussian(1)).Value
		}); err != nil {
			t.Errorf("Gaussian kernel, δ = %v: %v", delta, err)
		}
		if err := meanOf(exactEnergy(delta), func(h *rng.Host) float64 {
			x, y := draw(h, delta)
			return EnergyDistance(x, y).Value
		}); err != nil {
			t.Errorf("energy, δ = %v: %v", delta, err)
		}
	}
}

// TestMeanTellsMMDBugs: the closed form catches each.
func TestMeanTellsMMDBugs(t *testing.T) {
	for name, wrong := range map[string]func(x, y [][]float64) float64{
		"biased diagonal": func(x, y [][]float64) float64 {
			g := newGram(slices.Concat(x, y), Gaussian(1))
			n, m := float64(len(x)), float64(len(y))
			var sxx, syy, sxy float64
			for i, row := range g.k {
				for j, s := range row {
					switch {
					case i < len(x) && j < len(x):
						sxx += s
					case i >= len(x) && j >= len(x):
						syy += s
					default:
						sxy += s / 2
					}
				}
			}
			return (sxx+n)/(n*n) + (syy+m)/(m*m) - 2*sxy/(n*m)
		},
		"bandwidth without 2": func(x, y [][]float64) float64 { return MMD(x, y, Gaussian(math.Sqrt(0.5))).Value },
		"cross term once": func(x, y [][]float64) float64 {
			sum := 0.0
			for i := range x {
				for j := range y {
					sum += Gaussian(1)(squaredDistance(x[i], y[j], math.Inf(1)))
				}
			}
			return MMD(x, y, Gaussian(1)).Value + sum/float64(len(x)*len(y))
		},
		"a root": func(x, y [][]float64) float64 { return math.Sqrt(math.Abs(MMD(x, y, Gaussian(1)).Value)) },
	} {
		if meanOf(exactMMD(2, 1), func(h *rng.Host) float64 {
			return wrong(gaussians(h, 20, 1, 0), gaussians(h, 25, 1, 2))
		}) == nil {
			t.Errorf("not caught: %s", name)
		}
	}
}

// TestMMDErrorIsTheRightSize compares the mean of the squared error with the variance
// of 400 runs, which is itself known to 7 % (10 % at δ = 0, where it has heavier
// tails): about 1 where the laws differ (1.2 at these sizes), 2 where they are equal.
// An error bar that is wrong by the factor 1.4 shows.
func TestMMDErrorIsTheRightSize(t *testing.T) {
	for name, k := range map[string]Kernel{"Gaussian": Gaussian(1), "energy": Distance} {
		for delta, ratio := range map[float64]float64{0: 2.1, 1: 1.2} {
			values, square := make([]float64, 400), 0.0
			for i := range values {
				h := rng.NewHost(23).Fold(int64(i))
				e := MMD(gaussians(h, 40, 1, 0), gaussians(h, 60, 1, delta), k)
				values[i] = e.Value
				square += e.Error * e.Error / 400
			}
			if got := square / stat.Variance(values, nil); math.Abs(got/ratio-1) > sigmas*0.1 {
				t.Errorf("%s, δ = %v: mean squared error bar / variance = %.2f, want %v", name, delta, got, ratio)
			}
		}
	}
}

// TestOneCoreOrMany: the same numbers, to the last bit.
func TestOneCoreOrMany(t *testing.T) {
	h := rng.NewHost(29)
	x, y := gaussians(h, 30, 3, 0), gaussians(h, 31, 3, 0.3)
	run := func(cores int) []any {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
		h := rng.NewHost(31)
		return []any{MMD(x, y, Gaussian(MedianDistance(x, y))), PermutationTest(h, x, y, Distance, 99), SlicedWasserstein(h, x, y, 20), Nearest(x, y)}
	}
	if d := cmp.Diff(run(1), run(4)); d != "" {
		t.Errorf("1 core (-) and 4 (+):\n%s", d)
	}
}
