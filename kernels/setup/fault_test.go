package setup

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestPythonFaults(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		parts        []string
	}{
		{"too old", `{"path": "/usr/bin/python3", "version": "3.8.10", "minor": 8, "missing": []}`, []string{"Python 3.8.10 (/usr/bin/python3) is too old", "3.10", "GIBBS_PYTHON"}},
		{"python 2", `not json`, []string{"does not run, or is no Python 3", "3.10"}},
		{"no ensurepip", `{"path": "/usr/bin/python3", "version": "3.11.2", "minor": 11, "missing": ["ensurepip"]}`, []string{"lacks ensurepip", "apt install python3.11-venv"}},
		{"no venv", `{"path": "/usr/bin/python3", "version": "3.13.0", "minor": 13, "missing": ["venv", "ensurepip"]}`, []string{"lacks venv and ensurepip", "python3-venv"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, dir := fakeWorld(t)
			t.Setenv("GIBBS_PYTHON", filepath.Join(dir, "bin", "python3"))
			put(t, filepath.Join(dir, "python.json"), c.answer)
			_, err := ensure(l, Options{})
			wantFault(t, err, "python", c.parts...)
			if _, err := os.Lstat(l.venv()); err == nil {
				t.Error("an environment is there all the same")
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		l, dir := fakeWorld(t)
		t.Setenv("PATH", filepath.Join(dir, "nothing"))
		_, err := ensure(l, Options{})
		wantFault(t, err, "python", "no Python found", "apt install python3")
	})
}

// The texts are what the real programs print.
func TestToolFaults(t *testing.T) {
	for _, c := range []struct{ name, verb, says, step, part string }{
		{"no network", "install", "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(... [Errno -3] Temporary failure in name resolution')'\nERROR: No matching distribution found for anyio==4.16.0", "python", "no network"},
		{"proxy refuses", "install", "WARNING: Retrying (Retry(total=0)) after connection broken by 'ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407'))'", "python", "proxy"},
		{"error page", "install", "ERROR: Could not find a version that satisfies the requirement anyio==4.16.0 (from versions: none)\nERROR: No matching distribution found for anyio==4.16.0", "python", "error page of a proxy"},
		{"wrong hash", "install", "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "python", "not what Gibbs pins"},
		{"disk full in venv", "venv", "OSError: [Errno 28] No space left on device", "python", "disk is full"},
		{"disk full in pip", "install", "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "python", "disk is full"},
		{"read-only", "venv", "Error: [Errno 13] Permission denied: '/x'", "python", "may not be written"},
		{"something else", "install", "ERROR: a surprise", "python", "a surprise"},
		{"wheel, no network", "download", "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError()'", "digits", "no network"},
		{"go, no network", "go", `golang.org/x/tools@v0.41.0: Get "https://mirror.invalid/x.zip": dial tcp: lookup mirror.invalid: no such host`, "tools", "no network"},
		{"go, wrong sum", "go", "verifying module: checksum mismatch\nSECURITY ERROR", "tools", "not what Gibbs pins"},
		{"go, disk full", "go", "write $WORK/b001/_pkg_.a: no space left on device", "tools", "disk is full"},
		{"go, compile error", "go", "kernels/main.go:3:1: undefined: connection", "tools", "undefined: connection"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, dir := fakeWorld(t)
			put(t, filepath.Join(dir, "fault-"+c.verb), c.says)
			_, err := ensure(l, Options{})
			wantFault(t, err, c.step, c.part)
			whole(t, l)
			if err := os.Remove(filepath.Join(dir, "fault-"+c.verb)); err != nil {
				t.Fatal(err)
			}
			if _, err := ensure(l, Options{}); err != nil {
				t.Errorf("with the fault gone: %v", err)
			}
		})
	}
}

func TestNoGo(t *testing.T) {
	l, dir := fakeWorld(t)
	if err := os.Remove(filepath.Join(dir, "bin", "go")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/usr/bin/go"); err == nil {
		t.Skip("go is in /usr/bin, where the fake programs need their shell from")
	}
	_, err := ensure(l, Options{})
	wantFault(t, err, "go", "go command is not on PATH")
}

func TestPlatformWithoutAKnownPlugin(t *testing.T) {
	l, _ := fakeWorld(t)
	_, err := ensure(l, Options{Backend: "xla-cuda"})
	wantFault(t, err, "plugin", runtime.GOOS+"/"+runtime.GOARCH, "--unverified-plugin", "--backend go")
	if _, err := os.Stat(l.Home); !os.IsNotExist(err) {
		t.Error("something was installed before the refusal")
	}
	if _, err := ensure(l, Options{Backend: "auto"}); err != nil {
		t.Errorf("auto: %v; want pure Go", err)
	}
}

func TestNotEnoughDisk(t *testing.T) {
	home := filepath.Join(t.TempDir(), "not", "yet")
	err := enoughDisk(home, step{name: "plugin", what: "a plugin", need: 1 << 60})
	wantFault(t, err, "plugin", home, "are free", "GIBBS_HOME")
	if err := enoughDisk(home, step{need: 1}); err != nil {
		t.Error(err)
	}
}

func TestHomeThatCannotBeMade(t *testing.T) {
	l, dir := fakeWorld(t)
	l.Home = filepath.Join(dir, "go.file", "home")
	put(t, filepath.Join(dir, "go.file"), "a file where a folder should be")
	_, err := ensure(l, Options{})
	var f *Fault
	if !errors.As(err, &f) {
		t.Fatalf("got error %v, want a *Fault", err)
	}
}
