package nbconvert

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopGrace is how long nbconvert may take to shut its kernel down when it is
// interrupted. Jupyter gives a kernel 5 s before it kills it.
const stopGrace = 10 * time.Second

// errNotStarted says that the interpreter could not be run at all.
var errNotStarted = errors.New("nbconvert: Python does not start")

// process is one run of Python with a pipe for events as file 3.
type process struct {
	python    string
	arguments []string
	env       []string
	events    *events
	log       *tail         // takes stdout and stderr
	grace     time.Duration // from interrupt to kill
}

// wait runs the process to its end. When the context ends first, its process
// group is interrupted, as by Ctrl-C, and killed after grace; kernels, which
// Jupyter puts into sessions of their own, are ended too.
func (p process) wait(ctx context.Context) error {
	read, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("nbconvert: %w", err)
	}
	defer read.Close()
	mark := runVariable + "=" + rand.Text()
	cmd := exec.CommandContext(ctx, p.python, p.arguments...)
	cmd.Env = append(p.env[:len(p.env):len(p.env)], mark)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.ExtraFiles = []*os.File{write}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = p.grace
	err = cmd.Start()
	write.Close()
	if err != nil {
		return fmt.Errorf("%w: %w", errNotStarted, err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.events.read(read)
	}()
	err = cmd.Wait()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	killMarked(mark)
	<-done
	return err
}

// runVariable marks the processes of one run: children inherit it, in whatever
// session or process group they are.
const runVariable = "GIBBS_RUN"

// killMarked kills the processes whose environment holds the mark, until none
// is left. Where there is no /proc, process groups must do.
func killMarked(mark string) {
	for range 50 {
		found := false
		environs, _ := filepath.Glob("/proc/[0-9]*/environ")
		for _, file := range environs {
			environ, err := os.ReadFile(file)
			if err != nil || !bytes.Contains(environ, []byte(mark)) {
				continue
			}
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			found = syscall.Kill(pid, syscall.SIGKILL) == nil || found
		}
		if !found {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// events is what execute_config.py reports.
type events struct {
	progress      func(cell, cells int)
	cell, cells   int    // the code cell under way, and how many there are
	kind, message string // the exception that ended nbconvert
}

func (e *events) read(r io.Reader) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var event struct {
			Cell, Cells int
			Kind, Error string
		}
		if json.Unmarshal(line, &event) != nil {
			continue
		}
		switch {
		case event.Kind != "":
			e.kind, e.message = event.Kind, event.Error
		case event.Cells > 0:
			e.cells = event.Cells
		case event.Cell > 0:
			e.cell = event.Cell
			if e.progress != nil {
				e.progress(e.cell, e.cells)
			}
		}
	}
}

// tail keeps the last part of what is written to it.
type tail struct{ kept []byte }

const tailSize = 64 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(p), nil
}

func (t *tail) lastLine() string {
	lines := strings.Split(strings.TrimSpace(string(t.kept)), "\n")
	return lines[len(lines)-1]
}
