package launch

import (
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// withCells starts a kernel in which an earlier cell left a process behind and
// another cell runs.
func withCells(t *testing.T) *kernel {
	k := startKernel(t)
	k.run("!sleep 100 >/dev/null 2>&1 &")
	k.submit("!setsid sleep 100 & echo ready; sleep 100").printed("ready")
	return k
}

func TestKernelEndsWithNothingLeft(t *testing.T) {
	for _, c := range []struct {
		name   string
		end    func(k *kernel)
		within time.Duration
	}{
		{"shutdown_request", func(k *kernel) { k.send(k.control, "shutdown_request", map[string]any{"restart": false}) }, 5 * time.Second},
		{"SIGTERM", func(k *kernel) { _ = k.cmd.Process.Signal(syscall.SIGTERM) }, 5 * time.Second},
		{"SIGKILL of the front", func(k *kernel) { _ = k.cmd.Process.Kill() }, 10 * time.Second},
		{"SIGKILL of the guard", func(k *kernel) { _ = syscall.Kill(k.guard().pid, syscall.SIGKILL) }, 10 * time.Second},
		{"SIGKILL of GoNB", func(k *kernel) { _ = syscall.Kill(k.gonb().pid, syscall.SIGKILL) }, 10 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := withCells(t)
			eventually(t, "sleep sleep sleep", func() []info {
				return slices.DeleteFunc(k.marked(), func(p info) bool { return p.name != "sleep" })
			})
			c.end(k)
			t.Logf("gone after %v", k.gone(c.within).Round(time.Millisecond))
			select {
			case <-k.over:
			case <-time.After(time.Second):
				t.Error("the front process is still there")
			}
		})
	}
}

// A Jupyter that is killed tells its kernels nothing.
func TestKernelEndsWithItsParent(t *testing.T) {
	needGoNB(t)
	k := prepare(t)
	k.cmd = exec.Command("bash", "-c", `"$0" kernel "$1"; true`, program(t), k.file())
	k.start(nil)
	k.dial()
	k.submit("!echo ready; sleep 100").printed("ready")
	if err := k.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	t.Logf("gone after %v", k.gone(10*time.Second).Round(time.Millisecond))
}

// A process that an earlier cell left on purpose is not the running cell's.
func TestInterruptSparesEarlierCells(t *testing.T) {
	k := startKernel(t)
	k.run("!sleep 100 >/dev/null 2>&1 &")
	c := k.submit("!echo ready; sleep 100; sleep 100")
	c.printed("ready")
	k.interrupt()
	if r := c.wait(); r.status != "error" || r.took > 6*time.Second {
		t.Errorf("after %v: %v", r.took, r)
	}
	k.answers() // which waits for the end of the interrupt
	if living, _ := k.strangers(); names(living) != "sleep" {
		t.Errorf("left are %q, want the earlier sleep", names(living))
	}
}

// Cells that wait behind an interrupted one are aborted, and an interrupt of an
// idle kernel ends nothing.
func TestInterruptAbortsTheQueue(t *testing.T) {
	k := startKernel(t)
	first, second := k.submit("!echo ready; sleep 100"), k.submit("!echo 2")
	first.printed("ready")
	k.interrupt()
	if r := first.wait(); r.status != "error" || !strings.Contains(r.evalue, "signal: interrupt") {
		t.Errorf("interrupted: %v", r)
	}
	if r := second.wait(); r.status != "aborted" {
		t.Errorf("behind it: %v", r)
	}
	k.interrupt()
	k.answers()
}
