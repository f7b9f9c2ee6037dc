// Package child runs other programs so that they never outlive this one: each
// has a process group of its own, which ends with the context, and on Linux with
// this process, however that ends.
package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// GraceStop is the time between SIGTERM and SIGKILL when a program is stopped.
const GraceStop = 5 * time.Second

// Command is a program to run. Nil Env and empty Dir mean this process's.
type Command struct {
	Dir  string
	Env  []string
	Name string
	Args []string
}

// Output runs the program to its end and returns what it printed on stdout. The
// error of a program that failed holds the last lines that it printed; that of a
// program that was stopped is the context's. Nothing that the program started in
// its group is left.
func (c Command) Output(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, c.Name, c.Args...)
	cmd.Dir, cmd.Env = c.Dir, c.Env
	var said output
	cmd.Stdout, cmd.Stderr = writer(said.stdout), writer(said.stderr)
	cmd.SysProcAttr = Attr(syscall.SIGKILL)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = GraceStop

	// The parent-death signal follows the thread that started the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Run()
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what the program left behind
	}
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil && cmd.Process == nil:
		return "", err // it did not start
	case err != nil:
		return "", fmt.Errorf("%s\n%w", LastLines(said.all.String(), 12), err)
	}
	return said.out.String(), nil
}

// output holds what a program printed: its stdout, and all of it as it came.
type output struct {
	mu       sync.Mutex
	out, all bytes.Buffer
}

func (o *output) stdout(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.out.Write(p)
	return o.all.Write(p)
}

func (o *output) stderr(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.Write(p)
}

// writer makes an io.Writer of a function.
type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// Signalled returns the signal that ended a program, if one did.
func Signalled(err error) (syscall.Signal, bool) {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return status.Signal(), ok && status.Signaled()
}

// LastLines returns the last n lines of a text that are not empty.
func LastLines(text string, n int) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
