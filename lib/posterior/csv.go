package posterior

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gibbs/lib/mcmc"
)

// The columns that describe the sampler, as CmdStan calls them.
var samplerColumns = []string{"lp__", "accept_stat__", "stepsize__", "treedepth__", "n_leapfrog__", "divergent__", "energy__"}

// WriteFiles writes each chain to a file of its own, dir/name_1.csv, dir/name_2.csv and
// on, as CmdStan does, which ArviZ and Stan's own tools read; it returns their paths. A
// file appears when it is complete. The folder is made if it is not there; files of that
// name that an earlier run with more chains left are removed.
//
// Columns are lp__ (log p of the unconstrained numbers), accept_stat__, stepsize__,
// treedepth__, n_leapfrog__, divergent__, energy__, then the numbers of the model: theta[2]
// is written as theta.2. Numbers are written so that they read back equal.
//
// Differs: matrices go row by row, and energy__ is H where a transition began.
func (d *Draws) WriteFiles(dir, name string) (paths []string, err error) {
	files, err := d.createFiles(dir, name, len(d.LogP[0]))
	if err != nil {
		return nil, err
	}
	for chain, f := range files {
		d.writeRows(f.out, chain)
	}
	return complete(files, dir, name)
}

// WriteChain writes one chain, counted from 0, as [Draws.WriteFiles] does.
func (d *Draws) WriteChain(w io.Writer, chain int) error {
	out := bufio.NewWriter(w)
	d.writeHead(out, chain, len(d.LogP[chain]))
	d.writeRows(out, chain)
	return out.Flush()
}

// chainFile is a file of one chain that is being written.
type chainFile struct {
	path string
	part *os.File // path with ".part"
	out  *bufio.Writer
}

// createFiles makes a file for each chain, of so many draws, and writes its head.
func (d *Draws) createFiles(dir, name string, draws int) (files []*chainFile, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("posterior: %w", err)
	}
	for chain := range d.LogP {
		path := chainPath(dir, name, chain)
		part, err := os.Create(path + ".part")
		if err != nil {
			return nil, fmt.Errorf("posterior: %w", err)
		}
		f := &chainFile{path, part, bufio.NewWriter(part)}
		d.writeHead(f.out, chain, draws)
		files = append(files, f)
	}
	return files, nil
}

func chainPath(dir, name string, chain int) string {
	return filepath.Join(dir, fmt.Sprintf("%s_%d.csv", name, chain+1))
}

// complete gives files their names, and removes those of further chains.
func complete(files []*chainFile, dir, name string) (paths []string, err error) {
	for _, f := range files {
		err := cmp.Or(f.out.Flush(), f.part.Sync())
		err = cmp.Or(err, f.part.Close())
		if err = cmp.Or(err, os.Rename(f.part.Name(), f.path)); err != nil {
			return paths, fmt.Errorf("posterior: %w", err)
		}
		paths = append(paths, f.path)
	}
	for chain := len(files); len(files) > 0; chain++ {
		if os.Remove(chainPath(dir, name, chain)) != nil {
			break // there are no more
		}
	}
	return paths, nil
}

// writeHead writes what comes before the draws. Errors of out are told by its Flush.
func (d *Draws) writeHead(out *bufio.Writer, chain, draws int) {
	fmt.Fprintf(out, "# method = sample\n# num_samples = %d\n# save_warmup = 0\n# thin = 1\n# algorithm = hmc\n# engine = nuts\n# id = %d\n",
		draws, chain+1)
	out.WriteString(strings.Join(samplerColumns, ","))
	for _, c := range d.Columns {
		out.WriteString("," + strings.NewReplacer("[", ".", "]", "", ",", ".").Replace(c.Label))
	}
	fmt.Fprintf(out, "\n# Adaptation terminated\n# Step size = %s\n", number(d.StepSize[chain]))
	if mass := d.InverseMass[chain]; len(mass) > 0 {
		kind := "Diagonal elements"
		if len(mass) != len(d.X[chain][0]) {
			kind = "Elements"
		}
		fmt.Fprintf(out, "# %s of inverse mass matrix:\n# %s\n", kind, strings.Join(texts(mass), ", "))
	}
}

func (d *Draws) writeRows(out *bufio.Writer, chain int) {
	for i := range d.LogP[chain] {
		divergent := 0.0
		if d.Divergent[chain][i] {
			divergent = 1
		}
		row := []float64{d.LogP[chain][i], d.AcceptProb[chain][i], d.StepSize[chain],
			float64(d.Depth[chain][i]), float64(d.Leapfrogs[chain][i]), divergent, d.Energy[chain][i]}
		for _, c := range d.Columns {
			row = append(row, c.Chains[chain][i])
		}
		out.WriteString(strings.Join(texts(row), ",") + "\n")
	}
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func texts(row []float64) (out []string) {
	for _, x := range row {
		out = append(out, number(x))
	}
	return out
}

// Rows reads draws as CmdStan writes them, one at a time: the names of the columns, which
// are the same slice each time, and the numbers of a draw. Lines that begin with # are
// passed over. It ends after the first error.
func Rows(r io.Reader) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<26)
		var columns []string
		for line := 1; lines.Scan(); line++ {
			text := strings.TrimSpace(lines.Text())
			if text == "" || text[0] == '#' {
				continue
			}
			cells := strings.Split(text, ",")
			if columns == nil {
				columns = cells
				continue
			}
			row, err := parseRow(columns, cells)
			if err != nil {
				yield(Row{}, fmt.Errorf("posterior: line %d: %w", line, err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Row{}, fmt.Errorf("posterior: %w", err))
		}
	}
}

// Row is a draw of a file.
type Row struct {
	Columns []string // the names of the file's columns
	Values  []float64
}

func parseRow(columns, cells []string) (Row, error) {
	if len(cells) != len(columns) {
		return Row{}, fmt.Errorf("%d cells under %d names: is the file cut off?", len(cells), len(columns))
	}
	row := Row{Columns: columns}
	for i, cell := range cells {
		x, err := strconv.ParseFloat(cell, 64)
		if err != nil {
			return Row{}, fmt.Errorf("column %s: %w", columns[i], err)
		}
		row.Values = append(row.Values, x)
	}
	return row, nil
}

// ReadFiles reads chains that [Draws.WriteFiles] or CmdStan wrote, a file for each. The
// draws have columns, and of the sampler's fields those that the files have; not X. Files
// that a killed run left, which end in ".part", are read as far as all of them go. The error
// says which file differs from the first.
func ReadFiles(paths ...string) (*Draws, error) {
	if len(paths) == 0 {
		return nil, fmt.Errorf("posterior: ReadFiles: no files were given")
	}
	d := &Draws{Draws: &mcmc.Draws{}}
	for chain, path := range paths {
		if err := d.readFile(path, chain); err != nil {
			return nil, fmt.Errorf("posterior: %s: %w", path, err)
		}
	}
	for i := range d.Columns {
		chains := d.Columns[i].Chains
		shortest := len(slices.MinFunc(chains, func(a, b []float64) int { return len(a) - len(b) }))
		for chain, path := range paths {
			if len(chains[chain]) != shortest && !strings.HasSuffix(path, ".part") {
				return nil, fmt.Errorf("posterior: %s has %d draws, and another of the files %d: are they of one run?", path, len(chains[chain]), shortest)
			}
			chains[chain] = chains[chain][:shortest]
		}
	}
	d.cut()
	return d, nil
}

// cut shortens what is known of the sampler to the draws of the columns.
func (d *Draws) cut() {
	if len(d.Columns) == 0 {
		return
	}
	for chain, draws := range d.Columns[0].Chains {
		for _, field := range [][][]float64{d.LogP, d.AcceptProb, d.Energy} {
			field[chain] = field[chain][:min(len(draws), len(field[chain]))]
		}
		d.Leapfrogs[chain] = d.Leapfrogs[chain][:min(len(draws), len(d.Leapfrogs[chain]))]
		d.Depth[chain] = d.Depth[chain][:min(len(draws), len(d.Depth[chain]))]
		d.Divergent[chain] = d.Divergent[chain][:min(len(draws), len(d.Divergent[chain]))]
	}
}

func (d *Draws) readFile(path string, chain int) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := io.Reader(f)
	if strings.HasSuffix(path, ".part") {
		if lines, err = wholeLines(f); err != nil {
			return err
		}
	}
	d.addChain()
	for row, err := range Rows(lines) {
		if err != nil {
			return err
		}
		k := 0
		for i, x := range row.Values {
			if d.setSampler(chain, row.Columns[i], x) {
				continue
			}
			label := columnLabel(row.Columns[i])
			if chain == 0 && len(d.Columns) == k {
				d.Columns = append(d.Columns, Column{Label: label, Chains: make([][]float64, 1)})
			}
			if k == len(d.Columns) || d.Columns[k].Label != label {
				return fmt.Errorf("its column %d, %s, is not that of the files before it", i+1, label)
			}
			d.Columns[k].Chains[chain] = append(d.Columns[k].Chains[chain], x)
			k++
		}
		if k != len(d.Columns) {
			return fmt.Errorf("it has %d of the %d columns of the files before it", k, len(d.Columns))
		}
	}
	return nil
}

// wholeLines reads a file up to its last line feed: what a run that was killed left.
func wholeLines(f *os.File) (io.Reader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	tail := make([]byte, min(info.Size(), 1<<20))
	from := info.Size() - int64(len(tail))
	if _, err := f.ReadAt(tail, from); err != nil {
		return nil, err
	}
	return io.NewSectionReader(f, 0, from+int64(bytes.LastIndexByte(tail, '\n')+1)), nil
}

// addChain makes room for a chain.
func (d *Draws) addChain() {
	d.LogP, d.AcceptProb, d.Energy = append(d.LogP, nil), append(d.AcceptProb, nil), append(d.Energy, nil)
	d.Leapfrogs, d.Depth, d.Divergent = append(d.Leapfrogs, nil), append(d.Depth, nil), append(d.Divergent, nil)
	d.StepSize = append(d.StepSize, 0)
	for i := range d.Columns {
		d.Columns[i].Chains = append(d.Columns[i].Chains, nil)
	}
}

// setSampler keeps a number that describes the sampler; it reports whether it does.
func (d *Draws) setSampler(chain int, column string, x float64) bool {
	switch column {
	case "lp__":
		d.LogP[chain] = append(d.LogP[chain], x)
	case "accept_stat__":
		d.AcceptProb[chain] = append(d.AcceptProb[chain], x)
	case "stepsize__":
		d.StepSize[chain] = x
	case "treedepth__":
		d.Depth[chain] = append(d.Depth[chain], int(x))
	case "n_leapfrog__":
		d.Leapfrogs[chain] = append(d.Leapfrogs[chain], int(x))
	case "divergent__":
		d.Divergent[chain] = append(d.Divergent[chain], x != 0)
	case "energy__":
		d.Energy[chain] = append(d.Energy[chain], x)
	default:
		return strings.HasSuffix(column, "__")
	}
	return true
}

// columnLabel turns theta.1.2 into theta[1,2].
func columnLabel(column string) string {
	name, index, found := strings.Cut(column, ".")
	if !found {
		return column
	}
	return name + "[" + strings.ReplaceAll(index, ".", ",") + "]"
}
