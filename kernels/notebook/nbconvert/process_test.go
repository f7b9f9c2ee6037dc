package nbconvert

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// script returns an executable that stands for Python.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "python")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

const executed = `{"cells": [
 {"cell_type": "code", "id": "a", "metadata": {}, "source": "one", "execution_count": 1, "outputs": []},
 {"cell_type": "code", "id": "b", "metadata": {}, "source": "two", "execution_count": 2, "outputs": [%s]}
], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}`

// starts is what every script does that gets as far as the second cell.
func starts(outputs string) string {
	return `cat > "$GIBBS_EXECUTED" <<'END'
` + strings.Replace(executed, "%s", outputs, 1) + `
END
echo '{"cells": 2}' >&3
echo '{"cell": 1}' >&3
echo 'not JSON' >&3
echo '{"cell": 2}' >&3
`
}

func TestExecute(t *testing.T) {
	const failed = `{"output_type": "error", "ename": "ERROR", "evalue": "exit status 3", "traceback": []}`
	for _, test := range []struct{ name, script, want string }{
		{"passes", starts(""), ""},
		{"fails in a cell", starts(failed) + "exit 1", "cell 2 (two): exit status 3"},
		{"fails in a cell, called a success", starts(`{"output_type": "stream", "name": "stderr", "text": "signal: killed\n"}`), "cell 2 (two): signal: killed"},
		{"timeout", starts("") + `echo '{"kind": "CellTimeoutError", "error": "long"}' >&3; exit 1`, "cell 2 (two): took longer than the limit of 1.5s, or its output stalled"},
		{"kernel died", starts("") + `echo '{"kind": "DeadKernelError", "error": "Kernel died"}' >&3; exit 1`, "cell 2 (two): the kernel died"},
		{"no kernel", `echo '{"kind": "NoSuchKernel", "error": "No such kernel named x"}' >&3; exit 1`, "NoSuchKernel: No such kernel named x"},
		{"nbconvert itself", "echo first; echo no such module >&2; exit 7", "nbconvert: exit status 7: no such module"},
	} {
		var seen []string
		result, err := Execute(context.Background(), Job{
			Python: script(t, test.script), Notebook: "x.ipynb", Timeout: 1500 * time.Millisecond,
			Progress: func(cell, cells int) { seen = append(seen, strconv.Itoa(cell)+"/"+strconv.Itoa(cells)) },
		})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		got := ""
		if result.Failure != nil {
			got = result.Failure.Error()
		}
		if got != test.want {
			t.Errorf("%s: failure %q, want %q", test.name, got, test.want)
		}
		if begun := strings.HasPrefix(test.script, "cat"); begun != (result.Notebook != nil) || begun && strings.Join(seen, " ") != "1/2 2/2" {
			t.Errorf("%s: notebook %v, progress %q", test.name, result.Notebook, seen)
		}
		if _, err := os.Stat(result.Temp); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %s is left", test.name, result.Temp)
		}
	}
}

func TestExecutePassesItsOptions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "arguments")
	_, err := Execute(context.Background(), Job{
		Python: script(t, `echo "$@" "quick=$GIBBS_QUICK" "config=$(ls $TMPDIR)" > `+file), Notebook: "a b.ipynb",
		Kernel: "gibbs-go", Env: append(os.Environ(), "GIBBS_QUICK=1"), Timeout: 1500 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := os.ReadFile(file)
	for _, want := range []string{"kernel_name=gibbs-go", "timeout=2 ", "a b.ipynb quick=1", "execute_config.py", "template"} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("%q is not in %q", want, raw)
		}
	}
}

func TestExecuteWithoutPython(t *testing.T) {
	if _, err := Execute(context.Background(), Job{Python: "/nowhere/python"}); !errors.Is(err, errNotStarted) {
		t.Errorf("error %v, want errNotStarted", err)
	}
}

// A run that ignores the interrupt, and a kernel in a session of its own, end
// with the context.
func TestCancelEndsEverything(t *testing.T) {
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("processes in other sessions are found through /proc, which is not here")
	}
	pids := filepath.Join(t.TempDir(), "pids")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p := process{
		python: script(t, `trap '' INT
setsid sleep 60 & echo $! >> `+pids+`
(sleep 60; echo never) & echo $! >> `+pids+`
echo '{"cell": 1}' >&3
wait; sleep 60`),
		env: os.Environ(), events: &events{progress: func(int, int) { cancel() }}, log: &tail{}, grace: 100 * time.Millisecond,
	}
	start := time.Now()
	if err := p.wait(ctx); err == nil {
		t.Error("no error")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	raw, _ := os.ReadFile(pids)
	started := strings.Fields(string(raw))
	if len(started) != 2 {
		t.Fatalf("processes %q, want 2", started)
	}
	for _, text := range started {
		pid, _ := strconv.Atoi(text)
		stat, err := os.ReadFile("/proc/" + text + "/stat")
		if err == nil && !strings.Contains(string(stat), ") Z ") && syscall.Kill(pid, 0) == nil {
			t.Errorf("process %s is alive", text)
		}
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var log tail
	for range 3 {
		log.Write([]byte(strings.Repeat("x", tailSize)))
	}
	log.Write([]byte("\nlast words\n"))
	if len(log.kept) != tailSize || log.lastLine() != "last words" {
		t.Errorf("%d bytes, last line %q", len(log.kept), log.lastLine())
	}
}
