package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"gibbs/kernels/notebook"
)

// outcome is what became of one notebook, at one set of parameters.
type outcome struct {
	Path       string            `json:"path"`
	Parameters map[string]string `json:"parameters,omitempty"` // other than the notebook's own
	Kernel     string            `json:"kernel"`
	Quick      bool              `json:"quick"`
	Seconds    float64           `json:"seconds"`
	Passed     bool              `json:"passed"`
	Failure    string            `json:"failure,omitempty"`
	Cell       int               `json:"cell,omitempty"` // of the failure, from 1
	Line       int               `json:"line,omitempty"` // of that cell, from 1
	Held       int               `json:"held"`
	Claims     []notebook.Claim  `json:"claims"`
	Sources    string            `json:"sources"`  // SHA-256 of what the result depends on
	Computed   string            `json:"computed"` // SHA-256 of the claims, to the last digit: equal where equal numbers were measured
}

// results are the outcomes of a run, for programs.
type results struct {
	Notebooks []outcome `json:"notebooks"`
}

// name tells one outcome from the others.
func (o *outcome) name() string {
	return o.Path + label(o.Parameters, " ", " ", func(value string) string { return value })
}

// keep writes the outcome; base is the path of the job's files without an ending.
func (o *outcome) keep(base string) (err error) {
	if o.Claims == nil {
		o.Claims = []notebook.Claim{} // a list in JSON, not null
	}
	if o.Computed, err = digest(o.Claims); err != nil {
		return err
	}
	return writeJSON(base+resultSuffix, o)
}

// fail notes why the notebook did not pass; nil says that it did.
func (o *outcome) fail(err error) {
	o.Passed, o.Failure, o.Cell, o.Line = err == nil, "", 0, 0
	if err == nil {
		return
	}
	o.Failure = err.Error()
	var failure *notebook.Failure
	if errors.As(err, &failure) {
		o.Cell, o.Line = failure.Cell, failure.Line
	}
}

func (o *outcome) verdict() string {
	if o.Passed {
		return "passed"
	}
	return "FAILED"
}

// report prints a table of all notebooks, and below it why some failed.
func report(out io.Writer, outcomes []outcome) {
	fmt.Fprintln(out)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "notebook\tkernel\tseconds\tclaims held\tverdict")
	for _, o := range outcomes {
		fmt.Fprintf(table, "%s\t%s\t%.1f\t%d of %d\t%s\n", o.name(), o.Kernel, o.Seconds, o.Held, len(o.Claims), o.verdict())
	}
	table.Flush()
	if verdict(outcomes) != nil {
		fmt.Fprintln(out)
	}
	for _, o := range outcomes {
		if !o.Passed {
			fmt.Fprintf(out, "%s: %s\n", o.name(), o.Failure)
		}
	}
}

// verdict returns an error unless every notebook passed.
func verdict(outcomes []outcome) error {
	failed := 0
	for _, o := range outcomes {
		if !o.Passed {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %s failed", failed, plural(len(outcomes), "notebook"))
	}
	return nil
}
