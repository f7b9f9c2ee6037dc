package launch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"gibbs/lib/env"
)

// TestMain lets the test program stand in for a kernel's `go`, and removes what
// tests have built.
func TestMain(m *testing.M) {
	if IsShim() {
		os.Exit(Shim(os.Args[1:]))
	}
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// built is the program under test, compiled once for all tests that start it.
var built struct {
	once    sync.Once
	dir     string
	program string
	err     error
}

// program returns the compiled program of the kernels folder.
func program(t testing.TB) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "gibbs-program-"); built.err != nil {
			return
		}
		built.program = filepath.Join(built.dir, "gibbs")
		out, err := exec.Command("go", "build", "-o", built.program, "gibbs/kernels").CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("building the program: %w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.program
}

// needGoNB skips a test on a machine that was not set up.
func needGoNB(t testing.TB) {
	t.Helper()
	home, err := env.Home()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"gonb", "goimports", "gopls"} {
		if _, err := os.Stat(filepath.Join(home, "bin", name)); err != nil {
			t.Skipf("%v: `go run ./kernels setup` brings it", err)
		}
	}
}

// alone runs the calling test in a process of its own, in which no other test
// has children. It reports whether this is that process.
func alone(t *testing.T) bool {
	t.Helper()
	const mark = "GIBBS_TEST_ALONE"
	if os.Getenv(mark) == t.Name() {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), mark+"="+t.Name())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}
