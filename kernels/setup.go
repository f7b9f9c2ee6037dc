package main

import (
	"fmt"
	"strings"
	"time"

	"gibbs/kernels/setup"
	"gibbs/lib/backend/pjrt"

	"github.com/spf13/cobra"
)

func setupCmd() *cobra.Command {
	var o setup.Options
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Bring all that the notebooks need into .gibbs",
		Long: `Setup brings into .gibbs, each from a pinned and hashed source: a Python
environment with JupyterLab and nbconvert; gonb, goimports and gopls; the XLA
plugin; the handwritten digits; and the kernels that Jupyter starts.

It can be stopped at any moment and run again: it goes on where it stopped. With
everything there it takes a moment and needs no network. The run and lab commands
do what is missing by themselves.

GIBBS_PYTHON names the Python to use, GIBBS_HOME another folder than .gibbs; pip's
and Go's settings of indexes, proxies and certificates are respected.`,
		Example: `  go run ./kernels setup
  go run ./kernels setup --backend go     # pure Go only: no plugin
  go run ./kernels setup --user           # for your own Jupyter and VS Code too
  go run ./kernels setup --shared         # for every user of this machine, who need only read it`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			layout, err := setup.Find()
			if err != nil {
				return err
			}
			o.Out = cmd.OutOrStdout()
			start := time.Now()
			if err := setup.Ensure(cmd.Context(), layout, o); err != nil {
				return err
			}
			if o.Backend != "" {
				if err := setup.Remember(layout, o.Backend); err != nil {
					return err
				}
			}
			if _, known := pjrt.PluginFor("xla-cpu"); !known && (o.Backend == "" || o.Backend == "auto") {
				fmt.Fprintln(o.Out, "No XLA plugin with a known hash exists for this platform: notebooks run on pure Go, correct but slow.")
			}
			fmt.Fprintf(o.Out, "Everything is in %s (%.1f s). Next: go run ./kernels run, or go run ./kernels lab\n", layout.Home, time.Since(start).Seconds())
			return nil
		},
	}
	cmd.Flags().StringVar(&o.Backend, "backend", "", "the backend to bring: "+strings.Join(setup.Backends, ", ")+" (default: the last one asked for, else auto)")
	cmd.Flags().BoolVar(&o.User, "user", false, "register the kernels for your own Jupyter and VS Code too")
	cmd.Flags().BoolVar(&o.Shared, "shared", false, "bring Go's caches too, so that other users of this machine can run notebooks with this set-up")
	cmd.Flags().BoolVar(&o.UnverifiedPlugin, "unverified-plugin", false, "let go-xla's installer bring a plugin whose hash Gibbs does not know")
	return cmd
}
