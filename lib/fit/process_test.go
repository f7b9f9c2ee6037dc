package fit_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"gibbs/lib/backend"
	"gibbs/lib/fit"

	"github.com/google/go-cmp/cmp"
)

// kills is how often TestKilledRuns kills; the full figure is
//
//	go test ./lib/fit -run Killed -args -kills 100
var kills = flag.Int("kills", 4, "processes that TestKilledRuns kills")

// TestMain runs a training process when it is asked to, and the tests otherwise.
// The tests put GIBBS_HOME elsewhere, so it settles the backend before them, for
// the training processes too.
func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("FIT_TEST_CHILD") == "" {
		choice, err := backend.Choose()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Setenv("GOMLX_BACKEND", choice.Config)
		os.Exit(m.Run())
	}
	c := longConfig()
	c.Progress = func(int, int, float64) {
		os.Stdout.WriteString("training\n")
		time.Sleep(7 * time.Millisecond) // so that a signal comes between blocks, not after the last
	}
	fit.MustTrain(noisy(0.1), c)
}

func longConfig() fit.Config {
	c := config("process")
	c.Steps = 400
	c.SaveEvery = 5 * time.Millisecond
	return c
}

// child starts a training process that shares GIBBS_HOME, and waits until it trains.
func child(t *testing.T) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "FIT_TEST_CHILD=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = out.Read(make([]byte, 1))
	return cmd, &stderr
}

// TestKilledRuns kills training processes at random moments until one comes to
// the end, and compares it bit for bit with a run that was never killed.
func TestKilledRuns(t *testing.T) {
	t.Setenv("GIBBS_HOME", t.TempDir())
	random := rand.New(rand.NewPCG(1, 2))
	killed, resumed := 0, 0
	for range *kills {
		cmd, _ := child(t)
		time.Sleep(time.Duration(random.IntN(200)) * time.Millisecond)
		_ = cmd.Process.Kill()
		if err := cmd.Wait(); err != nil {
			killed++
		}
	}
	last := mustTrain(t, noisy(0.1), longConfig())
	if last.From > 0 {
		resumed++
	}
	t.Logf("%d of %d processes killed; the last run went on from step %d", killed, *kills, last.From)
	if killed > 0 && resumed == 0 {
		t.Error("nothing of the killed runs was kept")
	}
	c := longConfig()
	c.Artefact = ""
	whole := mustTrain(t, noisy(0.1), c)
	if d := cmp.Diff(weights(whole.Store), weights(last.Store)); d != "" {
		t.Errorf("weights (-whole +killed):\n%s", d)
	}
	if d := cmp.Diff(whole.Losses, last.Losses); d != "" {
		t.Errorf("losses (-whole +killed):\n%s", d)
	}
}

// TestStopSaves sends the signal of Jupyter's Stop.
func TestStopSaves(t *testing.T) {
	t.Setenv("GIBBS_HOME", t.TempDir())
	cmd, stderr := child(t)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if !asExit(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("the process ended with %v, want exit status 1", err)
	}
	if text := stderr.String(); !strings.Contains(text, "run it again to go on") || strings.Contains(text, "goroutine") {
		t.Errorf("it said %q, want one line without a stack trace", text)
	}
	b, err := backend.Open()
	if err != nil {
		t.Fatal(err)
	}
	r, err := fit.Train(t.Context(), b, noisy(0.1), longConfig())
	if err != nil || r.From == 0 {
		t.Errorf("the next run began at step %v (%v), want where the first stopped", r, err)
	}
}

func asExit(err error, exit **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError)
	*exit = e
	return ok
}
