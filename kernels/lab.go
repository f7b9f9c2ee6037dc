package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"gibbs/kernels/lab"
	"gibbs/kernels/setup"

	"github.com/spf13/cobra"
)

func labCmd() *cobra.Command {
	var o lab.Options
	var noBrowser bool
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Open JupyterLab on this repository",
		Long: `Lab sets up first what is missing, then starts JupyterLab on 127.0.0.1 with a
token, in the repository, with the gibbs kernel as the default. Ctrl-C ends it, its
kernels and all that they started.

The token stands in no log: "lab address" prints it again.

Your own Jupyter settings are not used: a Jupyter of yours is not changed by this
one, nor this one by yours.`,
		Example: `  go run ./kernels lab
  go run ./kernels lab --no-browser --port 8890
  go run ./kernels lab address`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			layout, err := setup.Find()
			if err != nil {
				return err
			}
			o.Browser, o.Out = !noBrowser, cmd.OutOrStdout()
			ctx := withGoRun(cmd.Context())
			if err := setup.Ensure(ctx, layout, setup.Options{Out: o.Out}); err != nil {
				return err
			}
			return lab.Run(ctx, layout, o)
		},
	}
	cmd.Flags().StringVar(&o.IP, "ip", "", "the `address` to listen on (default: 127.0.0.1, this machine only); on any other, the token is not printed")
	cmd.Flags().IntVar(&o.Port, "port", 0, "the port to listen on (default: 8888, or the next free one)")
	cmd.Flags().StringVar(&o.Folder, "folder", "", "the `folder` to show (default: the repository)")
	cmd.Flags().StringVar(&o.TokenFile, "token-file", "", "a `file` that holds the token (default: a new one is made)")
	cmd.Flags().BoolVar(&noBrowser, "no-browser", false, "do not open a browser")
	cmd.AddCommand(
		runningCmd("address", "Print the address of the JupyterLab that runs, token included", lab.Server.Address),
		runningCmd("health", "Succeed if a JupyterLab runs and its API answers", func(lab.Server) string { return "healthy" }),
	)
	return cmd
}

// runningCmd prints something about the JupyterLab that runs, and fails if none
// answers.
func runningCmd(use, short string, about func(lab.Server) string) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			layout, err := setup.Find()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), 5*time.Second)
			defer cancel()
			server, err := lab.Running(ctx, layout)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), about(server))
			return nil
		},
	}
}

// withGoRun returns a context that also ends when `go run`, if that started this
// program, is killed: it passes no signal on.
func withGoRun(ctx context.Context) context.Context {
	self, err := os.Executable()
	if err != nil || !strings.Contains(self, "go-build") {
		return ctx
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		for parent := os.Getppid(); os.Getppid() == parent && ctx.Err() == nil; {
			time.Sleep(time.Second)
		}
		cancel()
	}()
	return ctx
}
