// Package notebook reads, writes, normalises and checks Jupyter notebooks
// (nbformat 4). It keeps what it does not know, writes bytes as Jupyter writes
// them, and needs neither Python nor a kernel.
package notebook

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"gibbs/kernels/file"
)

// Kinds of cells.
const (
	Code     = "code"
	Markdown = "markdown"
	Raw      = "raw"
)

// Kinds of outputs.
const (
	Stream  = "stream"
	Display = "display_data"
	Result  = "execute_result"
	Failed  = "error"
)

// Notebook is one .ipynb file. The zero value is an empty notebook of no
// format version; Parse and Read give a whole one.
type Notebook struct {
	Cells         []Cell
	Metadata      map[string]any
	Format, Minor int // nbformat and nbformat_minor: 4 and 0..5

	rest map[string]any // fields that this package does not know
}

// Cell is one cell. Source holds the lines joined.
type Cell struct {
	Kind     string // Code, Markdown or Raw
	ID       string // "" before nbformat 4.5
	Source   string
	Metadata map[string]any
	Count    int      // code cells: execution count; 0 says never executed
	Outputs  []Output // code cells

	rest map[string]any
}

// Output is what one code cell showed. Which fields hold something depends on
// Kind.
type Output struct {
	Kind      string         // Stream, Display, Result or Failed
	Name      string         // Stream: "stdout" or "stderr"
	Text      string         // Stream
	Data      map[string]any // Display, Result: MIME type → text, or the value of a JSON type
	Metadata  map[string]any // Display, Result
	EName     string         // Failed: kind of error
	EValue    string         // Failed: message
	Traceback []string       // Failed: may hold terminal colours

	rest map[string]any
}

// CodeCells returns the code cells in order; the i-th is what messages call
// cell i+1, and what Jupyter shows as [i+1] after a run from top to bottom.
func (nb *Notebook) CodeCells() []*Cell {
	var cells []*Cell
	for i := range nb.Cells {
		if nb.Cells[i].Kind == Code {
			cells = append(cells, &nb.Cells[i])
		}
	}
	return cells
}

// Read parses the notebook in a file.
func Read(path string) (*Notebook, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("notebook: %w", err)
	}
	nb, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("notebook: %s: %w", path, err)
	}
	return nb, nil
}

// Write replaces the file at path by the notebook: a reader sees the old bytes
// or the new ones, also after a crash. An existing file keeps its permissions;
// a new one gets 0644.
func (nb *Notebook) Write(path string) error {
	raw, err := nb.Bytes()
	if err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	err = file.Replace(path, mode, func(w io.Writer) error {
		_, err := w.Write(raw)
		return err
	})
	if err != nil {
		return fmt.Errorf("notebook: write %s: %w", path, err)
	}
	return nil
}

// Imports returns the paths of the packages that the code cells import, sorted,
// each once.
func (nb *Notebook) Imports() []string {
	var paths []string
	for _, cell := range nb.CodeCells() {
		for _, spec := range splitCell(cell.Source).imports() {
			if path, err := strconv.Unquote(spec.Path.Value); err == nil {
				paths = append(paths, path)
			}
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}
