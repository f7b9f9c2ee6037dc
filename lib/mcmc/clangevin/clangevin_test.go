//go:build cgo

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gibbs/lib/mcmc/native"
)

// run executes a command and returns what it prints.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// build makes the shared library and returns its path.
func build(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: builds a shared library")
	}
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skipf("no C compiler: %v", err)
	}
	library := filepath.Join(t.TempDir(), "libgibbs_langevin.so")
	run(t, "go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", library, ".")
	return library
}

// want is what the clients must print of their calls with seeds 0 to 3, computed in Go.
func want(t *testing.T) []string {
	t.Helper()
	mixture, err := native.Mixture[float64](2, []float64{-2, 0, 2, 0}, []float64{1, 3}, []float64{1, 0.5})
	if err != nil {
		t.Fatal(err)
	}
	normal := func(x, score []float64) {
		for i := range x {
			score[i] = -2 * x[i]
		}
	}
	var lines []string
	for name, score := range map[string]native.Score[float64]{"mixture": mixture, "score": normal} {
		for seed := range int64(4) {
			x := slices.Repeat([]float64{10}, 10)
			sampler := native.Langevin[float64]{Score: score, StepSize: 0.01, Seed: seed}
			if err := sampler.Run(context.Background(), x, 2, 300, nil); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, line(name, seed, x))
		}
	}
	slices.Sort(lines)
	return lines
}

// line writes a successful call as the clients do, with numbers that parse to the same float64.
func line(name string, seed int64, x []float64) string {
	text := fmt.Sprintf("%s %d 0", name, seed)
	for _, v := range x {
		text += fmt.Sprintf(" %g", v)
	}
	return text
}

// calls returns the lines of a client's output that tell of successful calls, in
// one form and order.
func calls(t *testing.T, output string) []string {
	t.Helper()
	var lines []string
	for text := range strings.Lines(output) {
		fields := strings.Fields(text)
		if fields[0] != "mixture" && fields[0] != "score" {
			continue
		}
		if len(fields) != 13 || fields[2] != "0" {
			t.Fatalf("want a name, a seed, code 0 and 10 numbers: %s", text)
		}
		var seed int64
		fmt.Sscan(fields[1], &seed)
		x := make([]float64, 10)
		for i := range x {
			if _, err := fmt.Sscan(fields[3+i], &x[i]); err != nil {
				t.Fatal(err)
			}
		}
		lines = append(lines, line(fields[0], seed, x))
	}
	slices.Sort(lines)
	return lines
}

// TestCallers builds the library and calls it from a C program with four threads
// and from Python's ctypes with four threads: the same seeds give Go's numbers,
// to the last bit.
func TestCallers(t *testing.T) {
	library := build(t)
	t.Run("C", func(t *testing.T) {
		program := filepath.Join(t.TempDir(), "client")
		run(t, "cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-I.", "-o", program, "testdata/client.c", library, "-lpthread", "-Wl,-rpath,"+filepath.Dir(library))
		output := run(t, program)
		if got := calls(t, output); !slices.Equal(got, want(t)) {
			t.Errorf("C:\n%s\nGo:\n%s", strings.Join(got, "\n"), strings.Join(want(t), "\n"))
		}
		for _, start := range []string{
			"error-null 1 ", "error-mixture 3 ", "error-callback 4 ", "error-diverged 5 ", "error-run 2 ", "error-unknown 99 ",
			"error-unknown 99 12 unknown | unknown code\n", // cut to 7 bytes and the zero
		} {
			if !strings.Contains(output, "\n"+start) {
				t.Errorf("no line that begins %q in\n%s", start, output)
			}
		}
		if n := strings.Count(output, "\nerror-run 2 "); n != 2 {
			t.Errorf("%d of 2 wrong runs were refused", n)
		}
	})
	t.Run("Python", func(t *testing.T) {
		python, err := exec.LookPath("python3")
		if err != nil {
			t.Skipf("no Python: %v", err)
		}
		output := run(t, python, "testdata/client.py", library)
		if got := calls(t, output); !slices.Equal(got, want(t)) {
			t.Errorf("Python:\n%s\nGo:\n%s", strings.Join(got, "\n"), strings.Join(want(t), "\n"))
		}
		if !strings.Contains(output, "message the run is out of range") {
			t.Errorf("no message in\n%s", output)
		}
	})
}

// TestHeaderStandsAlone compiles the header as strict C and as C++.
func TestHeaderStandsAlone(t *testing.T) {
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skipf("no C compiler: %v", err)
	}
	run(t, "cc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "gibbs_langevin.h")
	if _, err := exec.LookPath("c++"); err != nil {
		t.Skipf("no C++ compiler: %v", err)
	}
	source := filepath.Join(t.TempDir(), "header.cc")
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(source, []byte("#include \"gibbs_langevin.h\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "c++", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I"+here, source)
}
