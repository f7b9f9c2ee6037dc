// Package doctor looks at what set-up brought and at the machine, and says for
// each thing whether it works and what to do where it does not.
package doctor

import (
	"context"
	"fmt"
	"io"
	"strings"

	"gibbs/kernels/setup"
)

// State says how a thing is.
type State int

const (
	Good   State = iota // there, and works
	Note                // works, but there is something to know
	Broken              // does not work, and is needed
)

func (s State) String() string { return [...]string{"✓", "!", "✗"}[s] }

// Row is one thing that was looked at.
type Row struct {
	Name  string
	State State
	Value string // what was found; more lines than one are kept together
	Do    string // what to do about it; "" where nothing is to be done
}

// Options say what to look at.
type Options struct {
	// Cells is the number of changed cells that are timed; 0 times none.
	Cells int
	// Stock times GoNB without our launcher too, in turn with ours.
	Stock bool
}

// Examine looks at everything and calls each with every row as it is found. It
// needs no network and changes nothing but caches.
func Examine(ctx context.Context, l setup.Layout, o Options, each func(Row)) {
	e := &examination{Layout: l, Options: o}
	for _, look := range []func(context.Context) []Row{
		e.toolchain, e.compiler, e.setUp, e.python, e.tools, e.plugin, e.backend, e.machine, e.kernels, e.latency,
	} {
		if ctx.Err() != nil {
			return
		}
		for _, row := range look(ctx) {
			each(row)
		}
	}
}

// examination is one Examine under way.
type examination struct {
	setup.Layout
	Options
	facts facts // of the Python environment; filled by python
}

// Print writes a row as a line of a table, and what to do below it.
func Print(w io.Writer, r Row) {
	const indent = "\n                  "
	fmt.Fprintf(w, "%v %-15s %s\n", r.State, r.Name, strings.ReplaceAll(r.Value, "\n", indent))
	if r.Do != "" {
		fmt.Fprintf(w, "  %-15s → %s\n", "", strings.ReplaceAll(r.Do, "\n", indent))
	}
}

const doSetup = "go run ./kernels setup"
