package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"gibbs/kernels/notebook"
)

// outcome is what became of one notebook.
type outcome struct {
	Path    string           `json:"path"`
	Kernel  string           `json:"kernel"`
	Seconds float64          `json:"seconds"`
	Passed  bool             `json:"passed"`
	Failure string           `json:"failure,omitempty"`
	Cell    int              `json:"cell,omitempty"` // of the failure, from 1
	Line    int              `json:"line,omitempty"` // of that cell, from 1
	Held    int              `json:"held"`
	Claims  []notebook.Claim `json:"claims"`
}

// fail notes why the notebook did not pass; nil says that it did.
func (o *outcome) fail(err error) {
	o.Passed = err == nil
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
		fmt.Fprintf(table, "%s\t%s\t%.1f\t%d of %d\t%s\n", o.Path, o.Kernel, o.Seconds, o.Held, len(o.Claims), o.verdict())
	}
	table.Flush()
	if verdict(outcomes) != nil {
		fmt.Fprintln(out)
	}
	for _, o := range outcomes {
		if !o.Passed {
			fmt.Fprintf(out, "%s: %s\n", o.Path, o.Failure)
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

// writeJSON writes the outcomes for programs.
func writeJSON(path string, quick bool, outcomes []outcome) error {
	for i := range outcomes {
		if outcomes[i].Claims == nil {
			outcomes[i].Claims = []notebook.Claim{}
		}
	}
	raw, err := json.MarshalIndent(map[string]any{"quick": quick, "notebooks": outcomes}, "", "  ")
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	if err := os.WriteFile(path, append(raw, '\n'), 0o644); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}
