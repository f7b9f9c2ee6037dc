package main

import (
	"errors"
	"fmt"

	"gibbs/kernels/doctor"
	"gibbs/kernels/setup"

	"github.com/spf13/cobra"
)

func doctorCmd() *cobra.Command {
	var latency string
	var cells int
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look at what is there, what works, and say what to do",
		Long: `Doctor looks at Go, Python, Jupyter, the tools, the plugin (it hashes every byte),
the backend (it compiles and runs a small sum), the machine, the kernels that
Jupyter finds, and times changed cells. It brings nothing and needs no network.

✓ works, ! is something to know, ✗ is broken: then the command fails.`,
		Example: `  go run ./kernels doctor
  go run ./kernels doctor --latency none
  go run ./kernels doctor --latency stock --cells 20    # against GoNB without our launcher`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			layout, err := setup.Find()
			if err != nil {
				return err
			}
			o := doctor.Options{Cells: cells, Stock: latency == "stock"}
			switch {
			case latency != "gibbs" && latency != "stock" && latency != "none":
				return fmt.Errorf("doctor: --latency %q is none of gibbs, stock, none", latency)
			case cells < 1:
				return errors.New("doctor: --cells must be at least 1")
			case latency == "none":
				o.Cells = 0
			}
			broken := 0
			doctor.Examine(cmd.Context(), layout, o, func(r doctor.Row) {
				doctor.Print(cmd.OutOrStdout(), r)
				if r.State == doctor.Broken {
					broken++
				}
			})
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			if broken > 0 {
				return fmt.Errorf("doctor: %d broken, see ✗ above", broken)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&latency, "latency", "gibbs", "time changed cells of: gibbs, stock (and gibbs), none")
	cmd.Flags().IntVar(&cells, "cells", 5, "how many changed cells to time")
	return cmd
}
