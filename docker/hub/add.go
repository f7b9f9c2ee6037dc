package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// accountName is what useradd takes on every Linux, and what JupyterHub does not
// have to escape.
var accountName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)

func addCmd() *cobra.Command {
	var teachers bool
	cmd := &cobra.Command{
		Use:   "add NAME…",
		Short: "Let users into the class, and make accounts for those who have none",
		Long: `Add makes an account of this machine for each name, with a home that nobody else
can read and a password that is printed here and kept nowhere. An account that
exists keeps its password. All of them may then log in to the Hub: they are in the
group gibbs-class, or the one that GIBBS_HUB_GROUP names.`,
		Example: `  sudo go run ./docker/hub add ada bob
  sudo go run ./docker/hub add --teachers carol`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, names []string) error {
			if os.Getuid() != 0 {
				return errors.New("hub: only root makes accounts: use sudo")
			}
			groups := []string{groupOfClass()}
			if teachers {
				groups = append(groups, groupOfTeachers())
			}
			return add(cmd.OutOrStdout(), names, groups)
		},
	}
	cmd.Flags().BoolVar(&teachers, "teachers", false, "let them see and stop the servers of others, too")
	return cmd
}

func groupOfClass() string    { return cmp.Or(os.Getenv("GIBBS_HUB_GROUP"), "gibbs-class") }
func groupOfTeachers() string { return cmp.Or(os.Getenv("GIBBS_HUB_TEACHERS"), "gibbs-teachers") }

// add puts users into groups, and prints the passwords of new ones.
func add(out io.Writer, names, groups []string) error {
	for _, name := range names {
		if !accountName.MatchString(name) {
			return fmt.Errorf("hub: %q cannot be the name of an account: write small letters, digits and hyphens, a letter first", name)
		}
	}
	if err := makeGroups(); err != nil {
		return err
	}
	for _, name := range names {
		account, err := user.Lookup(name)
		if err == nil && account.Uid == "0" {
			return fmt.Errorf("hub: %s is root, and no member of a class", name)
		}
		password := "(has a password)"
		if err != nil {
			password = newPassword()
			if err := system("", "useradd", "--create-home", "--key", "HOME_MODE=0700", "--shell", "/bin/bash", name); err != nil {
				return err
			}
			if err := system(name+":"+password, "chpasswd"); err != nil {
				return err
			}
		}
		if err := system("", "usermod", "--append", "--groups", strings.Join(groups, ","), name); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\t%s\n", name, password)
	}
	return nil
}

// makeGroups makes the groups of the class where they are missing: the Hub asks for
// both whenever somebody logs in.
func makeGroups() error {
	for _, group := range []string{groupOfClass(), groupOfTeachers()} {
		if err := system("", "groupadd", "--force", group); err != nil {
			return err
		}
	}
	return nil
}

// newPassword returns 128 bits of chance, as letters and digits.
func newPassword() string { return strings.ToLower(rand.Text()) }

// system runs one of the system's programs. What it reads stands in no argument,
// where others could see it.
func system(input, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(input)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("hub: %s %s: %w\n%s", name, strings.Join(args, " "), err, said)
	}
	return nil
}
