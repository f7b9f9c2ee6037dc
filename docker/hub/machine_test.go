//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// apart says that this process runs on a machine of its own: in a mount namespace
// with copies of the accounts. Its value is a folder that is removed afterwards.
const apart = "GIBBS_HUB_TEST_APART"

// TestMain runs the tests with accounts of their own, so that they can add users
// and start servers as these, and leave nothing of it behind. Where that cannot be,
// the tests that need it are skipped.
func TestMain(m *testing.M) {
	if dir := os.Getenv(apart); dir != "" {
		if err := settle(dir); err != nil {
			fmt.Fprintln(os.Stderr, "a machine of its own:", err)
			os.Exit(1)
		}
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "gibbs-hub-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code, ran := away(dir)
	os.RemoveAll(dir)
	if !ran {
		code = m.Run()
	}
	os.Exit(code)
}

// away runs this program again in a mount namespace, and reports whether it could.
func away(dir string) (code int, ran bool) {
	if os.Getuid() != 0 {
		return 0, false
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), apart+"="+dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "no mount namespace:", err)
		return 0, false
	}
	_ = cmd.Wait()
	return max(cmd.ProcessState.ExitCode(), -cmd.ProcessState.ExitCode()), true
}

// settle makes the accounts and homes of this process its own.
func settle(dir string) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=755"); err != nil {
		return err
	}
	etc := filepath.Join(dir, "etc")
	if out, err := exec.Command("cp", "-a", "/etc", etc).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	if err := syscall.Mount(etc, "/etc", "", syscall.MS_BIND, ""); err != nil {
		return err
	}
	// Homes lie beside the accounts: the machine's /home may hold this repository.
	if err := os.Mkdir(filepath.Join(dir, "home"), 0o755); err != nil {
		return err
	}
	if out, err := exec.Command("useradd", "--defaults", "--base-dir", filepath.Join(dir, "home")).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// needMachine returns the folder of the test's own machine, or skips.
func needMachine(t *testing.T) string {
	t.Helper()
	dir := os.Getenv(apart)
	if dir == "" {
		t.Skip("needs root in a mount namespace, to make users that the machine does not keep")
	}
	return dir
}
