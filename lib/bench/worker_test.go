package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// shell is a side written in the shell.
func shell(t *testing.T, script string) program {
	t.Helper()
	path, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	return program{name: "shell", argv: []string{path, "-c", script}}
}

const greeting = `echo '{"versions":{"sh":"1"},"threads":3,"first_seconds":0.5}'`

func TestWorker(t *testing.T) {
	w, err := shell(t, `echo noise of a library; `+greeting+`
while read seed; do echo more noise; echo '{"seconds":'$seed',"answer":{"mean":{"value":'$seed',"error":0.1}}}'; done`).start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if w.Threads != 3 || w.First != 0.5 || w.Versions["sh"] != "1" {
		t.Errorf("greeting %+v", w.Hello)
	}
	for _, seed := range []int{4, 2} {
		r, err := w.run(seed)
		if err != nil || r.Seconds != float64(seed) || r.Answer["mean"].Value != float64(seed) {
			t.Errorf("run %d: %+v, %v", seed, r, err)
		}
	}
	if err := w.close(); err != nil {
		t.Error(err)
	}
}

// TestWorkerFailures: what a side says before it dies reaches the user.
func TestWorkerFailures(t *testing.T) {
	for name, script := range map[string]string{
		"dies at once":     `echo no module named jax >&2; exit 3`,
		"dies in a run":    greeting + `; read seed; echo no module named jax >&2; exit 3`,
		"speaks otherwise": `echo '{"versions":'; echo no module named jax >&2`,
	} {
		w, err := shell(t, script).start(context.Background())
		if err == nil {
			_, err = w.run(1)
			_ = w.close()
		}
		if err == nil || name != "speaks otherwise" && !strings.Contains(err.Error(), "no module named jax") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (program{name: "none", argv: []string{filepath.Join(t.TempDir(), "none")}}).start(context.Background()); err == nil {
		t.Error("a program that is not there: started")
	}
}

func TestWorkerEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	w, err := shell(t, greeting+`; sleep 600`).start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := w.run(1); err == nil {
		t.Error("a run of a side that was stopped succeeded")
	}
	_ = w.close()
}

func TestOneCore(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("affinity is Linux's")
	}
	p := shell(t, `n=$(nproc); echo '{"threads":'$n'}'; read seed`)
	p.cores = 1
	w, err := p.start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	if w.Threads != 1 {
		t.Errorf("held to 1 core, it sees %d", w.Threads)
	}
	p.cores = 10_000
	if _, err := p.start(context.Background()); err == nil {
		t.Error("10,000 cores: started")
	}
}

// TestServe holds a conversation with a side of ours.
func TestServe(t *testing.T) {
	var out bytes.Buffer
	squares := task[int]{
		run:    func(seed int) (int, error) { return seed * seed, nil },
		answer: func(n int) Answer { return Answer{"square": {Value: float64(n)}} },
	}
	if err := serve(squares, strings.NewReader("3\n5\n"), &out); err != nil {
		t.Fatal(err)
	}
	lines := json.NewDecoder(&out)
	var hello Hello
	if err := lines.Decode(&hello); err != nil || hello.Threads != runtime.NumCPU() {
		t.Errorf("greeting %+v, %v", hello, err)
	}
	for _, want := range []float64{9, 25} {
		var r Run
		if err := lines.Decode(&r); err != nil || r.Answer["square"].Value != want {
			t.Errorf("run %+v, %v; want %v", r, err, want)
		}
	}
	broken := task[int]{run: func(int) (int, error) { return 0, errors.New("broken") }}
	if serve(broken, strings.NewReader(""), io.Discard) == nil || serve(squares, strings.NewReader("three\n"), io.Discard) == nil {
		t.Error("a run that fails, or a seed that is none: no error")
	}
}

// TestJobsAreWhole: every side of a job has its program, and jobs have names of
// their own.
func TestJobsAreWhole(t *testing.T) {
	var names []string
	for _, j := range jobs {
		names = append(names, j.Name)
		if j.Measure != nil {
			continue
		}
		if len(j.Cases) == 0 || j.Sides[0].Name != ours.Name {
			t.Errorf("%s: no case, or ours is not first", j.Name)
		}
		for _, s := range j.Sides {
			if s.Library == "" {
				if tasks[j.program()] == nil {
					t.Errorf("%s: no work %q", j.Name, j.program())
				}
			} else if _, err := peers.Open("peers/" + s.Library + "_" + j.program() + ".py"); err != nil {
				t.Errorf("%s: %v", j.Name, err)
			}
		}
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != len(jobs) {
		t.Errorf("two jobs have one name: %v", names)
	}
}

func TestOptions(t *testing.T) {
	o, err := parse([]string{"-job", "lang", "-peer", "jax", "-n", "3"})
	if err != nil || o.runs != 3 || !o.job.MatchString("langevin") || !o.wants(ours) || !o.wants(jax) || !o.wants(blackjax) || o.wants(sklearn) {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := parse(nil); err != nil || !o.wants(jax) || o.wants(torch) {
		t.Errorf("the defaults: %v, %v; PyTorch takes part only if asked for", o, err)
	}
	for _, args := range [][]string{{"-n", "0"}, {"-job", "("}, {"-peer", "("}, {"langevin"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%v: accepted", args)
		}
	}
}

// fakePython makes a Python that can make environments, whose pip does what pip says.
func fakePython(t *testing.T, pip string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "python3")
	script := `#!/bin/sh
case "$*" in
*"import sys, venv"*) echo "$0 3.12.0" ;;
*"-m venv"*) for last; do :; done; mkdir -p "$last/bin" && cp "$0" "$last/bin/python" ;;
*"-m pip"*) ` + pip + ` ;;
esac
`
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIBBS_PYTHON", path)
}

// TestEnvironment makes one after an attempt that failed without a network and one
// that was killed half-way, and then does nothing.
func TestEnvironment(t *testing.T) {
	home := t.TempDir()
	e := environment{name: "python", size: "nothing"}
	fakePython(t, `echo "connection refused" >&2; exit 1`)
	if _, err := e.ensure(context.Background(), home, io.Discard); err == nil ||
		!strings.Contains(err.Error(), "connection refused") || !strings.Contains(err.Error(), "connect to the network") {
		t.Fatalf("without a network: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(home, "peers", "half-made", "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("COUNT", filepath.Join(home, "count"))
	fakePython(t, `echo x >> "$COUNT"`)
	for range 2 {
		python, err := e.ensure(context.Background(), home, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(python); err != nil {
			t.Error(err)
		}
	}
	if count, _ := os.ReadFile(filepath.Join(home, "count")); len(count) != 2 {
		t.Errorf("pip ran %d times, want once", len(count)/2)
	}
	if left, _ := filepath.Glob(filepath.Join(home, "peers", "half-made*")); left != nil {
		t.Errorf("left: %v", left)
	}
}
