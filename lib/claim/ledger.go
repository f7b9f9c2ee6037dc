package claim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"gibbs/lib/env"
	"gibbs/lib/show"
)

// A Ledger records claims in the order in which their names first appeared. A
// claim of the same name replaces the earlier one, as when a cell is run again.
// It may be used from many goroutines.
type Ledger struct {
	mu    sync.Mutex
	rows  []Row
	place map[string]int // of a name in rows
	w     io.Writer
}

// New returns an empty ledger. It writes each row to w as a line of JSON; nil
// keeps them in memory only.
func New(w io.Writer) *Ledger {
	return &Ledger{place: map[string]int{}, w: w}
}

// Open returns the ledger of a file, made if it is not there: it holds the rows
// of the file and appends to it. A line that a dying program left unfinished is
// passed over, as its claim never came to be. The file stays open for the
// program's life.
func Open(file string) (*Ledger, error) {
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("claim: read the record of claims: %w", err)
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("claim: open the record of claims: %w", err)
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		if _, err := f.Write([]byte("\n")); err != nil {
			return nil, errors.Join(fmt.Errorf("claim: write the record of claims: %w", err), f.Close())
		}
	}
	l := New(f)
	for line := range bytes.Lines(data) {
		var row Row
		if json.Unmarshal(line, &row) == nil && row.check() == nil {
			l.keep(row)
		}
	}
	return l, nil
}

// Near records the claim |measured − exact| ≤ tolerance and returns its row. The
// error says why it is no claim, or that it could not be written.
func (l *Ledger) Near(name string, measured, exact, tolerance float64) (Row, error) {
	return l.add(Row{Name: name, Relation: near, Measured: Number(measured), Exact: Number(exact), Tolerance: Number(tolerance)})
}

// Below records the claim measured < bound; see Near for the results.
func (l *Ledger) Below(name string, measured, bound float64) (Row, error) {
	return l.add(Row{Name: name, Relation: below, Measured: Number(measured), Exact: Number(bound)})
}

// Above records the claim measured > bound; see Near for the results.
func (l *Ledger) Above(name string, measured, bound float64) (Row, error) {
	return l.add(Row{Name: name, Relation: above, Measured: Number(measured), Exact: Number(bound)})
}

// Equal records the claim measured == exact; see Near for the results.
func (l *Ledger) Equal(name string, measured, exact float64) (Row, error) {
	return l.add(Row{Name: name, Relation: equal, Measured: Number(measured), Exact: Number(exact)})
}

// True records a statement; see Near for the results.
func (l *Ledger) True(name string, holds bool) (Row, error) {
	row := Row{Name: name, Relation: yes, Exact: 1}
	if holds {
		row.Measured = 1
	}
	return l.add(row)
}

// add judges the row, keeps it and writes it in one call, so that lines of
// different programs do not mix.
func (l *Ledger) add(row Row) (Row, error) {
	if err := row.check(); err != nil {
		return Row{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	row = l.keep(row)
	if l.w == nil {
		return row, nil
	}
	line, err := json.Marshal(row)
	if err == nil {
		_, err = l.w.Write(append(line, '\n'))
	}
	if err != nil {
		return row, fmt.Errorf("claim: %s: write the record of claims: %w", row.Name, err)
	}
	return row, nil
}

// keep judges the row and puts it in its place.
func (l *Ledger) keep(row Row) Row {
	row.Held = row.holds()
	if at, known := l.place[row.Name]; known {
		l.rows[at] = row
		return row
	}
	l.place[row.Name] = len(l.rows)
	l.rows = append(l.rows, row)
	return row
}

// Rows returns a copy of all rows.
func (l *Ledger) Rows() []Row {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Row(nil), l.rows...)
}

// Err returns nil if there are claims and all of them held, else an error that
// names the missed ones, one on each line.
func (l *Ledger) Err() error {
	rows := l.Rows()
	if len(rows) == 0 {
		return errors.New("claim: nothing was claimed: a lesson must measure at least one thing")
	}
	var missed []string
	for _, row := range rows {
		if !row.Held {
			missed = append(missed, "  "+row.String())
		}
	}
	if len(missed) == 0 {
		return nil
	}
	return fmt.Errorf("claim: %d of %d claims missed:\n%s", len(missed), len(rows), strings.Join(missed, "\n"))
}

// bundle renders the truth table, with the rows for programs beside it.
func (l *Ledger) bundle() show.Bundle {
	rows := l.Rows()
	held := 0
	var cells [][]any
	for _, row := range rows {
		if row.Held {
			held++
		}
		measured, exact, tolerance := row.cells()
		cells = append(cells, []any{row.Name, measured, exact, tolerance, row.verdict()})
	}
	caption := fmt.Sprintf("%d of %d claims held", held, len(rows))
	if set := env.Params(); len(set) > 0 { // the claims were made for other values
		caption += ", with " + strings.Join(set, ", ")
	}
	b := show.TableBundle(caption, []string{"claim", "measured", "exact", "tolerance", "verdict"}, cells)
	if rows == nil {
		rows = []Row{} // a list in JSON, not null
	}
	b.Data = map[string]any{MIME: rows}
	return b
}
