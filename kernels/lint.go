package main

import (
	"fmt"
	"io"
	"os"

	"gibbs/kernels/notebook"
	"gibbs/kernels/setup"

	"github.com/spf13/cobra"
)

func lintCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "lint [PATH…]",
		Short: "Check the conventions of committed notebooks",
		Long: `Lint checks committed notebooks, all of notebooks/ by default, without running
anything: executed in order and without errors, no shell cells, no dot-imports,
nothing from the network, Go as gofmt writes it, figures with alt text, a truth
table that holds at the end, at most 1.5 MB, kernel gibbs, and outputs normalised
as run --write does.`,
		Example: `  go run ./kernels lint
  go run ./kernels lint notebooks/2-score`,
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := setup.Find()
			if err != nil {
				return err
			}
			return lint(layout, args, cmd.OutOrStdout())
		},
	}
}

// lint prints the findings in the notebooks that the arguments name.
func lint(l setup.Layout, args []string, out io.Writer) error {
	paths, err := findNotebooks(l, args)
	if err != nil {
		return err
	}
	findings := 0
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("lint: %w", err)
		}
		for _, finding := range notebook.Lint(raw, machinePaths(l, "")) {
			fmt.Fprintf(out, "%s: %s\n", shortPath(l, path), finding)
			findings++
		}
	}
	if findings > 0 {
		return fmt.Errorf("lint: %s from the conventions in %s", plural(findings, "departure"), plural(len(paths), "notebook"))
	}
	fmt.Fprintf(out, "no departures from the conventions in %s\n", plural(len(paths), "notebook"))
	return nil
}

// plural returns "1 thing" or "3 things".
func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
