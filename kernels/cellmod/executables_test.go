package cellmod

import (
	"bytes"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"gibbs/lib/backend/pjrt"
	"gibbs/lib/env"
)

// program runs one graph on XLA. Its answer is 2·sin(1) + 2·sin(0), in full.
const program = `package main

import (
	"fmt"

	"gibbs/lib/backend"
	"github.com/gomlx/gomlx/core/graph"
)

func main() {
	sum, err := graph.CallOnce(backend.MustOpen(), func(x *graph.Node) *graph.Node {
		return graph.ReduceAllSum(graph.MulScalar(graph.Sin(x), 2))
	}, []float32{1, 0})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%b", sum.Value())
}
`

// TestCompiledProgramsAreKept runs a cell's program again and again. It catches a
// program that is compiled again, one that is loaded although it is damaged, and
// one that stands in for a program under other flags.
func TestCompiledProgramsAreKept(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	home, err := env.Home()
	if err != nil {
		t.Fatal(err)
	}
	plugin, known := pjrt.PluginFor("xla-cpu")
	if !known || plugin.Verify(home) != nil || !Made(root, home) {
		t.Skip("XLA is not set up: go run ./kernels setup")
	}
	if _, err := os.Stat("/proc/cpuinfo"); err != nil {
		t.Skip("programs are kept where the processor is known: ", err)
	}
	cell, kept := t.TempDir(), filepath.Join(t.TempDir(), "kept")
	put(t, filepath.Join(cell, "go.mod"), "module cell\n")
	put(t, filepath.Join(cell, "main.go"), program)
	if err := Seed(cell, root, home); err != nil {
		t.Fatal(err)
	}
	run := func(name string, variables ...string) string {
		t.Helper()
		cmd := exec.Command(name, "build", "-tags=nogobackend", "-ldflags=-linkmode=internal", "-o", "cell", ".")
		if name != "go" {
			cmd = exec.Command(name)
		}
		var stderr bytes.Buffer
		cmd.Dir, cmd.Stderr = cell, &stderr
		cmd.Env = append(os.Environ(), append([]string{"GIBBS_ROOT=" + root, "GIBBS_HOME=" + home, "GIBBS_BACKEND=xla-cpu",
			"GOMLX_BACKEND=", "GOFLAGS=-mod=readonly -buildvcs=false", "GOPROXY=off", "GOWORK=off"}, variables...)...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, stderr.Bytes())
		}
		return string(out)
	}
	run("go")
	binary := filepath.Join(cell, "cell")
	want := run(binary, "GIBBS_EXECUTABLES=")
	if files, _ := filepath.Glob(filepath.Join(kept, "*")); len(files) != 0 {
		t.Errorf("kept without being asked: %v", files)
	}
	// once runs the program and returns what is kept of it.
	once := func(what string, files int, variables ...string) []string {
		t.Helper()
		if got := run(binary, append(variables, "GIBBS_EXECUTABLES="+kept)...); got != want {
			t.Errorf("%s: the answer is %s, want %s", what, got, want)
		}
		list, _ := filepath.Glob(filepath.Join(kept, "*"))
		if len(list) != files {
			t.Fatalf("%s: %d programs are kept, want %d", what, len(list), files)
		}
		return list
	}
	file := once("the first time", 1)[0]
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	once("again", 1)
	if info, err := os.Stat(file); err != nil || !info.ModTime().After(old) {
		t.Error("the program that was kept was not used")
	}
	junk := []byte("no program at all")
	digest := sha256.Sum256(junk)
	for what, damaged := range map[string][]byte{
		"a flipped bit": append(bytes.Clone(whole[:len(whole)-1]), whole[len(whole)-1]^1),
		"cut short":     whole[:len(whole)/2],
		"empty":         {},
		"no program":    append(digest[:], junk...), // whole: XLA itself must refuse it
	} {
		if err := os.WriteFile(file, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		once(what, 1)
		if now, err := os.ReadFile(file); err != nil || len(now) != len(whole) {
			t.Errorf("%s: the damaged program was not replaced: %d bytes, %v", what, len(now), err)
		}
	}
	once("other flags", 2, "XLA_FLAGS=--xla_cpu_enable_fast_math=false")
}
