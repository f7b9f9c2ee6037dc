package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"gibbs/kernels/child"
)

// Hello is what a side says first.
type Hello struct {
	Versions map[string]string `json:"versions"`
	Threads  int               `json:"threads"`       // the cores that it may run on
	First    float64           `json:"first_seconds"` // of the first call, which traces and compiles
}

// Run is one timed run of a side.
type Run struct {
	Seconds float64 `json:"seconds"`
	Answer  Answer  `json:"answer"`
	Draws   *Drawn  `json:"draws,omitempty"` // instead of an answer
}

// worker is a side in a process of its own: it greets with a Hello, and answers
// each seed that it is sent with a Run, in lines of JSON.
type worker struct {
	Hello
	name   string
	seeds  io.WriteCloser
	lines  *bufio.Reader
	stderr *tail
	ended  chan error
}

// program is a command line and the number of cores to hold it to; 0 is all.
type program struct {
	name  string
	argv  []string
	dir   string
	env   []string // nil: this process's
	cores int
}

// start starts a program and waits until it has greeted. It ends with ctx.
func (p program) start(ctx context.Context) (*worker, error) {
	cmd := exec.CommandContext(ctx, p.argv[0], p.argv[1:]...)
	cmd.Dir, cmd.Env = p.dir, p.env
	cmd.SysProcAttr = child.Attr(syscall.SIGKILL)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	w := &worker{name: p.name, stderr: &tail{}, ended: make(chan error, 1)}
	cmd.Stderr = w.stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("bench: %s: %w", p.name, err)
	}
	out, write := io.Pipe()
	cmd.Stdout = write
	w.seeds, w.lines = in, bufio.NewReader(out)
	started := make(chan error)
	go func() {
		// The parent-death signal and the affinity follow this thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := onCores(p.cores, cmd.Start)
		started <- err
		if err != nil {
			return
		}
		err = cmd.Wait()
		write.CloseWithError(errors.Join(io.EOF, err))
		w.ended <- err
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("bench: %s: %w", p.name, err)
	}
	if err := w.read(&w.Hello); err != nil {
		_ = w.close()
		return nil, err
	}
	return w, nil
}

// run has the side do the job once.
func (w *worker) run(seed int) (r Run, err error) {
	if _, err := fmt.Fprintln(w.seeds, seed); err != nil {
		return r, fmt.Errorf("bench: %s ended: %s", w.name, w.stderr)
	}
	err = w.read(&r)
	return r, err
}

// read reads one line of JSON. Other lines, which libraries print, are passed over.
func (w *worker) read(into any) error {
	for {
		line, err := w.lines.ReadString('\n')
		if strings.HasPrefix(line, "{") {
			if err := json.Unmarshal([]byte(line), into); err != nil {
				return fmt.Errorf("bench: %s said %q: %w", w.name, line, err)
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("bench: %s ended (%v): %s", w.name, err, w.stderr)
		}
	}
}

// close ends the side and waits until it is gone.
func (w *worker) close() error {
	_ = w.seeds.Close()
	go func() { _, _ = io.Copy(io.Discard, w.lines) }()
	return <-w.ended
}

// tail keeps the end of what a program says on stderr.
type tail struct {
	mu   sync.Mutex
	text string
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text += string(p)
	t.text = t.text[max(0, len(t.text)-4000):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return child.LastLines(t.text, 8)
}
