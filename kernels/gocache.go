package main

import (
	"gibbs/kernels/gocache"

	"github.com/spf13/cobra"
)

// gocacheCmd is what the go command of a kernel starts; people do not.
func gocacheCmd() *cobra.Command {
	return &cobra.Command{
		Use:    "gocache SHARED OWN",
		Short:  "Serve a build cache of two folders (the go command calls this)",
		Args:   cobra.ExactArgs(2),
		Hidden: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return gocache.Cache{Shared: args[0], Own: args[1]}.Serve(cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}
