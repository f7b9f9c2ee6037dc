package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gibbs/kernels/notebook"
	"gibbs/kernels/setup"
)

// evictions is how often TestEvicted kills; the full figure is
//
//	go test ./kernels -run Evicted -timeout 30m -args -evictions 20
var evictions = flag.Int("evictions", 4, "jobs that TestEvicted kills")

// TestMain is the command itself when a test starts it as such.
func TestMain(m *testing.M) {
	if os.Getenv("GIBBS_TEST_COMMAND") != "" {
		main()
		return
	}
	flag.Parse()
	os.Exit(m.Run())
}

// trainingCells are a lesson that trains for some seconds, with a checkpoint every
// 50 ms, and claims what came of it to the last digit.
var trainingCells = []string{`import (
	"fmt"
	"os"
	"time"

	"gibbs/lib/claim"
	"gibbs/lib/env"
	"gibbs/lib/fit"
	"gibbs/lib/net"
	"gibbs/lib/rng"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
)

type Node = graph.Node

%%
claim.Equal("before the training", 1, 1)`,
	`var seed = env.Param[int64]("seed", 1)

func trained() *fit.Result {
	x := make([]float32, 64)
	for i := range x {
		x[i] = float32(i)/10 - 3
	}
	mlp := net.MLP{Hidden: []int{32}, Out: 1, Activation: activation.TypeTanh}
	return fit.MustTrain(func(scope *model.Scope, s rng.State, batch []*Node) *Node {
		_, eps := rng.Normal(s, batch[0].DType(), batch[0].Shape().Dimensions...)
		y := net.Bind(scope, mlp.Apply)(batch[0])
		return graph.ReduceAllMean(graph.Square(graph.Sub(y, graph.Add(graph.Sin(batch[0]), graph.MulScalar(eps, 0.1)))))
	}, fit.Config{
		Steps: 600, Batch: 16, Data: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(x, 64, 1)}, Seed: seed, Block: 5,
		Artefact: "ARTEFACT", SaveEvery: 50 * time.Millisecond,
		Progress: func(int, int, float64) { time.Sleep(40 * time.Millisecond) },
	})
}

%%
fmt.Println("began at step", trained().From)`,
	`%%
result := trained()
sum := 0.0
for v := range result.Store.IterVariables() {
	if v.DType().IsFloat() && v.Shape().Size() > 1 {
		for _, w := range tensors.MustCopyFlatData[float32](v.MustValue()) {
			sum += float64(w) * float64(w)
		}
	}
}
claim.Below("squares of the weights and of Adam's moments", sum, 1e6)
for _, step := range []int{1, 100, 300, 600} {
	claim.Below(fmt.Sprint("loss of step ", step), float64(result.Losses[step-1]), 100)
}`,
	"%%\nclaim.Table()",
}

// eviction is a lesson and the job that runs it.
type eviction struct {
	layout setup.Layout
	path   string // of the notebook
	name   string // of it and its artefact: found nowhere else
	temp   string // of the job's processes
}

func newEviction(t *testing.T) *eviction {
	l := environment(t)
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("processes are found through /proc, which is not here")
	}
	e := &eviction{layout: l, name: "evicted-" + strings.ToLower(rand.Text()[:8]), temp: t.TempDir()}
	nb := &notebook.Notebook{Format: 4, Cells: []notebook.Cell{{Kind: notebook.Markdown, Source: "# Training"}}}
	for _, source := range trainingCells {
		nb.Cells = append(nb.Cells, notebook.Cell{Kind: notebook.Code, Source: strings.ReplaceAll(source, "ARTEFACT", e.name)})
	}
	e.path = filepath.Join(t.TempDir(), e.name+".ipynb")
	if err := nb.Write(e.path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.forget)
	return e
}

// forget removes all that the job made.
func (e *eviction) forget() {
	for _, pattern := range []string{filepath.Join(e.layout.Home, "artefacts", e.name+"-*"), filepath.Join(e.layout.Out(), e.name+"*")} {
		made, _ := filepath.Glob(pattern)
		for _, path := range made {
			os.RemoveAll(path)
		}
	}
}

// start starts the job, as a command of its own.
func (e *eviction) start(t *testing.T, mark string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "run", "--quick", "--resume", e.path)
	cmd.Env = append(os.Environ(), "GIBBS_TEST_COMMAND=1", "GIBBS_TEST_MARK="+mark, "GIBBS_PARAM_SEED=7",
		"GIBBS_ROOT="+e.layout.Root, "GIBBS_HOME="+e.layout.Home, "TMPDIR="+e.temp)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &out
}

// finish runs the job to its end and returns its result and what it printed.
func (e *eviction) finish(t *testing.T) (outcome, string) {
	t.Helper()
	cmd, out := e.start(t, rand.Text())
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	result, err := readResult(filepath.Join(e.layout.Out(), e.name+"@seed=7"+resultSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return result, out.String()
}

// evict kills every process of the job, as the end of its container would, and
// returns how many there were.
func evict(mark string) int {
	killed := map[int]bool{}
	for quiet := 0; quiet < 3; quiet++ { // what was being started is found in the next look
		environs, _ := filepath.Glob("/proc/[0-9]*/environ")
		for _, file := range environs {
			environ, _ := os.ReadFile(file)
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if bytes.Contains(environ, []byte(mark)) && syscall.Kill(pid, syscall.SIGKILL) == nil && !killed[pid] {
				killed[pid], quiet = true, 0
			}
		}
	}
	return len(killed)
}

// checkpoints are the files of the trained network, oldest first.
func (e *eviction) checkpoints() []string {
	files, _ := filepath.Glob(filepath.Join(e.layout.Home, "artefacts", e.name+"-*", "*.safetensors"))
	return files
}

// checkpoint is the SHA-256 of the newest checkpoint's file.
func (e *eviction) checkpoint(t *testing.T) string {
	t.Helper()
	files := e.checkpoints()
	if len(files) == 0 {
		t.Fatal("no checkpoint was kept")
	}
	raw, err := os.ReadFile(slices.Max(files))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(raw))
}

// beginning finds the step at which an executed lesson's training began.
var beginning = regexp.MustCompile(`began at step (\d+)`)

// TestEvicted kills the whole process tree of a job at random moments, starts it
// again until it comes to its end, and compares what it computed, bit for bit, with
// a job that was left alone.
func TestEvicted(t *testing.T) {
	e := newEviction(t)
	start := time.Now()
	whole, _ := e.finish(t)
	took, trained := time.Since(start), e.checkpoint(t)
	if _, out := e.finish(t); !strings.Contains(out, "kept ") {
		t.Errorf("a result that is there was made again:\n%s", out)
	}
	e.forget()

	random := mathrand.New(mathrand.NewPCG(3, 4))
	killed, processes := 0, 0
	var states []string
	for killed < *evictions {
		mark := rand.Text()
		cmd, _ := e.start(t, mark)
		time.Sleep(time.Duration(random.Int64N(int64(took))))
		n := evict(mark)
		if err := cmd.Wait(); err != nil {
			killed, processes = killed+1, processes+n
		}
		results, broken, err := collect(e.layout.Out())
		if err != nil {
			states = append(states, "nothing")
			continue
		}
		at := slices.IndexFunc(results, func(o outcome) bool { return strings.HasPrefix(o.Path, e.name) })
		switch {
		case len(broken) > 0:
			t.Errorf("after a kill: %v", broken)
		case at < 0:
			states = append(states, "nothing")
		case results[at].Passed:
			states = append(states, "passed")
			e.forget() // it came to its end before the kill: begin again
		default:
			states = append(states, "unfinished")
		}
	}
	if end, _ := e.finish(t); end.Computed != whole.Computed || e.checkpoint(t) != trained {
		t.Errorf("after %d kills the job computed\n%v\nleft alone\n%v\nand weights of %s, %s", killed, end.Claims, whole.Claims, e.checkpoint(t), trained)
	}
	// Once more, when there surely is a checkpoint to go on from.
	e.forget()
	mark := rand.Text()
	cmd, out := e.start(t, mark)
	for len(e.checkpoints()) == 0 {
		if time.Sleep(20 * time.Millisecond); time.Since(start) > 5*time.Minute+time.Duration(*evictions)*time.Minute {
			t.Fatalf("no checkpoint came:\n%s", out)
		}
	}
	time.Sleep(time.Second) // some way into the training
	evict(mark)
	_ = cmd.Wait()
	last, _ := e.finish(t)
	raw, err := os.ReadFile(filepath.Join(e.layout.Out(), e.name+"@seed=7.ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	from := beginning.FindSubmatch(raw)
	if from == nil || string(from[1]) == "0" {
		t.Fatalf("the training began at step %q after a kill that left a checkpoint", from)
	}
	t.Logf("%d jobs with %d processes killed within %.1f s, left as %v; one with a checkpoint went on from step %s of 600", killed, processes, took.Seconds(), states, from[1])
	if last.Computed != whole.Computed {
		t.Errorf("claims of the evicted job differ:\n%v\nof the whole one:\n%v", last.Claims, whole.Claims)
	}
	if got := e.checkpoint(t); got != trained {
		t.Errorf("the trained weights differ: checkpoint %s, of the whole job %s", got, trained)
	}
}
