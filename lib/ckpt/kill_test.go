package ckpt

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/tensors"
)

// first is the state of a run before its first step, and advance makes one step:
// each state is a function of the one before, so a run that resumes from anything
// but the exact state of a step never matches the uninterrupted run again.
func first() *Snapshot {
	return &Snapshot{Tensors: map[string]*tensors.Tensor{
		"/rng":     tensors.FromValue(make([]uint64, 16384)),
		"/weights": tensors.FromValue(make([]float32, 16384)),
	}, Meta: map[string]string{}}
}

func advance(s *Snapshot) *Snapshot {
	next := first()
	next.Step = s.Step + 1
	tensors.MustConstFlatData(s.Tensors["/rng"], func(old []uint64) {
		tensors.MustMutableFlatData(next.Tensors["/rng"], func(rng []uint64) {
			tensors.MustMutableFlatData(next.Tensors["/weights"], func(weights []float32) {
				for i := range rng {
					rng[i] = old[i]*6364136223846793005 + 1442695040888963407 + uint64(i) // Knuth's LCG, MMIX
					weights[i] = float32(rng[i]>>40) / (1 << 24)
				}
			})
		})
	})
	return next
}

// child is what this test binary does when a test has started it for a role. It
// returns the exit code.
func child(role string) int {
	path, bugName := os.Getenv("CKPT_TEST_DIR"), os.Getenv("CKPT_TEST_BUG")
	var err error
	switch {
	case role == "save":
		err = saveForEver(path, bugName)
	case bugName == "no lock":
		err = saveInTurns(path, unlocked)
	default:
		err = saveInTurns(path, locked)
	}
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	return 0
}

// saveForEver resumes the run in a folder and saves every step; it prints "open",
// and each step when it is acknowledged.
func saveForEver(path, bugName string) error {
	d, err := Open(path, Options{})
	if err != nil {
		return err
	}
	delay := time.Millisecond
	if bugName != "" {
		delay *= 10 // most kills fall between two writes, where these bugs show
	}
	d.disk = slow{bugs[bugName](osDisk{}), delay}
	s, err := d.Latest()
	if errors.Is(err, ErrNone) {
		s, err = first(), nil
	}
	fmt.Println("open")
	for err == nil {
		s = advance(s)
		if err = d.Save(s); err == nil {
			fmt.Println("saved", s.Step)
		}
	}
	return err
}

// slow waits in the middle of every write, so that kills fall there.
type slow struct {
	disk
	delay time.Duration
}

func (d slow) create(path string) (file, error) {
	f, err := d.disk.create(path)
	return slowFile{f, d.delay}, err
}

type slowFile struct {
	file
	delay time.Duration
}

func (f slowFile) Write(p []byte) (int, error) {
	half, err := f.file.Write(p[:len(p)/2])
	if err != nil {
		return half, err
	}
	time.Sleep(f.delay)
	rest, err := f.file.Write(p[len(p)/2:])
	return half + rest, err
}

// start runs this test binary in a role.
func start(role, path, bugName string) (*exec.Cmd, io.WriteCloser, io.Reader, error) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CKPT_TEST_ROLE="+role, "CKPT_TEST_DIR="+path, "CKPT_TEST_BUG="+bugName)
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	return cmd, in, out, errors.Join(inErr, outErr, cmd.Start())
}

// killOnce starts a run in a folder, kills it after a random time, a tenth of the
// time while it starts, and returns the last step it acknowledged, or acked.
func killOnce(path, bugName string, acked int64) (int64, error) {
	cmd, _, out, err := start("save", path, bugName)
	if err != nil {
		return acked, err
	}
	lines := bufio.NewScanner(out)
	if rand.IntN(10) > 0 {
		lines.Scan()
	}
	time.Sleep(time.Duration(rand.IntN(60_000)) * time.Microsecond) // some four saves of 15 ms
	if err := cmd.Process.Kill(); err != nil {
		return acked, err
	}
	for ok := true; ok; ok = lines.Scan() {
		if what, rest, _ := strings.Cut(lines.Text(), " "); what == "error" {
			err = errors.New(rest)
		} else if what == "saved" {
			fmt.Sscan(rest, &acked)
		}
	}
	_ = cmd.Wait() // "signal: killed", as it should be
	return acked, err
}

// resumed opens a folder after a kill and returns the state found, and whether a
// save was cut off. The state must be of the last acknowledged step or the next,
// and nothing may be damaged.
func resumed(path string, acked int64) (s *Snapshot, cutOff bool, err error) {
	temps, _ := filepath.Glob(filepath.Join(path, "*.tmp"))
	d, err := Open(path, Options{})
	if err != nil {
		return nil, false, err
	}
	defer d.Close()
	s, err = d.Latest()
	if errors.Is(err, ErrNone) && acked == 0 {
		s, err = first(), nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("step %d was acknowledged: %w", acked, err)
	}
	if s.Step != acked && s.Step != acked+1 {
		return nil, false, fmt.Errorf("step %d was acknowledged, step %d was found", acked, s.Step)
	}
	if len(d.Damaged()) > 0 {
		return nil, false, fmt.Errorf("damaged: %v", d.Damaged())
	}
	if left, _ := filepath.Glob(filepath.Join(path, "*.tmp")); len(left) > 0 {
		return nil, false, fmt.Errorf("left over: %v", left)
	}
	return s, len(temps) > 0, nil
}

// killRun kills one run n times and returns the first violation, the steps made
// and how many kills cut a save off. After each kill the state must be that of
// the uninterrupted run at that step, to the bit.
func killRun(path, bugName string, n int) (steps int64, cutOff int, err error) {
	want, acked := first(), int64(0)
	for kill := range n {
		if acked, err = killOnce(path, bugName, acked); err != nil {
			return acked, cutOff, err
		}
		s, cut, err := resumed(path, acked)
		if err != nil {
			return acked, cutOff, fmt.Errorf("kill %d: %w", kill, err)
		}
		if cut {
			cutOff++
		}
		for want.Step < s.Step {
			want = advance(want)
		}
		if err := same(s, want); err != nil {
			return acked, cutOff, fmt.Errorf("kill %d: %w", kill, err)
		}
		acked = s.Step
	}
	return acked, cutOff, nil
}

func TestKill(t *testing.T) {
	n := count(kills)
	steps, cutOff, err := killRun(t.TempDir(), "", n)
	t.Logf("%d kills, %d of them cut a save off, %d steps", n, cutOff, steps)
	if err != nil {
		t.Error(err)
	}
	if testing.Short() {
		return
	}
	const enough = 400 // most kills find either bug; on a loaded machine fewer cut a save off
	for _, name := range []string{"no rename", "prune first"} {
		if _, _, err := killRun(t.TempDir(), name, enough); err == nil {
			t.Errorf("planted bug %q was not found in %d kills", name, enough)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
}
