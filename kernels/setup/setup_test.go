package setup

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func Example() {
	fault := &Fault{Step: "python", What: "Python 3.8.10 (/usr/bin/python3) is too old", Do: "install Python 3.10 or later"}
	fmt.Println(fault)
	// Output:
	// setup: python: Python 3.8.10 (/usr/bin/python3) is too old
	//   to do:        install Python 3.10 or later
	//   still works:  `go test ./lib/...` and every import of gibbs/lib, on the pure-Go backend
}

func TestEnsureBringsEverythingOnceAndThenIsSilent(t *testing.T) {
	l, dir := fakeWorld(t)
	out, err := ensure(l, Options{User: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"python", "tools", "program", "digits", "modules", "plugin", "kernels", "user"} {
		if !strings.Contains(out, "\n  "+name+" ") {
			t.Errorf("no line about %s in:\n%s", name, out)
		}
	}
	for _, path := range []string{l.Python(), l.Bin("gonb"), l.Bin("gopls"), l.Bin("goimports"), l.Bin("gibbs"), l.Digits(),
		filepath.Join(l.Kernelspec("gibbs"), "kernel.json"), filepath.Join(dir, "user", "kernels", "gibbs-go", "logo-64x64.png")} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(l.temp()); !os.IsNotExist(err) {
		t.Errorf("half-made results were left in %s", l.temp())
	}
	// With everything there it must not even ask for another program.
	t.Setenv("PATH", "")
	start := time.Now()
	if out, err := ensure(l, Options{User: true}); err != nil || out != "" {
		t.Errorf("second run: error %v, printed %q; want silence", err, out)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("second run took %v, want under 2 s", took)
	}
}

func TestEnsureRepairsWhatWasChangedOrRemoved(t *testing.T) {
	l, _ := fakeWorld(t)
	if _, err := ensure(l, Options{}); err != nil {
		t.Fatal(err)
	}
	plugin := filepath.Join(l.Home, "plugins", "fake-pjrt-1", "plugin.so")
	for _, c := range []struct {
		step   string
		damage func() error
	}{
		{"python", func() error { return os.Remove(l.Python()) }},
		{"python", func() error { return os.Remove(l.venv()) }},
		{"tools", func() error { return os.Truncate(l.Bin("gopls"), 0) }},
		{"tools", func() error {
			return os.WriteFile(filepath.Join(l.Root, "kernels", "tools", "go.sum"), []byte("x"), 0o644)
		}},
		{"program", func() error {
			return os.WriteFile(filepath.Join(l.Root, "kernels", "main.go"), []byte("package main // changed\n"), 0o644)
		}},
		{"program", func() error {
			return os.WriteFile(filepath.Join(l.Root, "kernels", "new.go"), []byte("package main\n"), 0o644)
		}},
		{"digits", func() error { return os.WriteFile(l.Digits(), []byte("flipped"), 0o644) }},
		{"plugin", func() error { return os.WriteFile(plugin, []byte("the contents of a/pluGin.so"), 0o644) }},
		{"kernels", func() error { return os.RemoveAll(l.Kernelspec("gibbs-go")) }},
	} {
		if err := c.damage(); err != nil {
			t.Fatal(err)
		}
		out, err := ensure(l, Options{})
		if err != nil || !strings.Contains(out, "\n  "+c.step+" ") {
			t.Errorf("%s: error %v, printed %q; want its line", c.step, err, out)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(l.Home, "venv-*")); len(left) != 1 {
		t.Errorf("environments left: %q, want one", left)
	}
}

func TestTestsDoNotRebuildTheProgram(t *testing.T) {
	l, _ := fakeWorld(t)
	if _, err := ensure(l, Options{}); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(l.Root, "kernels", "main_test.go"), "package main\n")
	if out, err := ensure(l, Options{}); err != nil || out != "" {
		t.Errorf("error %v, printed %q; want silence", err, out)
	}
}

func TestBackendIsRemembered(t *testing.T) {
	l, _ := fakeWorld(t)
	if _, err := ensure(l, Options{Backend: "go"}); err != nil {
		t.Fatal(err)
	}
	if err := Remember(l, "go"); err != nil {
		t.Fatal(err)
	}
	if out, err := ensure(l, Options{}); err != nil || out != "" {
		t.Errorf("after setup --backend go: error %v, printed %q; want silence", err, out)
	}
	if out, err := ensure(l, Options{Backend: "auto"}); err != nil || !strings.Contains(out, "plugin") {
		t.Errorf("auto: error %v, printed %q; want the plugin", err, out)
	}
	if _, err := ensure(l, Options{Backend: "tpu"}); err == nil {
		t.Error("backend tpu was accepted")
	}
}

func TestTwoSetupsDoNotInterleave(t *testing.T) {
	l, _ := fakeWorld(t)
	var wg sync.WaitGroup
	outs := make([]string, 3)
	for i := range outs {
		wg.Go(func() {
			out, err := ensure(l, Options{})
			if err != nil {
				t.Error(err)
			}
			outs[i] = out
		})
	}
	wg.Wait()
	if n := strings.Count(strings.Join(outs, ""), "\n  python "); n != 1 {
		t.Errorf("the environment was made %d times, want once:\n%s", n, outs)
	}
}

var kills = flag.Int("kills", 8, "set-ups that TestKilledSetupGoesOn kills")

// TestMain lets this test program stand in for a set-up that is killed.
func TestMain(m *testing.M) {
	if home := os.Getenv("SETUP_TEST_HOME"); home != "" {
		fmt.Println(Ensure(context.Background(), Layout{Root: os.Getenv("SETUP_TEST_ROOT"), Home: home}, Options{Backend: "go"}))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A set-up killed at any moment leaves nothing that the next one does not
// replace: what is where it would be used is whole at every moment.
func TestKilledSetupGoesOn(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l, _ := fakeWorld(t)
	for i := range *kills {
		if err := os.RemoveAll(l.Home); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self)
		// The child's digits are the real ones, which the fake index cannot give:
		// its set-up ends there, after the environment, the tools and the program.
		cmd.Env = append(os.Environ(), "SETUP_TEST_HOME="+l.Home, "SETUP_TEST_ROOT="+l.Root)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(5 + i*300 / *kills) * time.Millisecond)
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
		whole(t, l)
		if _, err := ensure(l, Options{}); err != nil {
			t.Fatalf("kill %d: the next set-up failed: %v", i, err)
		}
		whole(t, l)
	}
}

// whole fails the test if a result is in place but not complete.
func whole(t *testing.T, l Layout) {
	t.Helper()
	if _, err := os.Lstat(l.venv()); err == nil {
		for i := 1; i <= 5; i++ {
			if readText(filepath.Join(l.venv(), fmt.Sprintf("package-%d", i))) == "" {
				t.Errorf("the environment is in place without package %d", i)
			}
		}
	}
	for _, tool := range []string{"gonb", "goimports", "gopls", "gibbs"} {
		if _, err := os.Stat(l.Bin(tool)); err == nil && !isProgram(l.Bin(tool)) {
			t.Errorf("%s is in place but no program", tool)
		}
	}
	if body, err := os.ReadFile(l.Digits()); err == nil && sha256Hex(body) != digits.SHA256 {
		t.Error("the digits are in place but not whole")
	}
}

func TestStopEndsTheChildren(t *testing.T) {
	l, dir := fakeWorld(t)
	put(t, filepath.Join(dir, "bin", "python3"), "#!/bin/sh\ncase \" $* \" in\n*\" -m venv \"*) sleep 60 & echo $! > \"$FAKE_DIR/child\"; sleep 60;;\n"+
		"*) echo '{\"path\": \"python3\", \"version\": \"3.12.1\", \"minor\": 12, \"missing\": []}';;\nesac\n")
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for readText(filepath.Join(dir, "child")) == "" {
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	start := time.Now()
	err := Ensure(ctx, l, Options{Out: &strings.Builder{}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("stopping took %v", took)
	}
	var pid int
	if _, err := fmt.Sscan(readText(filepath.Join(dir, "child")), &pid); err != nil {
		t.Fatal(err)
	}
	if alive(pid) {
		t.Error("a child of the set-up outlived it")
	}
	if left, _ := filepath.Glob(filepath.Join(l.Home, "venv*")); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

// alive reports whether a process runs; a zombie that nobody has reaped does not.
func alive(pid int) bool {
	deadline := time.Now().Add(3 * time.Second)
	for time.Now().Before(deadline) {
		if syscall.Kill(pid, 0) != nil {
			return false
		}
		if stat := readText(fmt.Sprintf("/proc/%d/stat", pid)); strings.Contains(stat, ") Z ") {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
	return true
}
