// Package claim keeps the truth table of a lesson: what was measured, what is
// exact, how far they may differ, and whether the claim held.
//
//	claim.Near("DSM loss of the exact score", loss, 6.682114, 0.03)
//	claim.Below("Fisher divergence after training", divergence, 0.04)
//	claim.Table() // the last cell
//
// Each claim is recorded and shown where it is measured; a miss is shown too and
// does not stop the lesson. Table shows all claims of the session and fails the
// cell if any was missed or none was made, so a notebook that ran to its end is
// true. Every notebook ends with it.
//
// GoNB runs each cell as a program of its own. Claims pass from cell to cell
// through a file in the kernel's private folder, which GoNB names in GONB_TMP_DIR
// and removes with the kernel. In a plain program they stay in memory.
//
// The functions of this package are for notebooks and panic on misuse: an empty
// name, a tolerance that is not positive and finite, an exact value that is not a
// number. The methods of Ledger return errors instead.
//
// # For programs that read executed notebooks
//
// Table's output holds all claims under the MIME type in MIME, as a JSON list of
// objects with the fields of Row.
package claim

import (
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"sync"

	"gibbs/lib/show"
)

// MIME is the type under which Table stores the claims in the notebook.
const MIME = "application/vnd.gibbs.claims+json"

// session opens this kernel session's ledger once for each program.
var session = sync.OnceValues(func() (*Ledger, error) {
	if dir := os.Getenv("GONB_TMP_DIR"); dir != "" {
		return Open(filepath.Join(dir, "claims.jsonl"))
	}
	return New(nil), nil
})

// Near claims that |measured − exact| ≤ tolerance.
func Near(name string, measured, exact, tolerance float64) {
	shown(current().Near(name, measured, exact, tolerance))
}

// Below claims that measured < bound.
func Below(name string, measured, bound float64) { shown(current().Below(name, measured, bound)) }

// Above claims that measured > bound.
func Above(name string, measured, bound float64) { shown(current().Above(name, measured, bound)) }

// Equal claims that measured == exact, to the last bit: for counts and for
// results that must not depend on rounding.
func Equal(name string, measured, exact float64) { shown(current().Equal(name, measured, exact)) }

// True claims a statement that holds or does not, such as the equality of two
// files.
func True(name string, holds bool) { shown(current().True(name, holds)) }

// current returns the session's ledger.
func current() *Ledger {
	ledger, err := session()
	if err != nil {
		panic(err)
	}
	return ledger
}

// shown shows a row just recorded.
func shown(row Row, err error) {
	if err == nil {
		err = show.Display(line(row.String()))
	}
	if err != nil {
		panic(err)
	}
}

// line is one line of output.
func line(text string) show.Bundle {
	return show.Bundle{Text: text, HTML: "<div>" + html.EscapeString(text) + "</div>"}
}

// Table shows every claim of this session with the count of those that held. If
// one was missed, or none was made, it then ends the program with status 1 and
// the reason on the standard error, which fails the cell and a run of the notebook.
func Table() {
	ledger := current()
	if err := show.Display(ledger.bundle()); err != nil {
		panic(err)
	}
	if err := ledger.Err(); err != nil {
		show.Sync()
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Rows returns the claims of this session so far, those of earlier cells too, in
// the order in which their names first appeared: for a lesson that sums up.
func Rows() []Row { return current().Rows() }

// Exercise shows whether an answer is right, or the hint. An answer of NaN counts
// as not given yet. It records nothing and never fails: a lesson runs to its end
// with its exercises unsolved.
func Exercise(name string, answer, exact, tolerance float64, hint string) {
	row := Row{Name: name, Relation: near, Measured: Number(answer), Exact: Number(exact), Tolerance: Number(tolerance)}
	if err := row.check(); err != nil {
		panic(err)
	}
	var text string
	switch {
	case math.IsNaN(answer):
		text = fmt.Sprintf("○ to do: %s. Hint: %s", name, hint)
	case row.holds():
		text = fmt.Sprintf("✓ right: %s", name)
	default:
		text = fmt.Sprintf("✗ not yet: %s. Hint: %s", name, hint)
	}
	if err := show.Display(line(text)); err != nil {
		panic(err)
	}
}
