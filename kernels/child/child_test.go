package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func ExampleCommand() {
	out, err := Command{Name: "echo", Args: []string{"hello"}}.Output(context.Background())
	fmt.Println(strings.TrimSpace(out), err)
	// Output: hello <nil>
}

func sh(script string) Command { return Command{Name: "/bin/sh", Args: []string{"-c", script}} }

func TestFailureTellsTheLastLines(t *testing.T) {
	out, err := sh("seq 1 50; echo the reason >&2; exit 3").Output(t.Context())
	if err == nil || out != "" {
		t.Fatalf("output %q, error %v; want a failure", out, err)
	}
	for _, part := range []string{"the reason", "\n45\n", "exit status 3"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not hold %q: %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "\n10\n") {
		t.Errorf("the error holds early lines: %v", err)
	}
}

func TestSignalled(t *testing.T) {
	_, err := sh("kill -SEGV $$").Output(t.Context())
	if signal, ok := Signalled(err); !ok || signal != syscall.SIGSEGV {
		t.Errorf("Signalled = %v, %v; want SIGSEGV", signal, ok)
	}
	_, err = sh("exit 1").Output(t.Context())
	if _, ok := Signalled(err); ok {
		t.Error("an exit counts as a signal")
	}
}

// Whether the program listens to SIGTERM or not, its children end with it.
func TestStopEndsTheGroup(t *testing.T) {
	for name, trap := range map[string]string{"listens": "", "ignores": "trap '' TERM; "} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "pid")
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				for text, _ := os.ReadFile(file); len(text) == 0; text, _ = os.ReadFile(file) {
					time.Sleep(5 * time.Millisecond)
				}
				cancel()
			}()
			start := time.Now()
			_, err := sh(trap + "sleep 60 & echo $! > " + file + "; wait; sleep 60").Output(ctx)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want %v", err, context.Canceled)
			}
			if took := time.Since(start); took > GraceStop+3*time.Second {
				t.Errorf("stopping took %v", took)
			}
			text, _ := os.ReadFile(file)
			var pid int
			if _, err := fmt.Sscan(string(text), &pid); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(3 * time.Second); alive(pid); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("a child outlived the program")
				}
			}
		})
	}
}

// alive reports whether a process runs; one that only waits to be reaped does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return !strings.Contains(string(stat), ") Z ")
}
