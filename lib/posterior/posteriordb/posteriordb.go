// Package posteriordb holds seven posteriors whose moments are known: a model, its data,
// and reference means and mean squares, each from 10,000 nearly independent draws.
//
// A sampler that is right agrees with them ([Posterior.Compare]) and says so itself
// ([Posterior.Check]).
//
// Source: Magnusson et al., "posteriordb: Testing, benchmarking and developing Bayesian
// inference algorithms", 2025, and github.com/stan-dev/posteriordb; the data and figures
// are © Stan Developers, under the BSD licence beside them.
package posteriordb

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path"
	"strings"
	"text/tabwriter"

	"gibbs/lib/diag"
	"gibbs/lib/mcmc"
	"gibbs/lib/posterior"
)

// Posterior is a model with its data, and what is known of it.
type Posterior struct {
	Name      string // its folder: data-model
	Model     posterior.Model
	Sampling  mcmc.Sampling // what samples it well: 10 chains; Dim and Seed are left open
	Reference []Reference
}

// Reference is what is known of one number: its mean, and the mean of its square.
type Reference struct {
	Label            string
	Mean, MeanSquare diag.Estimate
}

// All returns the seven posteriors.
func All() []Posterior {
	return []Posterior{EightSchools(), AR5(), GaussianMixture(), Kilpisjarvi(), EarnHeight(), LinearRegression(), GaussianProcess()}
}

// Limit is how many combined standard errors a moment may be off: a false alarm in a
// million.
const Limit = 4.89

// Comparison is a moment as draws have it, beside its reference.
type Comparison struct {
	Label           string
	Square          bool // the mean of the square, not of the number
	Ours, Reference diag.Estimate
}

// Z is the difference in combined standard errors.
func (c Comparison) Z() float64 {
	return (c.Ours.Value - c.Reference.Value) / math.Hypot(c.Ours.Error, c.Reference.Error)
}

// Compare returns all moments, means first. It panics if d is of another model.
func (p Posterior) Compare(d *posterior.Draws) (all []Comparison) {
	for _, square := range []bool{false, true} {
		for _, r := range p.Reference {
			chains, reference := d.Column(r.Label), r.Mean
			if square {
				chains, reference = squares(chains), r.MeanSquare
			}
			s := diag.Summarize(chains)
			all = append(all, Comparison{r.Label, square, diag.Estimate{Value: s.Mean, Error: s.MCSEMean}, reference})
		}
	}
	return all
}

// Table prints comparisons, one a line.
func Table(all []Comparison) string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "E\tours\t± mcse\treference\t± mcse\tz\t")
	for _, c := range all {
		name := c.Label
		if c.Square {
			name += "²"
		}
		fmt.Fprintf(table, "%s\t%.6g\t%.2g\t%.6g\t%.2g\t%+.2f\t\n", name, c.Ours.Value, c.Ours.Error, c.Reference.Value, c.Reference.Error, c.Z())
	}
	table.Flush()
	return text.String()
}

func squares(chains [][]float64) [][]float64 {
	out := make([][]float64, len(chains))
	for c, chain := range chains {
		for _, x := range chain {
			out[c] = append(out[c], x*x)
		}
	}
	return out
}

// Check returns an error that lists every moment beyond the [Limit], every number with
// R̂ ≥ 1.01 or an effective sample size, in the bulk or the tails, below 400, and the
// divergences; nil if there is nothing to list.
func (p Posterior) Check(d *posterior.Draws) error {
	var faults []error
	for _, c := range p.Compare(d) {
		if z := c.Z(); !(math.Abs(z) < Limit) {
			faults = append(faults, fmt.Errorf("%s, square %v: %.6g ± %.2g, reference %.6g ± %.2g, z = %.1f",
				c.Label, c.Square, c.Ours.Value, c.Ours.Error, c.Reference.Value, c.Reference.Error, z))
		}
	}
	for _, r := range p.Reference {
		if s := diag.Summarize(d.Column(r.Label)); !(s.RHat < 1.01 && s.ESSBulk >= 400 && s.ESSTail >= 400) {
			faults = append(faults, fmt.Errorf("%s: R̂ %.4f, effective draws %.0f in the bulk, %.0f in the tails", r.Label, s.RHat, s.ESSBulk, s.ESSTail))
		}
	}
	if n := d.Divergences(); n > 0 {
		faults = append(faults, fmt.Errorf("%d divergent transitions", n))
	}
	if faults == nil {
		return nil
	}
	return fmt.Errorf("posteriordb: %s: %w", p.Name, errors.Join(faults...))
}

//go:embed data
var files embed.FS

// read reads a JSON file of a posterior. The files are part of the program, so what is
// wrong with them is a bug.
func read(name, file string, into any) {
	text, err := files.ReadFile(path.Join("data", name, file))
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		panic(fmt.Sprintf("posteriordb: %v", err))
	}
}

// references reads what is known of a posterior.
func references(name string) (all []Reference) {
	var means struct {
		Names []string  `json:"names"`
		Value []float64 `json:"mean_value"`
		Error []float64 `json:"mcse_mean"`
	}
	var meanSquares struct {
		Value []float64 `json:"mean_squared_value"`
		Error []float64 `json:"mcse_mean"`
	}
	read(name, "mean.json", &means)
	read(name, "mean_squared.json", &meanSquares)
	for i, label := range means.Names {
		all = append(all, Reference{
			Label:      label,
			Mean:       diag.Estimate{Value: means.Value[i], Error: means.Error[i]},
			MeanSquare: diag.Estimate{Value: meanSquares.Value[i], Error: meanSquares.Error[i]},
		})
	}
	return all
}
