package setup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gibbs/kernels/gocache"
)

// A shared set-up fills Go's caches in Home for the cells of every backend, once
// for each state of the library, and leaves nothing closed or open to writing.
func TestShared(t *testing.T) {
	l, dir := fakeWorld(t)
	open(t, dir)
	put(t, filepath.Join(dir, "python.json"), `{"path": "`+filepath.Join(dir, "bin", "python3")+`", "version": "3.12.1", "minor": 12, "missing": []}`)
	t.Setenv("GOMODCACHE", "")
	t.Setenv("GOCACHE", "")
	library := filepath.Join(l.Root, "lib", "word", "word.go")
	put(t, library, "package word\n")
	if out, err := ensure(l, Options{}); err != nil || strings.Contains(out, "\n  shared") {
		t.Fatalf("a plain set-up: %v\n%s", err, out)
	}
	closed := l.Bin("gonb")
	if err := os.Chmod(closed, 0o770); err != nil {
		t.Fatal(err)
	}
	shared := Options{Shared: true}
	if out, err := ensure(l, shared); err != nil || !strings.Contains(out, "\n  shared ") {
		t.Fatalf("%v\n%s", err, out)
	}
	caches := gocache.SharedIn(l.Home)
	built := readText(filepath.Join(caches.Build, "built"))
	for _, tag := range []string{"nogobackend", "noxla"} {
		if !strings.Contains(built, "-tags="+tag+" "+caches.Modules) {
			t.Errorf("cells with %s were not compiled with the shared modules: %s", tag, built)
		}
	}
	if info, err := os.Stat(closed); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%s: %v, %v", closed, info.Mode(), err)
	}
	if out, err := ensure(l, shared); err != nil || out != "" {
		t.Errorf("a second time: %v, printed %q", err, out)
	}
	put(t, library, "package word // changed\n")
	if out, err := ensure(l, shared); err != nil || !strings.Contains(out, "\n  shared ") {
		t.Errorf("after a change of the library: %v\n%s", err, out)
	}
}

// A Python in somebody's home will not do.
func TestSharedNeedsAnOpenPython(t *testing.T) {
	l, dir := fakeWorld(t)
	open(t, dir)
	closed := filepath.Join(dir, "home", "python3")
	put(t, closed, fakePython)
	put(t, filepath.Join(dir, "python.json"), `{"path": "`+closed+`", "version": "3.12.1", "minor": 12, "missing": []}`)
	if err := os.Chmod(filepath.Dir(closed), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIBBS_PYTHON", closed)
	_, err := ensure(l, Options{Shared: true})
	wantFault(t, err, "python", "cannot be run by other users", filepath.Dir(closed)+" is closed", "GIBBS_PYTHON")
}

// open lets other users into a test's folder.
func open(t *testing.T, dir string) {
	t.Helper()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// One more environment is made beside the notebooks' own, from its own list.
func TestEnvironments(t *testing.T) {
	l, _ := fakeWorld(t)
	e := Environment{"hub", "environment of a Hub", "one"}
	for _, requirements := range []string{"one", "two"} {
		e.Requirements = requirements
		if out, err := ensure(l, Options{Environments: []Environment{e}}); err != nil || !strings.Contains(out, "\n  hub ") && !strings.Contains(out, "\n  hub") {
			t.Fatalf("%v\n%s", err, out)
		}
		if !isProgram(e.Python(l)) || !isProgram(l.Python()) {
			t.Error("an environment is missing")
		}
	}
	if left, _ := filepath.Glob(filepath.Join(l.Home, "hub-*")); len(left) != 1 {
		t.Errorf("the old environment was left: %v", left)
	}
}

// What lies in a closed folder is for nobody else.
func TestForOthers(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	program := filepath.Join(dir, "home", "python")
	put(t, program, "#!/bin/sh\n")
	if err := ForOthers(program); err != nil {
		t.Error(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(program, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(program), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{program, link} {
		if err := ForOthers(path); err == nil || !strings.Contains(err.Error(), filepath.Dir(program)+" is closed to other users") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := ForOthers(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("what is not there is open")
	}
}
