package launch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// statLine is a line of /proc/PID/stat of a process with that name.
func statLine(name, state string) []byte {
	return fmt.Appendf(nil, "42 (%s) %s 7 1 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000000 25 18446744073709551615 1 1", name, state)
}

func TestParseStatWithHostileNames(t *testing.T) {
	for _, name := range []string{"sleep", "", " ", ")", "a) Z (b", "x) R 1 1 1", "((", "a\nb) Z 1", "\xff\x00"} {
		for state, zombie := range map[string]bool{"S": false, "R": false, "Z": true, "X": true} {
			want := info{process: process{42, 987654}, parent: 7, name: name, resident: 25 * pageSize, zombie: zombie}
			if got, ok := parseStat(42, statLine(name, state)); !ok || got != want {
				t.Errorf("name %q, state %s: %+v, %v", name, state, got, ok)
			}
		}
	}
	for _, bad := range []string{"", "42", "42 (a", "42 a) S", ")(", "42 (a) S 7", "42 (a) S x" + strings.Repeat(" 1", 30)} {
		if got, ok := parseStat(42, []byte(bad)); ok {
			t.Errorf("%q was read as %+v", bad, got)
		}
	}
}

func TestProcessesHoldsThisOne(t *testing.T) {
	i := slices.IndexFunc(processes(), func(p info) bool { return p.pid == os.Getpid() })
	if i < 0 {
		t.Fatal("this process is not in the list")
	}
	if p := processes()[i]; p.parent != os.Getppid() || p.zombie || p.resident < 1<<20 || p.started == 0 {
		t.Errorf("this process: %+v, with parent %d", p, os.Getppid())
	}
}

// shell starts a shell whose script must print a word when it is ready.
func shell(t *testing.T, script string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("bash", "-c", script)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 10)); err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return cmd
}

// owner is a tree whose root is this process; nothing of it outlives the test.
func owner(t *testing.T) *tree {
	t.Helper()
	if err := adopt(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { killBelow(os.Getpid()) })
	return &tree{root: os.Getpid(), grace: 400 * time.Millisecond}
}

func names(processes []info) string {
	var found []string
	for _, p := range processes {
		found = append(found, p.name)
	}
	slices.Sort(found)
	return strings.Join(found, " ")
}

// eventually waits until a list of names is as wanted.
func eventually(t *testing.T, want string, list func() []info) {
	t.Helper()
	got := ""
	for range 100 {
		if got = names(list()); got == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("processes %q, want %q", got, want)
}

func TestOrphansAreAdoptedAndReaped(t *testing.T) {
	if !alone(t) {
		return
	}
	tr := owner(t)
	cmd := shell(t, "setsid sleep 1000 >/dev/null & sleep 0.2 >/dev/null & echo ready")
	_ = cmd.Wait()
	eventually(t, "sleep", tr.cell)
	orphan := tr.cell()[0]
	if orphan.parent != tr.root {
		t.Errorf("the orphan's parent is %d, want %d", orphan.parent, tr.root)
	}
	eventually(t, "sleep sleep", func() []info { return below(tr.root) }) // one of them a zombie by now
	tr.reap()
	eventually(t, "sleep", func() []info { return below(tr.root) })
	tr.end()
	eventually(t, "", func() []info { return below(tr.root) })
}

func TestCellLeavesOutGoNBAndItsServer(t *testing.T) {
	if !alone(t) {
		return
	}
	tr := owner(t)
	dir := t.TempDir()
	for _, name := range []string{"gonb", "gopls"} {
		if err := os.Symlink("/bin/bash", filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	script := `PATH=%s:$PATH; exec gonb -c 'gopls -c "sleep 1000 >/dev/null & echo ready; wait" & tail -f /dev/null >/dev/null & wait'`
	tr.gonb = shell(t, fmt.Sprintf(script, dir)).Process.Pid
	eventually(t, "tail", tr.cell)
	eventually(t, "gonb gopls sleep tail", func() []info { return below(tr.root) })
	tr.end()
	eventually(t, "", func() []info { return below(tr.root) })
}

// interrupted runs interrupt on a tree and returns how long it took.
func interrupted(tr *tree, spare map[process]bool) time.Duration {
	ended := make(chan struct{})
	close(ended)
	start := time.Now()
	tr.interrupt(spare, ended)
	return time.Since(start)
}

func TestInterruptReachesGrandchildren(t *testing.T) {
	if !alone(t) {
		return
	}
	tr := owner(t)
	spared := shell(t, "exec 3>&1; echo ready; exec tail -f /dev/null")
	eventually(t, "tail", tr.cell)
	before := tr.snapshot()
	// Planted: signalling only the child, as GoNB does, leaves the grandchild.
	child := shell(t, "echo ready; sleep 1000; sleep 1000")
	eventually(t, "bash sleep tail", tr.cell)
	_ = child.Process.Signal(os.Interrupt)
	time.Sleep(100 * time.Millisecond)
	if got := names(tr.cell()); !strings.Contains(got, "sleep") {
		t.Fatalf("signalling only the child left %q: this test shows nothing", got)
	}
	if took := interrupted(tr, before); took > tr.grace {
		t.Errorf("interrupting what obeys took %v, longer than the grace of %v", took, tr.grace)
	}
	eventually(t, "tail", func() []info { return below(tr.root) }) // and no zombies
	if err := spared.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the process of an earlier cell: %v", err)
	}
}

func TestInterruptKillsWhatIgnoresIt(t *testing.T) {
	if !alone(t) {
		return
	}
	tr := owner(t)
	shell(t, "trap '' INT; echo ready; sleep 1000; sleep 1000")
	shell(t, "sleep 1000 & echo ready; wait") // a background child ignores SIGINT
	took := interrupted(tr, nil)
	if took < tr.grace || took > tr.grace+time.Second {
		t.Errorf("took %v, want a little more than the grace of %v", took, tr.grace)
	}
	eventually(t, "", func() []info { return below(tr.root) })
}

// A cell can start a process at any moment of its interrupt.
func TestInterruptReachesLatecomers(t *testing.T) {
	if !alone(t) {
		return
	}
	tr := owner(t)
	ended := make(chan struct{})
	over := make(chan time.Time, 1)
	go func() { tr.interrupt(nil, ended); over <- time.Now() }()
	time.Sleep(100 * time.Millisecond)
	if err := exec.Command("sleep", "1000").Start(); err != nil { // no word from it: it may end at once
		t.Fatal(err)
	}
	eventually(t, "", tr.cell)
	select {
	case <-over:
		t.Error("the interrupt was over before its cell")
	default:
		close(ended)
	}
	if at := <-over; time.Since(at) > time.Second {
		t.Error("the interrupt went on behind its cell")
	}
}

func TestEnforceKillsTheLargest(t *testing.T) {
	if !alone(t) {
		return
	}
	tr := owner(t)
	shell(t, "echo ready; exec sleep 1000")
	eventually(t, "sleep", tr.cell)
	shell(t, `x=$(head -c 40000000 /dev/zero | tr '\0' x); echo ready; tail -f /dev/null >/dev/null; echo $x`)
	eventually(t, "bash sleep tail", tr.cell)
	used, killed := tr.enforce(1 << 30)
	if killed != "" || used < 40e6 || used > 1<<30 {
		t.Fatalf("below the limit: %d bytes used, %q killed", used, killed)
	}
	if _, killed := tr.enforce(0); killed != "" {
		t.Fatalf("without a limit: %q killed", killed)
	}
	if _, killed := tr.enforce(used / 2); !strings.HasPrefix(killed, "bash (") {
		t.Errorf("above the limit: %q killed, want bash", killed)
	}
	eventually(t, "sleep tail", tr.cell)
}
