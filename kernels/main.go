// Command kernels sets up Jupyter for Go on XLA, runs the notebooks headless,
// and starts the kernels themselves:
//
//	go run ./kernels run     set up what is missing, execute every notebook
//	go run ./kernels lab     the same, then open JupyterLab
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"gibbs/kernels/launch"

	"github.com/spf13/cobra"
)

func main() {
	if launch.IsShim() {
		os.Exit(launch.Shim(os.Args[1:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := &cobra.Command{
		Use:           "kernels",
		Short:         "Jupyter for Go on XLA: set up, run, check",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(setupCmd(), runCmd(), labCmd(), doctorCmd(), warmCmd(), lintCmd(), cleanCmd(), kernelCmd(), gocacheCmd(), lessonsCmd())
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
	case errors.Is(ctx.Err(), context.Canceled):
		fmt.Fprintln(os.Stderr, "stopped:", err)
		os.Exit(130)
	default:
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
