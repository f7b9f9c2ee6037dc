package posterior

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"gibbs/lib/diag"
	"gibbs/lib/mcmc"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Draws are draws from a posterior in the terms of its model, beside the unconstrained
// ones that the sampler made.
type Draws struct {
	*mcmc.Draws
	Columns []Column // the numbers of all parameters, then of all derived quantities
	of      map[Variable][2]int
}

// Column is one number of a parameter or a derived quantity.
type Column struct {
	Label  string
	Chains [][]float64 // [chains][draws], as package diag wants
}

// Sample draws from the posterior by [mcmc.NUTS]. Of c, Dim is filled in. The error says
// what is wrong with the model, before anything is sampled, or with c. For another sampler,
// or other depths, give the model to [mcmc.Sample], and its draws to [Model.Constrain].
func (m Model) Sample(ctx context.Context, b compute.Backend, c mcmc.Sampling) (*Draws, error) {
	if err := m.check(b); err != nil {
		return nil, err
	}
	c.Dim = m.Dim()
	raw, err := mcmc.Sample(ctx, b, mcmc.NUTS{Target: m}, c)
	if err != nil {
		return nil, err
	}
	return m.Constrain(b, raw)
}

// SampleFiles draws as [Model.Sample] does, and writes the draws as they come, in the
// files and the form of [Draws.WriteFiles], so that memory holds one block of them. Until
// it is complete, a file has ".part" at the end of its name; [ReadFiles] reads that too,
// when a run was killed. If ctx ends first, files have the draws so far, as many of each
// chain, and the error wraps ctx's.
func (m Model) SampleFiles(ctx context.Context, b compute.Backend, c mcmc.Sampling, dir, name string) (paths []string, err error) {
	if err := m.check(b); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("posterior: %w", err)
	}
	to := m.constrainer(b)
	defer to.finalize()
	var files []*chainFile
	each := c.Each
	c.Each = func(block *mcmc.Draws) error {
		d, err := to.draws(block)
		if err != nil {
			return err
		}
		if files == nil {
			if files, err = d.createFiles(dir, name, cmp.Or(c.Draws, 1000)); err != nil {
				return err
			}
		}
		for chain, f := range files {
			d.writeRows(f.out, chain)
			if err := f.out.Flush(); err != nil {
				return err
			}
		}
		if each != nil {
			return each(block)
		}
		return nil
	}
	c.Dim = m.Dim()
	_, err = mcmc.Sample(ctx, b, mcmc.NUTS{Target: m}, c)
	paths, failed := complete(files, dir, name)
	return paths, cmp.Or(err, failed)
}

// Constrain turns draws of the unconstrained numbers, which any sampler of package mcmc
// made, into draws in the terms of the model.
func (m Model) Constrain(b compute.Backend, raw *mcmc.Draws) (*Draws, error) {
	to := m.constrainer(b)
	defer to.finalize()
	return to.draws(raw)
}

// constrainer computes the variables of a model, some thousands of draws at a time.
type constrainer struct {
	Model
	backend compute.Backend
	exec    *Exec
	rows    int // of its program
}

const constrainedRows = 4096 // at most

func (m Model) constrainer(b compute.Backend) *constrainer { return &constrainer{Model: m, backend: b} }

func (c *constrainer) finalize() {
	if c.exec != nil {
		c.exec.Finalize()
	}
}

func (c *constrainer) draws(raw *mcmc.Draws) (*Draws, error) {
	flat, rows, dim := []float64{}, 0, c.Dim()
	for _, chain := range raw.X {
		flat = append(flat, slices.Concat(chain...)...)
		rows += len(chain)
	}
	if rows == 0 || len(flat) != rows*dim {
		return nil, fmt.Errorf("posterior: Constrain: %d numbers in %d draws, want %d in each", len(flat), rows, dim)
	}
	if c.rows == 0 {
		c.rows = min(rows, constrainedRows)
	}
	var values [][]float64 // of each variable, row by row
	var dims [][]int
	for from := 0; from < rows; from += c.rows {
		some := slices.Clone(flat[from*dim : min(from+c.rows, rows)*dim])
		for len(some) < c.rows*dim { // the last time
			some = append(some, flat[:dim]...)
		}
		out, err := c.evaluate(tensors.FromFlatDataAndDimensions(some, c.rows, dim))
		if err != nil {
			return nil, err
		}
		if values == nil {
			values, dims = make([][]float64, len(out)), make([][]int, len(out))
		}
		for i, v := range out {
			numbers, size := tensors.MustCopyFlatData[float64](v), v.Shape().Size()/c.rows
			values[i] = append(values[i], numbers[:min(c.rows, rows-from)*size]...)
			dims[i] = c.dims(c.variables()[i], v)
		}
	}
	d := &Draws{Draws: raw, of: map[Variable][2]int{}}
	for i, v := range c.variables() {
		size := len(values[i]) / rows
		labels := elementLabels(c.labels()[i], dims[i])
		d.of[v] = [2]int{len(d.Columns), len(d.Columns) + size}
		for k := range size {
			column, row := Column{Label: labels[k]}, 0
			for _, chain := range raw.X {
				draws := make([]float64, len(chain))
				for j := range draws {
					draws[j] = values[i][row*size+k]
					row++
				}
				column.Chains = append(column.Chains, draws)
			}
			d.Columns = append(d.Columns, column)
		}
	}
	return d, nil
}

// evaluate computes all variables at x [rows, Dim].
func (c *constrainer) evaluate(x *tensors.Tensor) (values []*tensors.Tensor, err error) {
	failure := exceptions.TryCatch[error](func() {
		if c.exec == nil {
			c.exec = MustNewExec(c.backend, func(x *Node) (out []*Node) {
				at, _ := c.point(x)
				for _, v := range c.variables() {
					out = append(out, at.Of(v))
				}
				return out
			})
		}
		values = c.exec.MustCall(x)
	})
	if failure != nil {
		return nil, fmt.Errorf("posterior: %w", failure)
	}
	return values, nil
}

// variables are the parameters, then the derived quantities.
func (m Model) variables() (all []Variable) {
	for _, p := range m.Parameters {
		all = append(all, p)
	}
	for _, q := range m.Derived {
		all = append(all, q)
	}
	return all
}

// labels are those of the variables, made up where there are none.
func (m Model) labels() (labels []string) {
	for i, v := range m.variables() {
		label := v.name()
		if label == "" && i < len(m.Parameters) {
			label = fmt.Sprintf("p%d", i+1)
		} else if label == "" {
			label = fmt.Sprintf("q%d", i-len(m.Parameters)+1)
		}
		labels = append(labels, label)
	}
	return labels
}

// dims are those that the labels of a variable count: none for a single number.
func (m Model) dims(v Variable, value *tensors.Tensor) []int {
	if p, ok := v.(*Param); ok {
		return p.dims
	}
	dims := value.Shape().Dimensions[1:]
	if len(dims) == 1 && dims[0] == 1 {
		return nil
	}
	return dims
}

// Of returns the columns of a parameter or a derived quantity, the last axis fastest. It
// panics if the model that was sampled does not have it.
func (d *Draws) Of(v Variable) []Column {
	place, ok := d.of[v]
	if !ok {
		why := "the model has no such parameter or derived quantity"
		if d.of == nil {
			why = "draws that were read from files know labels only; use Column"
		}
		exceptions.Panicf("posterior: Draws.Of(%q): %s", v.name(), why)
	}
	return d.Columns[place[0]:place[1]]
}

// Column returns the draws of the number with that label, [chains][draws]: for draws that
// were read from files, which know no more than labels. It panics if there is none.
func (d *Draws) Column(label string) [][]float64 {
	for _, c := range d.Columns {
		if c.Label == label {
			return c.Chains
		}
	}
	labels := make([]string, len(d.Columns))
	for i, c := range d.Columns {
		labels[i] = c.Label
	}
	exceptions.Panicf("posterior: Draws.Column: no number is called %q; there are %s", label, strings.Join(labels, ", "))
	return nil
}

// Traces returns the draws of the numbers with these labels, or of all if there are none,
// and what is known of their transitions: for [diag.Traces.Report] and the panels of package
// show. It panics if there is no such number.
func (d *Draws) Traces(labels ...string) diag.Traces {
	t := diag.Traces{Names: labels, Divergent: d.Divergent, Depth: d.Depth, Energy: d.Energy}
	for _, label := range labels {
		t.Draws = append(t.Draws, d.Column(label))
	}
	if len(labels) == 0 {
		for _, c := range d.Columns {
			t.Names, t.Draws = append(t.Names, c.Label), append(t.Draws, c.Chains)
		}
	}
	return t
}

// String is a table of all numbers: mean, its Monte-Carlo standard error, standard
// deviation, quantiles, effective sample sizes and R̂ ([diag.Summarize]), and a last line
// on how the chains went.
func (d *Draws) String() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tmean\tmcse\tsd\t5%\t50%\t95%\tess bulk\tess tail\tR̂\t")
	for _, c := range d.Columns {
		s := diag.Summarize(c.Chains)
		fmt.Fprintf(table, "%s\t%.4g\t%.2g\t%.3g\t%.4g\t%.4g\t%.4g\t%.0f\t%.0f\t%.3f\t\n",
			c.Label, s.Mean, s.MCSEMean, s.SD, s.Q5, s.Median, s.Q95, s.ESSBulk, s.ESSTail, s.RHat)
	}
	table.Flush()
	draws, leapfrogs, accept := 0, 0, 0.0
	for c, chain := range d.Leapfrogs {
		for i, n := range chain {
			draws, leapfrogs, accept = draws+1, leapfrogs+n, accept+d.AcceptProb[c][i]
		}
	}
	n := math.Max(1, float64(draws))
	fmt.Fprintf(&text, "%d chains, %d draws, %d divergent; mean acceptance %.2f, %.1f leapfrog steps a draw\n",
		len(d.Leapfrogs), draws, d.Divergences(), accept/n, float64(leapfrogs)/n)
	return text.String()
}
