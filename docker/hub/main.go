// Command hub runs a class on one machine: a JupyterHub that starts Gibbs for each
// user.
//
//	go run ./docker/hub add ada bob     accounts, with their passwords
//	go run ./docker/hub start           set up what is missing, start the Hub
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := &cobra.Command{
		Use:           "hub",
		Short:         "A class on one machine: JupyterHub with Gibbs for each user",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(addCmd(), startCmd())
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
