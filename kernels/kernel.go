package main

import (
	"os"

	"gibbs/kernels/launch"

	"github.com/spf13/cobra"
)

// kernelCmd is what kernelspecs start; people do not.
func kernelCmd() *cobra.Command {
	var o launch.Options
	var guard bool
	cmd := &cobra.Command{
		Use:     "kernel CONNECTION_FILE",
		Short:   "Run GoNB as a Jupyter kernel (Jupyter calls this)",
		Example: "  gibbs kernel --backend xla-cpu /path/of/kernel-1234.json",
		Args:    cobra.RangeArgs(1, 2),
		Hidden:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.ConnectionFile = args[0]
			if guard {
				return launch.Guard(cmd.Context(), o, args[1])
			}
			self, err := os.Executable()
			if err != nil {
				return err
			}
			return launch.Front(cmd.Context(), []string{self, "kernel", "--guard", "--backend", o.Backend, o.ConnectionFile})
		},
	}
	cmd.Flags().StringVar(&o.Backend, "backend", "auto", "auto, go, xla-cpu or xla-cuda")
	cmd.Flags().BoolVar(&guard, "guard", false, "run the inner process")
	return cmd
}
