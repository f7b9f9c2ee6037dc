package setup

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gibbs/lib/backend/pjrt"
)

// fakePython stands in for Python, pip and the index. FAKE_DIR holds wheels and,
// when a test wants one, a fault: what to print before exiting 1, for the verb
// that the file is named after. It sleeps a little, as the real one does, so
// that a test can kill it half-way.
const fakePython = `#!/bin/sh
fault() { if [ -f "$FAKE_DIR/fault-$1" ]; then cat "$FAKE_DIR/fault-$1" >&2; exit 1; fi; }
last=""; for a in "$@"; do last="$a"; done
case " $* " in
*" -c "*)
	if [ -f "$FAKE_DIR/python.json" ]; then cat "$FAKE_DIR/python.json"; exit; fi
	echo '{"path": "python3", "version": "3.12.1", "minor": 12, "missing": []}' ;;
*" -m venv "*)
	fault venv; mkdir -p "$last/bin"; sleep 0.02; cp "$FAKE_DIR/bin/python3" "$last/bin/python" ;;
*" config list "*)
	;;
*" --target "*)
	fault install
	while [ $# -gt 0 ]; do case "$1" in --target) dir="$2";; esac; shift; done
	sleep 0.02; cp -r "$FAKE_DIR/tree" "$dir" ;;
*" install "*)
	fault install
	for i in 1 2 3 4 5; do echo "$i" > "$(dirname "$0")/../package-$i"; sleep 0.01; done ;;
*" download "*)
	fault download
	while [ $# -gt 0 ]; do case "$1" in -d) dir="$2";; -r) list="$2";; esac; shift; done
	mkdir -p "$dir"; sleep 0.02; cp "$FAKE_DIR/$(cut -d= -f1 "$list").whl" "$dir/" ;;
esac
`

// fakeGo stands in for the go command.
const fakeGo = `#!/bin/sh
if [ -f "$FAKE_DIR/fault-go" ] && [ "$1" != version ]; then cat "$FAKE_DIR/fault-go" >&2; exit 1; fi
case "$1" in
mod) [ -z "$GOMODCACHE" ] || mkdir -p "$GOMODCACHE/github.com/gomlx" ;;
list) echo "$PWD/kernels" ;;
env) echo "$FAKE_DIR/modules" ;;
build)
	[ -z "$GOCACHE" ] || { mkdir -p "$GOCACHE"; echo "$2 $GOMODCACHE" >> "$GOCACHE/built"; }
	out="$3"; shift 3; sleep 0.02
	case "$out" in
	*/) for p in "$@"; do printf '#!/bin/sh\n' > "$out$(basename "$p")"; chmod +x "$out$(basename "$p")"; sleep 0.01; done ;;
	*/gibbs) printf '#!/bin/sh\n' > "$out"; chmod +x "$out" ;;
	esac ;;
esac
`

// fakeWorld makes a repository, fake programs on PATH and wheels with other
// contents, and returns the layout and the folder that steers the fakes.
func fakeWorld(t *testing.T) (Layout, string) {
	t.Helper()
	dir := t.TempDir()
	l := Layout{Root: filepath.Join(dir, "repo"), Home: filepath.Join(dir, "home")}
	put(t, filepath.Join(dir, "bin", "python3"), fakePython)
	put(t, filepath.Join(dir, "bin", "go"), fakeGo)
	put(t, filepath.Join(dir, "modules", "github.com", "gomlx", "README"), "")
	put(t, filepath.Join(l.Root, "go.mod"), "module gibbs\n\ngo 1.26.0\n")
	put(t, filepath.Join(l.Root, "go.sum"), "")
	put(t, filepath.Join(l.Root, "kernels", "main.go"), "package main\n")
	put(t, filepath.Join(l.Root, "kernels", "tools", "go.mod"), "module gibbs/kernels/tools\n")
	t.Setenv("FAKE_DIR", dir)
	t.Setenv("PATH", filepath.Join(dir, "bin")+":/usr/bin:/bin")
	t.Setenv("GIBBS_PYTHON", "")
	t.Setenv("JUPYTER_DATA_DIR", filepath.Join(dir, "user"))
	fakeWheels(t, dir)
	return l, dir
}

// fakeWheels puts wheels with made-up members into dir and pins them for the
// length of the test.
func fakeWheels(t *testing.T, dir string) {
	t.Helper()
	oldDigits, oldPlugins := digits, pjrt.Plugins
	t.Cleanup(func() { digits, pjrt.Plugins = oldDigits, oldPlugins })
	pin := func(name, member string) (wheelSum, memberSum string) {
		body := []byte("the contents of " + member)
		file := makeWheel(t, member, body)
		put(t, filepath.Join(dir, name+".whl"), string(file))
		return sha256Hex(file), sha256Hex(body)
	}
	digits.WheelSHA256, digits.SHA256 = pin(digits.Package, digits.Member)
	p := pjrt.Plugin{Backend: "xla-cpu", Platform: runtime.GOOS + "/" + runtime.GOARCH, Package: "fake-pjrt", Version: "1", Member: "a/plugin.so"}
	p.WheelSHA256, p.SHA256 = pin(p.Package, p.Member)
	pjrt.Plugins = []pjrt.Plugin{p}
}

// makeWheel returns a wheel with one member, and the metadata without which pip
// takes it for damaged.
func makeWheel(t *testing.T, member string, body []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	const info = "gibbs_test_wheel-1.0.dist-info/"
	for _, file := range [][2]string{
		{member, string(body)},
		{info + "METADATA", "Metadata-Version: 2.1\nName: gibbs-test-wheel\nVersion: 1.0\n"},
		{info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{info + "RECORD", ""},
	} {
		w, err := z.Create(file[0])
		if err == nil {
			_, err = w.Write([]byte(file[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// put writes an executable file and the folders above it.
func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// ensure runs Ensure and returns what it printed.
func ensure(l Layout, o Options) (string, error) {
	var out strings.Builder
	o.Out = &out
	err := Ensure(context.Background(), l, o)
	return out.String(), err
}

// wantFault fails the test unless err is a *Fault of the step whose text holds
// all parts, and every fault tells what to do and what still works.
func wantFault(t *testing.T, err error, step string, parts ...string) {
	t.Helper()
	var f *Fault
	if !errors.As(err, &f) {
		t.Fatalf("got error %v, want a *Fault", err)
	}
	if f.Step != step {
		t.Errorf("fault of step %q, want %q: %v", f.Step, step, err)
	}
	for _, part := range append(parts, "to do:", "still works:") {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the fault does not say %q:\n%v", part, err)
		}
	}
}
