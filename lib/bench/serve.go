package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"gibbs/lib/backend"
)

// task is our side of a job, prepared: run does it once with a seed and returns
// when the numbers are on the host, answer judges what it left.
type task[R any] struct {
	run     func(seed int) (R, error)
	answer  func(R) Answer
	seconds *float64                                       // where run leaves the seconds that count; nil: all of it
	draws   func(R) (seconds float64, d *Drawn, err error) // instead of answer: leaves draws, for the bench to judge
}

// serve does for our side what peer.py does for the peers.
func serve[R any](t task[R], in io.Reader, out io.Writer) error {
	timed := func(seed int) (float64, R, error) {
		start := time.Now()
		result, err := t.run(seed)
		return time.Since(start).Seconds(), result, err
	}
	counted := func(seconds float64) float64 {
		if t.seconds != nil {
			return *t.seconds
		}
		return seconds
	}
	first, _, err := timed(0)
	if err != nil {
		return err
	}
	say := json.NewEncoder(out)
	versions, err := ourVersions()
	if err != nil {
		return err
	}
	if err := say.Encode(Hello{versions, runtime.NumCPU(), first}); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		seed, err := strconv.Atoi(lines.Text())
		if err != nil {
			return fmt.Errorf("bench: a seed was expected: %w", err)
		}
		seconds, result, err := timed(seed)
		if err != nil {
			return err
		}
		r := Run{Seconds: counted(seconds)}
		if t.draws == nil {
			r.Answer = t.answer(result)
		} else if r.Seconds, r.Draws, err = t.draws(result); err != nil {
			return err
		}
		if err := say.Encode(r); err != nil {
			return err
		}
	}
	return lines.Err()
}

// work is the process that a side of ours is.
func work(job, settings string) error {
	start, ok := tasks[job]
	if !ok {
		return fmt.Errorf("bench: no work %q", job)
	}
	return start([]byte(settings), os.Stdin, os.Stdout)
}

// tasks are our sides of the jobs, by Job.program.
var tasks = map[string]func(settings []byte, in io.Reader, out io.Writer) error{
	"normals":           serving(normals),
	"langevin":          serving(langevin),
	"dsm_train":         serving(dsmTrain),
	"ncsn_sample":       serving(ncsnSample),
	"hopfield_retrieve": serving(hopfieldRetrieve),
	"ebm_train":         serving(ebmTrain),
	"ising_heatbath":    serving(isingHeatbath),
	"rbm_pcd":           serving(rbmPCD),
	"hamiltonian":       serving(hamiltonian),
	"rwm_many":          serving(rwmMany),
}

// serving reads the settings of a task, prepares it and serves it.
func serving[S, R any](prepare func(S) (task[R], error)) func([]byte, io.Reader, io.Writer) error {
	return func(raw []byte, in io.Reader, out io.Writer) error {
		var settings S
		if err := json.Unmarshal(raw, &settings); err != nil {
			return fmt.Errorf("bench: settings: %w", err)
		}
		t, err := prepare(settings)
		if err != nil {
			return err
		}
		return serve(t, in, out)
	}
}

// ourVersions says what our side is made of.
func ourVersions() (map[string]string, error) {
	choice, err := backend.Choose()
	if err != nil {
		return nil, err
	}
	versions := map[string]string{"go": runtime.Version(), "backend": choice.Name}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == "github.com/gomlx/gomlx" {
				versions["gomlx"] = m.Version
			}
		}
	}
	return versions, nil
}
