package diag

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// Traces is what a sampler left: the draws of some named numbers, and what it told
// about its transitions as far as it did. All chains are of one length.
type Traces struct {
	Names     []string      // of the numbers
	Draws     [][][]float64 // [number][chains][draws]
	Divergent [][]bool      // [chains][draws]: did the integrator lose the trajectory? nil: not known
	Depth     [][]int       // [chains][draws] of the tree; nil: not known
	MaxDepth  int           // of the tree; 0 means 10
	Energy    [][]float64   // [chains][draws]; nil: not known
}

// Report says what chains are worth.
type Report struct {
	Names     []string
	Summaries []Summary // of each number
	// Divergences and AtMaxDepth count transitions, −1 where nothing is known of them.
	Transitions, Divergences, AtMaxDepth int
	EBFMI                                []float64 // of each chain; nil where nothing is known
	Findings                             []Finding // what is wrong, the gravest first
}

// Finding is something that is wrong with chains, and what to try.
type Finding struct{ Problem, Try string }

// Thresholds of a report.
//
// Source: Vehtari et al. 2021, section 2 (R̂, ESS for each chain); Betancourt 2016 and
// Stan (E-BFMI).
const (
	maxRHat  = 1.01
	minESS   = 100 // for each chain
	minEBFMI = 0.3
)

// Report judges the traces. It finds draws that are not finite and chains that are
// constant, which have no diagnostics; divergences; trees as deep as allowed; an R̂ of
// 1.01 or more; an E-BFMI below 0.3; and effective sample sizes below 100 for each
// chain. It panics if the sizes of the fields do not fit.
func (t Traces) Report() *Report {
	t.mustFit()
	r := &Report{Names: t.Names, Divergences: -1, AtMaxDepth: -1}
	for _, chains := range t.Draws {
		r.Summaries = append(r.Summaries, Summarize(chains))
	}
	chains, draws := t.size()
	r.Transitions = chains * draws
	r.unavailable(t)
	if t.Divergent != nil {
		r.countDivergent(t)
	}
	r.disagreement(t)
	if t.Energy != nil {
		r.energies(t)
	}
	if t.Depth != nil {
		r.countDepth(t)
	}
	r.fewDraws(chains)
	return r
}

func (r *Report) find(try, problem string, args ...any) {
	r.Findings = append(r.Findings, Finding{fmt.Sprintf(problem, args...), try})
}

// unavailable finds numbers of which a diagnostic does not exist.
func (r *Report) unavailable(t Traces) {
	chains, draws := t.size()
	if chains < 2 {
		r.find("Run at least four chains from places that differ.", "There is only one chain: R̂ is not available, and nothing tells whether it found all of the law.")
	}
	if draws < minDraws {
		r.find("Draw more.", "Chains of %d draws have no diagnostics.", draws)
	}
	for i, name := range t.Names {
		for c, chain := range t.Draws[i] {
			low, high := span(chain)
			switch {
			case math.IsNaN(low) || math.IsInf(low, 0) || math.IsInf(high, 0):
				r.find("Look for a logarithm or root of a negative number, or for an overflow, in log p.",
					"%s has draws that are not finite in chain %d: its diagnostics are not available.", name, c)
			case low == high && draws >= minDraws:
				r.find("If it is no constant of the model, the chain is stuck: begin elsewhere, or make the steps smaller.",
					"%s is the constant %g in chain %d: its diagnostics are not available.", name, low, c)
			default:
				continue
			}
			break // one chain of a number is enough
		}
	}
}

func (r *Report) countDivergent(t Traces) {
	r.Divergences = count(t.Divergent, func(yes bool) bool { return yes })
	if r.Divergences > 0 {
		r.find("Raise the target acceptance (to 0.95, then 0.99). If some stay, look where they lie in a pair plot, and write the model so that no scale shrinks there (non-centred).",
			"%d of %d transitions diverged: where they did, the law bends more than the steps can follow, and draws from there are missing.", r.Divergences, r.Transitions)
	}
}

func (r *Report) countDepth(t Traces) {
	most := t.MaxDepth
	if most == 0 {
		most = 10
	}
	r.AtMaxDepth = count(t.Depth, func(depth int) bool { return depth >= most })
	if r.AtMaxDepth > 0 {
		r.find("It costs time and not truth: rescale what varies much more than the rest, take a dense metric for strong correlations, or allow deeper trees.",
			"%d of %d trees are as deep as allowed (%d): the sampler wanted to go on.", r.AtMaxDepth, r.Transitions, most)
	}
}

func (r *Report) energies(t Traces) {
	for _, energy := range t.Energy {
		r.EBFMI = append(r.EBFMI, EBFMI(energy))
	}
	least, chain := math.Inf(1), 0
	for c, e := range r.EBFMI {
		if e < least {
			least, chain = e, c
		}
	}
	if least < minEBFMI {
		r.find("Look for a heavy tail or a scale that depends on another number, and write the model in other terms; more draws help little.",
			"E-BFMI is %.2f in chain %d (want %g): chains move through the energies slowly, and tails may be missing.", least, chain, minEBFMI)
	}
	if i := slices.IndexFunc(r.EBFMI, math.IsNaN); i >= 0 {
		r.find("Look at log p there.", "The energies of chain %d are constant or not finite: E-BFMI is not available.", i)
	}
}

// disagreement finds chains that differ.
func (r *Report) disagreement(t Traces) {
	var names []string
	worst, location := 0.0, false
	for i, s := range r.Summaries {
		if !(s.RHat < maxRHat) && !math.IsNaN(s.RHat) {
			names = append(names, t.Names[i])
			worst = math.Max(worst, s.RHat)
			location = location || RHatBulk(t.Draws[i]) >= maxRHat
		}
	}
	switch {
	case names == nil:
	case location:
		r.find("Look at the traces. If they drift, make the warm-up longer; if each stays at a place of its own, the law has several modes, which tempering crosses or another form of the model removes.",
			"Chains disagree about where %s %s (R̂ up to %.3f, want below %g): they have not seen the same law.", list(names), plural(len(names), "lies", "lie"), worst, maxRHat)
	default:
		r.find("Look at the traces for a chain that is stuck or hardly moves; compare their step sizes.",
			"Chains disagree about how far %s spreads (R̂ up to %.3f, want below %g).", list(names), worst, maxRHat)
	}
}

// fewDraws finds what is known from too few effective draws.
func (r *Report) fewDraws(chains int) {
	for _, c := range []struct {
		what string
		ess  func(s Summary) float64
		try  string
	}{
		{"the bulk", func(s Summary) float64 { return s.ESSBulk }, "Draw more; if far more would be needed, the steps suit the law badly: another metric, or another form of the model."},
		{"the tails", func(s Summary) float64 { return s.ESSTail }, "Draw more before reading quantiles such as 5 % and 95 %."},
	} {
		var names []string
		least := math.Inf(1)
		for i, s := range r.Summaries {
			if ess := c.ess(s); ess < float64(minESS*chains) {
				names, least = append(names, r.Names[i]), min(least, ess)
			}
		}
		if names != nil {
			r.find(c.try, "In %s, %s %s worth as few as %.0f independent draws (want %d, 100 for each chain).", c.what, list(names), plural(len(names), "is", "are"), least, minESS*chains)
		}
	}
}

// Table returns the summaries as a table for package show; what is not available is
// "n/a".
func (r *Report) Table() (header []string, rows [][]any) {
	header = []string{"", "mean", "± MCSE", "sd", "5 %", "median", "95 %", "R̂", "ESS bulk", "ESS tail"}
	for i, s := range r.Summaries {
		row := []any{r.Names[i]}
		for _, v := range []float64{s.Mean, s.MCSEMean, s.SD, s.Q5, s.Median, s.Q95} {
			row = append(row, orNA("%.4g", v))
		}
		rows = append(rows, append(row, orNA("%.3f", s.RHat), orNA("%.0f", s.ESSBulk), orNA("%.0f", s.ESSTail)))
	}
	return header, rows
}

// Words returns the judgement as sentences, one for a line: the findings with what to
// try, or that there are none, and what could not be checked.
func (r *Report) Words() string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s\n", f.Problem, f.Try)
	}
	if len(r.Findings) == 0 {
		fmt.Fprintf(&b, "No problem was found in %d draws.\n", r.Transitions)
	}
	var unknown []string
	for _, c := range []struct {
		name   string
		absent bool
	}{{"divergences", r.Divergences < 0}, {"depths of trees", r.AtMaxDepth < 0}, {"energies", r.EBFMI == nil}} {
		if c.absent {
			unknown = append(unknown, c.name)
		}
	}
	if unknown != nil {
		fmt.Fprintf(&b, "Not checked, as nothing is known of them: %s.\n", strings.Join(unknown, ", "))
	}
	return b.String()
}

// String returns the table and the words.
func (r *Report) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	header, rows := r.Table()
	header[7] = "R-hat" // a column as wide as its letters
	fmt.Fprintln(w, strings.Join(header, "\t")+"\t")
	for _, row := range rows {
		fmt.Fprintf(w, strings.Repeat("%v\t", len(row))+"\n", row...)
	}
	w.Flush()
	return b.String() + "\n" + r.Words()
}

// size returns the numbers of chains and draws.
func (t Traces) size() (chains, draws int) {
	if len(t.Draws) == 0 || len(t.Draws[0]) == 0 {
		return 0, 0
	}
	return len(t.Draws[0]), len(t.Draws[0][0])
}

func (t Traces) mustFit() {
	chains, draws := t.size()
	fits := len(t.Names) == len(t.Draws) && chains > 0
	for _, number := range t.Draws {
		fits = fits && even(number, chains, draws)
	}
	fits = fits && (t.Divergent == nil || even(t.Divergent, chains, draws)) &&
		(t.Depth == nil || even(t.Depth, chains, draws)) && (t.Energy == nil || even(t.Energy, chains, draws))
	if !fits {
		panic(fmt.Sprintf("diag: Traces of %d names, %d numbers, %d chains, %d draws: want a name for each number, and everything [chains][draws] of one size", len(t.Names), len(t.Draws), chains, draws))
	}
}

func even[T any](x [][]T, chains, draws int) bool {
	return len(x) == chains && !slices.ContainsFunc(x, func(row []T) bool { return len(row) != draws })
}

func count[T any](x [][]T, is func(T) bool) (n int) {
	for _, row := range x {
		for _, v := range row {
			if is(v) {
				n++
			}
		}
	}
	return n
}

func orNA(format string, v float64) string {
	if math.IsNaN(v) {
		return "n/a"
	}
	return fmt.Sprintf(format, v)
}

// list names up to four things, and says how many more there are.
func list(names []string) string {
	if len(names) > 4 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	if len(names) > 1 {
		return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
	}
	return names[0]
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
