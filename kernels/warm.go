package main

import (
	"fmt"
	"slices"
	"time"

	"gibbs/kernels/launch"
	"gibbs/kernels/notebook"
	"gibbs/kernels/setup"

	"github.com/spf13/cobra"
)

func warmCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "warm [PATH…]",
		Short: "Compile and link once what the lessons import, so that first cells are quick",
		Long: `Warm compiles and links what the cells of notebooks import, all of notebooks/ by
default, for XLA and for pure Go, and keeps what it learned in .gibbs. An image is
warmed when it is built. Elsewhere the first cell does it, in some seconds.`,
		Example: `  go run ./kernels warm`,
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := setup.Find()
			if err != nil {
				return err
			}
			paths, err := findNotebooks(layout, args)
			if err != nil {
				return err
			}
			var imports []string
			for _, path := range paths {
				nb, err := notebook.Read(path)
				if err != nil {
					return err
				}
				imports = append(imports, nb.Imports()...)
			}
			slices.Sort(imports)
			imports = slices.Compact(imports)
			for _, backend := range []string{"auto", "go"} {
				start := time.Now()
				if err := launch.Warm(cmd.Context(), launch.Options{Backend: backend}, layout.Root, imports); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "warm: %d packages of %d notebooks, backend %s: %.1f s\n",
					len(imports), len(paths), backend, time.Since(start).Seconds())
			}
			return nil
		},
	}
}
