package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"gibbs/kernels/lessons"
	"gibbs/kernels/setup"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

func lessonsCmd() *cobra.Command {
	var log string
	cmd := &cobra.Command{
		Use:   "lessons FOLDER [-- COMMAND ARGUMENT…]",
		Short: "Copy the lessons to a folder in which they can be changed",
		Long: `Lessons copies the notebooks of the repository to a folder. Called again, it adds
new lessons, brings those up to date that were not changed in the folder, and
leaves those alone that were. With a command, it then becomes that command: so a
server for one reader of a shared repository starts.`,
		Example: `  go run ./kernels lessons ~/gibbs
  gibbs lessons ~/gibbs --log ~/.gibbs.log -- jupyter lab`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := setup.Find()
			if err != nil {
				return err
			}
			if log != "" {
				if err := redirect(log); err != nil {
					return fmt.Errorf("lessons: %w", err)
				}
			}
			result, err := lessons.Copy(filepath.Join(layout.Root, "notebooks"), args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "%s: %d new, %d updated, %d changed here and kept\n", args[0], len(result.New), len(result.Updated), len(result.Kept))
			if len(args) == 1 {
				return nil
			}
			program, err := exec.LookPath(args[1])
			if err != nil {
				return fmt.Errorf("lessons: %w", err)
			}
			return fmt.Errorf("lessons: %s: %w", program, syscall.Exec(program, args[1:], os.Environ()))
		},
	}
	cmd.Flags().StringVar(&log, "log", "", "a `file` that takes what is printed, the command's words too")
	return cmd
}

// redirect makes a file of this user's alone take what this process prints.
func redirect(log string) error {
	if err := os.MkdirAll(filepath.Dir(log), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	for _, stream := range []*os.File{os.Stdout, os.Stderr} {
		if err := unix.Dup2(int(f.Fd()), int(stream.Fd())); err != nil {
			return err
		}
	}
	return f.Close()
}
