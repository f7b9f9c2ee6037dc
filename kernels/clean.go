package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"gibbs/kernels/setup"

	"github.com/spf13/cobra"
)

func cleanCmd() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "clean",
		Short: "Remove .gibbs: tools, environment, plugins, data, trained models, executed notebooks",
		Long: `Clean removes the folder of generated files (.gibbs, or GIBBS_HOME) and the
kernels that "setup --user" registered for it, and nothing else. Trained models and
executed notebooks in that folder go too. It asks first.`,
		Example: `  go run ./kernels clean
  go run ./kernels clean --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			layout, err := setup.Find()
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if _, err := os.Stat(layout.Home); os.IsNotExist(err) {
				fmt.Fprintf(out, "%s does not exist: nothing to remove.\n", layout.Home)
				return nil
			}
			fmt.Fprintf(out, "To remove: %s (%.0f MB)\n", layout.Home, float64(setup.Size(layout))/1e6)
			for _, dir := range setup.UserKernelspecs(layout) {
				fmt.Fprintln(out, "           "+dir)
			}
			if !yes {
				fmt.Fprint(out, "Remove? [y/N] ")
				answer, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
				if err != nil {
					fmt.Fprintln(out)
				}
				if !strings.EqualFold(strings.TrimSpace(answer), "y") {
					return errors.New("clean: nothing was removed: answer y, or give --yes")
				}
			}
			if err := setup.Clean(cmd.Context(), layout, out); err != nil {
				return err
			}
			fmt.Fprintln(out, "Removed.")
			return nil
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}
