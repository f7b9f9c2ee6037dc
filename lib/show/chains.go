package show

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// TracePlot returns a panel with the draws of one number, [chains][draws], a line for
// each chain in a shade of its own, and crosses where the transition diverged
// (divergent [chains][draws]; nil: not known). Chains that agree make one even band; a
// line that keeps to a place of its own, drifts or stands still is what to look for. It
// panics on sizes that differ.
func TracePlot(name string, chains [][]float64, divergent [][]bool) *Plot {
	mustBeChains("TracePlot", chains, divergent)
	p := NewPlot("draw", name)
	for c, chain := range chains {
		p.Line(count(len(chain)), chain, Style{Color: shade(c, len(chains)), Size: 1, Opacity: 0.8})
	}
	var xs, ys []float64
	each(divergent, func(c, i int) { xs, ys = append(xs, float64(i)), append(ys, chains[c][i]) })
	p.crosses(xs, ys)
	return p
}

// RankPlot returns a panel with a line for each chain of [chains][draws]: how often the
// ranks of its draws among all draws lie in each of 20 bins, as a multiple of what is
// even. Chains of one law stay near 1, further off the slower they mix; one that lies
// too low has its line above 1 on the left, and one that spreads too little in the
// middle. Equal draws share the mean of their ranks. It panics on sizes that differ.
//
// Source: Vehtari, Gelman, Simpson, Carpenter, Bürkner, "Rank-normalization, folding,
// and localization: an improved R̂ for assessing convergence of MCMC", 2021, section 3.
func RankPlot(name string, chains [][]float64) *Plot {
	mustBeChains("RankPlot", chains, nil)
	const bins = 20
	p := NewPlot("rank of "+name+" among all draws", "share, 1 = even")
	all := slices.Concat(chains...)
	slices.Sort(all)
	edges := make([]float64, 0, 2*bins)
	for b := range bins {
		edges = append(edges, float64(b)/bins, float64(b+1)/bins)
	}
	for c, chain := range chains {
		heights := make([]float64, 2*bins)
		for _, x := range chain {
			if math.IsNaN(x) {
				continue
			}
			from, _ := slices.BinarySearch(all, x)
			to, _ := slices.BinarySearch(all, math.Nextafter(x, math.Inf(1)))
			b := min(int(float64(from+to)/2/float64(len(all))*bins), bins-1)
			heights[2*b] += bins / float64(len(chain))
			heights[2*b+1] = heights[2*b]
		}
		p.Line(edges, heights, Style{Color: shade(c, len(chains)), Size: 1.2})
	}
	p.HLine(1, Target("even"))
	p.XRange(0, 1)
	return p
}

// EnergyPlot returns a panel with two histograms of the energies H of a Hamiltonian
// sampler, [chains][draws]: their distances from their chain's mean, and their changes
// from draw to draw. Where the second is much narrower than the first, chains move
// through the energies slowly, and tails may be missing; its width squared over the
// first's is E-BFMI. It panics on sizes that differ.
func EnergyPlot(energy [][]float64) *Plot {
	mustBeChains("EnergyPlot", energy, nil)
	var levels, changes []float64
	widest := 0.0
	for _, chain := range energy {
		mean := stat.Mean(chain, nil)
		for i, e := range chain {
			levels = append(levels, e-mean)
			if i > 0 {
				changes = append(changes, e-chain[i-1])
			}
		}
	}
	for _, d := range slices.Concat(levels, changes) {
		if usable(d, false) {
			widest = max(widest, math.Abs(d))
		}
	}
	if widest == 0 {
		widest = 1
	}
	p := NewPlot("energy", "density")
	p.Histogram(levels, -widest, widest, 40, Data("H − mean"))
	if len(changes) > 0 {
		p.Histogram(changes, -widest, widest, 40, Model("change of H in a draw"))
	}
	return p
}

// PairPlot returns a panel with the draws of two numbers, [chains][draws] each, as
// points, and crosses where the transition diverged (nil: not known). Crosses that
// crowd in one corner point to where the law cannot be followed. It panics on sizes
// that differ.
func PairPlot(xName, yName string, x, y [][]float64, divergent [][]bool) *Plot {
	mustBeChains("PairPlot", x, divergent)
	mustBeChains("PairPlot", y, divergent)
	p := NewPlot(xName, yName)
	p.Scatter(slices.Concat(x...), slices.Concat(y...), Model(""))
	var xs, ys []float64
	each(divergent, func(c, i int) { xs, ys = append(xs, x[c][i]), append(ys, y[c][i]) })
	p.crosses(xs, ys)
	return p
}

// crosses marks divergent draws; none, no entry in the legend.
func (p *Plot) crosses(xs, ys []float64) {
	if len(xs) > 0 {
		p.Scatter(xs, ys, Target(fmt.Sprintf("%d divergent", len(xs))))
	}
}

// shade is the colour of chain c of n: blues from dark to middling, which stand out
// from the card.
func shade(c, n int) color.NRGBA {
	t := 0.0
	if n > 1 {
		t = float64(c) / float64(n-1)
	}
	dark, light := toOKLab(lowest), toOKLab(modelBlue)
	return fromOKLab([3]float64{
		dark[0] + t*(light[0]+0.08-dark[0]), dark[1] + t*(light[1]-dark[1]), dark[2] + t*(light[2]-dark[2]),
	})
}

// each calls f for every mark that is set.
func each(marks [][]bool, f func(c, i int)) {
	for c, row := range marks {
		for i, set := range row {
			if set {
				f(c, i)
			}
		}
	}
}

// count returns 0, 1, …, n−1.
func count(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i)
	}
	return x
}

func mustBeChains(name string, chains [][]float64, divergent [][]bool) {
	even := len(chains) > 0 && len(chains[0]) > 0 && (divergent == nil || len(divergent) == len(chains))
	for c, chain := range chains {
		even = even && len(chain) == len(chains[0]) && (divergent == nil || len(divergent[c]) == len(chain))
	}
	if !even {
		panic(fmt.Sprintf("show: %s: want [chains][draws] of one size, with a draw or more", name))
	}
}
