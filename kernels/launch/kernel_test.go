package launch

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestKernelSaysHello(t *testing.T) {
	k := startKernel(t)
	r := k.run("%%\nfmt.Println(\"hello\")")
	if r.status != "ok" || r.stdout != "hello\n" {
		t.Error(r)
	}
	info := k.await(k.replies, k.send(k.shell, "kernel_info_request", nil), "kernel_info_reply")
	var content struct {
		Status       string
		LanguageInfo map[string]string `json:"language_info"`
	}
	if err := json.Unmarshal(info.content, &content); err != nil {
		t.Fatal(err)
	}
	if l := content.LanguageInfo; l["pygments_lexer"] != "go" || l["name"] != "go" || l["version"] == "" || l["file_extension"] != ".go" {
		t.Errorf("language_info %v", l)
	}
}

func TestFailuresAreErrors(t *testing.T) {
	k := startKernel(t)
	for _, c := range []struct{ name, code, evalue string }{
		{"compile error", "%%\nvar x int = \"text\"\n_ = x", "cannot use"},
		{"syntax error", "func f( {", "expected"},
		{"panic", "%%\npanic(\"oh no\")", "exit status 2"},
		{"exit 3", "%%\nos.Exit(3)", "exit status 3"},
		{"shell", "!false", "line 1: !false: exit status 1"},
		{"second shell", "!true\n!sh -c 'exit 9'", "a shell command of lines [1 2] failed: exit status 9"},
		{"shell in the build folder", "!*exit 5", "exit status 5"},
		{"cell of bash", "%%bash\nexit 4", "line 1: %%bash: exit status 4"},
		{"failing test", "%test\nimport \"testing\"\nfunc TestNo(t *testing.T) { t.Error(\"no\") }", "exit status 1"},
		{"killed child", "%%\nsyscall.Kill(os.Getpid(), syscall.SIGKILL)\nselect {}", "signal: killed"},
		{"killed shell", "!kill -9 $$", "signal: killed"},
		{"unknown module", "import \"example.com/no/such/module\"\n%%\nmodule.F()", "no required module provides package"},
		{"moving version", "!*go get github.com/google/uuid", "exit status 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k.t = t
			r := k.run(c.code)
			if r.status != "error" || !strings.Contains(r.evalue, c.evalue) {
				t.Errorf("want an error with %q: %v", c.evalue, r)
			}
			if len(r.errors) != 1 || !strings.Contains(r.errors[0], c.evalue) {
				t.Errorf("want one published error with %q: %q", c.evalue, r.errors)
			}
			if c.name == "moving version" && !strings.Contains(r.stderr, "name an exact version, such as github.com/google/uuid@v1.2.3") {
				t.Errorf("no advice: %s", r.stderr)
			}
			if c.name == "unknown module" && !strings.Contains(r.stderr+r.evalue+strings.Join(r.errors, ""), "!*go get MODULE@vX.Y.Z") {
				t.Errorf("no advice: %v", r)
			}
		})
	}
	k.t = t
	if r := k.run("%%\nfmt.Println(1)"); r.status != "ok" || r.stdout != "1\n" {
		t.Errorf("after the failures: %v", r)
	}
}

func TestQueuedCellsAreAborted(t *testing.T) {
	k := startKernel(t)
	first := k.submit("!sleep 0.5; false")
	second := k.submit("%%\nfmt.Println(2)")
	third := k.submit("!echo 3")
	if r := first.wait(); r.status != "error" {
		t.Errorf("first: %v", r)
	}
	for _, c := range []*cell{second, third} {
		if r := c.wait(); r.status != "aborted" || r.stdout != "" {
			t.Errorf("behind it: %v", r)
		}
	}
	first = k.submit("!sleep 0.5; false", map[string]any{"stop_on_error": false})
	second = k.submit("!echo 2")
	if r := first.wait(); r.status != "error" {
		t.Errorf("first, not stopping: %v", r)
	}
	if r := second.wait(); r.status != "ok" || r.stdout != "2\n" {
		t.Errorf("behind it: %v", r)
	}
}

// JupyterLab asks for the history at first and waits for an answer.
func TestHistoryIsEmpty(t *testing.T) {
	k := startKernel(t)
	reply := k.await(k.replies, k.send(k.shell, "history_request", nil), "history_reply")
	if got := string(reply.content); got != `{"history":[],"status":"ok"}` {
		t.Errorf("history_reply %s", got)
	}
	for _, want := range []string{"busy", "idle"} {
		for m := range k.published {
			if m.parentID != reply.parentID {
				continue
			}
			if got := string(m.content); m.kind != "status" || !strings.Contains(got, want) {
				t.Errorf("published %s %s, want %s", m.kind, got, want)
			}
			break
		}
	}
}

// Imports of the repository and of its modules need no network.
func TestImportsAreOffline(t *testing.T) {
	proxy := "http://127.0.0.1:9" // nobody listens
	k := startKernel(t, "GOPROXY=off", "GOFLAGS=-mod=mod", "HTTP_PROXY="+proxy, "HTTPS_PROXY="+proxy)
	r := k.run(`import (
	"fmt"

	"gibbs/lib/env"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/janpfeifer/gonb/gonbui"
)

var _ *graph.Node

%%
root, err := env.Root()
fmt.Println(root != "", err, gonbui.IsNotebook, shapes.Make(0).Rank())`)
	if r.status != "ok" || !strings.HasPrefix(r.stdout, "true <nil> true 0") {
		t.Error(r)
	}
}

// An output that the program does not wait for may come behind the end of its
// cell; it is bounded all the same.
func TestLargeOutputs(t *testing.T) {
	k := startKernel(t)
	const code = "import \"github.com/janpfeifer/gonb/gonbui\"\n%%\ngonbui.DisplayHTML(strings.Repeat(\"x\", SIZE))\n"
	for _, wait := range []string{"gonbui.Sync()", ""} {
		c := k.submit(strings.ReplaceAll(code, "SIZE", "100_000_000") + wait)
		c.until("the notice", func() bool { return c.r.stderr != "" || len(c.r.displays) > 0 })
		if r := c.wait(); r.status != "ok" || len(r.displays) != 0 || !strings.Contains(r.stderr, "gibbs: an output of 95.37 MiB was dropped") {
			t.Errorf("100 MB of HTML, then %q: %d displays, %v", wait, len(r.displays), r)
		}
	}
	if r := k.run(strings.ReplaceAll(code, "SIZE", "10") + "gonbui.Sync()"); len(r.displays) != 1 {
		t.Errorf("a small one behind it: %v", r)
	}
}

// A flood is cut, in bounded memory of GoNB and of the guard, and fast.
func TestFloodIsCut(t *testing.T) {
	megabytes := *flood
	k := startKernel(t, "GIBBS_OUTPUT_LIMIT=100kB")
	guard, gonb := k.guard(), k.gonb()
	stop, peak := make(chan struct{}), make(chan int64)
	go func() {
		var most int64
		for {
			for _, p := range processes() {
				if p.process == guard.process || p.process == gonb.process {
					most = max(most, p.resident)
				}
			}
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	r := k.run(strings.ReplaceAll("!yes 0123456789abcdef | head -c N000000", "N", megabytes))
	close(stop)
	most := <-peak
	kept, _, cut := strings.Cut(r.stdout, "\ngibbs: the output was cut after 97.66 KiB")
	if r.status != "ok" || !cut || len(kept) != 100_000 {
		t.Errorf("kept %d bytes: %v", len(kept), r)
	}
	t.Logf("%s MB of output: %v, at most %s in the guard or GoNB", megabytes, r.took.Round(time.Millisecond), formatBytes(most))
	if most > 500<<20 {
		t.Errorf("the guard or GoNB held %s", formatBytes(most))
	}
	if r := k.run("!echo on"); r.stdout != "on\n" {
		t.Errorf("the next cell: %v", r)
	}
}

func TestMemoryLimitEndsTheCell(t *testing.T) {
	k := startKernel(t, "GIBBS_MEMORY_LIMIT=600MiB")
	r := k.run("%%\nvar kept [][]byte\nfor {\n\tb := make([]byte, 10<<20)\n\tfor i := range b {\n\t\tb[i] = 1\n\t}\n\tkept = append(kept, b)\n\ttime.Sleep(time.Millisecond)\n}")
	if r.status != "error" || !strings.Contains(r.stderr, "more than its limit of 600 MiB") || !strings.Contains(r.evalue, "killed") {
		t.Error(r)
	}
	t.Logf("%v: %s", r.took.Round(time.Millisecond), r.stderr)
	start := time.Now()
	if r := k.run("!echo on"); r.stdout != "on\n" || time.Since(start) > 5*time.Second {
		t.Errorf("the next cell after %v: %v", time.Since(start), r)
	}
}
