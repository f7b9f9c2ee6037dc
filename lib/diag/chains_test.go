package diag

import (
	"math"
	"slices"
	"testing"

	"gibbs/lib/rng"
	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/stat"
)

// sigmas is the bound of a standard normal z-score at a false-alarm rate of 1e-6.
const sigmas = 4.89

// ar1 draws stationary chains x' = φx + √(1−φ²) z of variance 1, whose
// autocorrelation time is (1+φ)/(1−φ).
func ar1(h *rng.Host, phi float64, chains, draws int) [][]float64 {
	out := make([][]float64, chains)
	for c := range out {
		z := h.Normal(draws)
		for i := 1; i < draws; i++ {
			z[i] = phi*z[i-1] + math.Sqrt(1-phi*phi)*z[i]
		}
		out[c] = z
	}
	return out
}

func TestChainsAndRowsSortTensors(t *testing.T) {
	flat := make([]float32, 2*3*2) // [draws 2, chains 3, dim 2]
	for i := range flat {
		flat[i] = float32(i)
	}
	if d := cmp.Diff([][][]float64{{{0, 6}, {2, 8}, {4, 10}}, {{1, 7}, {3, 9}, {5, 11}}}, Chains(flat, 3, 2)); d != "" {
		t.Errorf("Chains (-want +got):\n%s", d)
	}
	if d := cmp.Diff([][]float64{{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9, 10, 11}}, Rows(flat, 4)); d != "" {
		t.Errorf("Rows (-want +got):\n%s", d)
	}
}

func TestSplitLosesTheMiddle(t *testing.T) {
	if d := cmp.Diff([][]float64{{1, 2}, {4, 5}}, split([][]float64{{1, 2, 3, 4, 5}})); d != "" {
		t.Errorf("halves of 5 (-want +got):\n%s", d)
	}
}

// TestMeanRanks counts ranks pair by pair: below + (equal + 1)/2.
func TestMeanRanks(t *testing.T) {
	chains := [][]float64{{3, 1, 3, 0}, {-0.5, 3, 1, 7}}
	all := slices.Concat(chains...)
	got := slices.Concat(rankNormalise(chains)...)
	for i, x := range all {
		rank := 0.5
		for _, y := range all {
			if y < x {
				rank++
			} else if y == x {
				rank += 0.5
			}
		}
		p := (rank - 0.375) / (float64(len(all)) + 0.25)
		if want := math.Sqrt2 * math.Erfinv(2*p-1); math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("normal score of %v is %v, want %v", x, got[i], want)
		}
	}
}

// TestRankStatisticsIgnoreTheScale: a rising function of the draws changes no rank.
func TestRankStatisticsIgnoreTheScale(t *testing.T) {
	chains := ar1(rng.NewHost(7), 0.5, 4, 50)
	exponential := transform(chains, func(x float64) float64 { return math.Exp(3 * x) })
	for name, f := range map[string]func([][]float64) float64{"RHatBulk": RHatBulk, "ESSBulk": ESSBulk} {
		if a, b := f(chains), f(exponential); a != b {
			t.Errorf("%s is %v of x and %v of exp 3x", name, a, b)
		}
	}
}

// TestRHatSees: each kind of disagreement raises the R̂ that is meant for it, and
// agreement, in Cauchy's law too, raises none.
func TestRHatSees(t *testing.T) {
	h := rng.NewHost(11)
	normal := func(mean, sd func(c, i int) float64) [][]float64 {
		chains := ar1(h, 0, 4, 1000)
		for c, chain := range chains {
			for i := range chain {
				chain[i] = mean(c, i) + sd(c, i)*chain[i]
			}
		}
		return chains
	}
	zero := func(c, i int) float64 { return 0 }
	one := func(c, i int) float64 { return 1 }
	cauchy := transform(ar1(h, 0, 4, 1000), func(z float64) float64 {
		return math.Tan(math.Pi * (0.5*math.Erfc(-z/math.Sqrt2) - 0.5))
	})
	for _, c := range []struct {
		name         string
		chains       [][]float64
		bulk, folded bool
	}{
		{"agreement", normal(zero, one), false, false},
		{"Cauchy", cauchy, false, false},
		{"a chain 1 off", normal(func(c, i int) float64 { return float64(c / 3) }, one), true, false},
		{"drift", normal(func(c, i int) float64 { return float64(i) / 500 }, one), true, false},
		{"a chain twice as wide", normal(zero, func(c, i int) float64 { return 1 + float64(c/3) }), false, true},
	} {
		if got := RHatBulk(c.chains) > 1.01; got != c.bulk {
			t.Errorf("%s: bulk R̂ = %.4f", c.name, RHatBulk(c.chains))
		}
		if got := RHatFolded(c.chains) > 1.01; got != c.folded {
			t.Errorf("%s: folded R̂ = %.4f", c.name, RHatFolded(c.chains))
		}
	}
}

// TestNotAvailable: what cannot be told is NaN.
func TestNotAvailable(t *testing.T) {
	with := func(c, i int, x float64) [][]float64 {
		chains := ar1(rng.NewHost(13), 0, 4, 20)
		chains[c][i] = x
		return chains
	}
	frozen := ar1(rng.NewHost(13), 0, 4, 20)
	frozen[2] = slices.Repeat([]float64{0.3}, 20)
	for name, chains := range map[string][][]float64{
		"no chain":          nil,
		"no draw":           {{}, {}},
		"constant":          {{2, 2, 2, 2, 2}, {2, 2, 2, 2, 2}},
		"different, frozen": {{1, 1, 1, 1, 1}, {2, 2, 2, 2, 2}},
		"one of 4 frozen":   frozen,
		"NaN":               with(1, 7, math.NaN()),
		"NaN at first":      with(0, 0, math.NaN()),
		"Inf":               with(1, 7, math.Inf(1)),
		"-Inf":              with(3, 19, math.Inf(-1)),
		"overflow":          {{1e300, -1e300, 1e300, 0}, {-1e300, 1e300, 0, 1e300}},
		"3 draws":           {{1, 2, 3}, {3, 1, 2}},
	} {
		for diagnostic, f := range diagnostics {
			if name == "overflow" && diagnostic != "ESSMean" && diagnostic != "MCSEMean" && diagnostic != "ESSSD" && diagnostic != "MCSESD" {
				continue // ranks do not overflow
			}
			if kind := diagnostic[:4]; kind == "Quan" || kind == "Auto" {
				continue // see TestSummarize and below
			}
			if got := f(chains); !math.IsNaN(got) {
				t.Errorf("%s: %s is %v", name, diagnostic, got)
			}
		}
	}
	for name, f := range map[string]func([][]float64) float64{"RHat": RHat, "RHatBulk": RHatBulk, "RHatFolded": RHatFolded} {
		if got := f(ar1(rng.NewHost(13), 0, 1, 100)); !math.IsNaN(got) {
			t.Errorf("%s of one chain is %v", name, got)
		}
	}
	for _, chain := range [][]float64{{1, 1, 1, 1}, {1, 2, 3}, {1, 2, 3, math.NaN()}, {1, 2, 3, math.Inf(1)}} {
		for _, rho := range Autocorrelation(chain) {
			if !math.IsNaN(rho) {
				t.Errorf("autocorrelation of %v is %v", chain, rho)
			}
		}
	}
}

func TestSummarize(t *testing.T) {
	chains := ar1(rng.NewHost(17), 0.3, 2, 51)
	all := sorted(chains)
	want := Summary{
		Mean: stat.Mean(all, nil), SD: stat.StdDev(all, nil),
		Q5: quantile(all, 0.05), Median: quantile(all, 0.5), Q95: quantile(all, 0.95),
		MCSEMean: MCSEMean(chains), MCSESD: MCSESD(chains),
		RHat: RHat(chains), ESSBulk: ESSBulk(chains), ESSTail: ESSTail(chains),
		AutocorrelationTime: AutocorrelationTime(chains),
	}
	if d := cmp.Diff(want, Summarize(chains)); d != "" {
		t.Errorf("Summarize (-want +got):\n%s", d)
	}
	frozen := Summarize([][]float64{{2, 2, 2, 2}, {2, 2, 2, 2}})
	if frozen.Mean != 2 || frozen.SD != 0 || !math.IsNaN(frozen.RHat) {
		t.Errorf("summary of constant chains: %+v", frozen)
	}
	for _, chains := range [][][]float64{nil, {{1, 2, 3, math.NaN()}}, {{math.Inf(-1), 2, 3, math.Inf(1)}}} {
		if s := Summarize(chains); !math.IsNaN(s.Mean) || !math.IsNaN(s.Q95) || !math.IsNaN(s.MCSEMean) {
			t.Errorf("summary of %v: %+v", chains, s)
		}
	}
}
