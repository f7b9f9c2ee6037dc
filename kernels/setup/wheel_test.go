package setup

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	testMember = "pkg/data.bin"
	testFile   = "gibbs_test_wheel-1.0-py3-none-any.whl"
)

var testBody = []byte(strings.Repeat("what the wheel holds\n", 5000))

// realPip gives the layout a Python whose pip works, without making an
// environment, or skips the test.
func realPip(t *testing.T, l Layout) {
	t.Helper()
	out, err := exec.Command("python3", "-I", "-c", "import pip, sys; print(sys.executable)").Output()
	if err != nil {
		t.Skip("no Python with pip on PATH")
	}
	if err := os.MkdirAll(filepath.Dir(l.Python()), 0o755); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\nexec " + strings.TrimSpace(string(out)) + " \"$@\"\n"
	put(t, l.Python(), script)
}

// index serves one project with one wheel, the way a package index does; the
// fault, if there is one, answers instead.
func index(t *testing.T, file []byte, fault http.HandlerFunc) string {
	mux := http.NewServeMux()
	mux.HandleFunc("/simple/gibbs-test-wheel/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!DOCTYPE html><html><body><a href="/files/%s">%s</a></body></html>`, testFile, testFile)
	})
	mux.HandleFunc("/files/", func(w http.ResponseWriter, r *http.Request) {
		if fault != nil {
			fault(w, r)
			return
		}
		_, _ = w.Write(file)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/simple"
}

// hangUp ends the connection in the middle of an answer.
func hangUp() { panic(http.ErrAbortHandler) }

// What the network can do to a download: none of it may leave a file, and all
// of it must become a fault that says what to do; the next attempt succeeds.
func TestDownloadFaults(t *testing.T) {
	good := makeWheel(t, testMember, testBody)
	flipped := append([]byte(nil), good...)
	flipped[len(flipped)/2] ^= 1
	faults := []struct {
		name  string
		serve http.HandlerFunc
	}{
		{"503 page", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "busy", http.StatusServiceUnavailable) }},
		{"404 page", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "gone", http.StatusNotFound) }},
		{"403 page", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }},
		{"error page as 200", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "<html>Please log in to the network</html>")
		}},
		{"nothing", func(http.ResponseWriter, *http.Request) {}},
		{"a bit flipped", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(flipped) }},
		{"another wheel", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(makeWheel(t, testMember, []byte("evil"))) }},
		{"cut, with its length", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(good)))
			_, _ = w.Write(good[:len(good)/2])
			hangUp()
		}},
		{"cut, without a length", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(good[:len(good)/2])
			w.(http.Flusher).Flush()
			hangUp()
		}},
		{"cut clean, as if whole", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(good[:len(good)/2]) }},
		{"too long", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(append(good, make([]byte, 1<<20)...)) }},
		{"redirect to nowhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/x.whl", http.StatusFound)
		}},
	}
	if testing.Short() {
		faults = faults[3:6]
	}
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			l := Layout{Root: t.TempDir(), Home: t.TempDir()}
			realPip(t, l)
			w := wheel{Package: "gibbs-test-wheel", Version: "1.0", WheelSHA256: sha256Hex(good), Member: testMember, SHA256: sha256Hex(testBody)}
			path := filepath.Join(l.Home, "data", w.file())
			fetch := func(fault http.HandlerFunc) error {
				t.Setenv("PIP_INDEX_URL", index(t, good, fault))
				t.Setenv("PIP_FIND_LINKS", "")
				t.Setenv("NO_PROXY", "127.0.0.1")
				t.Setenv("PIP_RETRIES", "0")
				if err := emptyTemp(l); err != nil {
					t.Fatal(err)
				}
				return w.fetch(context.Background(), l, path)
			}
			err := diagnose("digits", "the download", fetch(fault.serve))
			var f *Fault
			if !errors.As(err, &f) {
				t.Fatalf("got error %v, want a *Fault", err)
			}
			if left, _ := filepath.Glob(filepath.Join(l.Home, "data", "*")); len(left) != 0 {
				t.Errorf("left behind: %q", left)
			}
			if err := fetch(nil); err != nil {
				t.Fatalf("without the fault: %v", err)
			}
			if body, err := os.ReadFile(path); err != nil || string(body) != string(testBody) {
				t.Errorf("the member has %d bytes, error %v; want %d", len(body), err, len(testBody))
			}
		})
	}
}

// The checks of unpack do not lean on pip's: they hold for any file.
func TestUnpackRefusesWhatIsNotPinned(t *testing.T) {
	good := makeWheel(t, testMember, testBody)
	w := wheel{Package: "gibbs-test-wheel", Version: "1.0", WheelSHA256: sha256Hex(good), Member: testMember, SHA256: sha256Hex(testBody)}
	path := filepath.Join(t.TempDir(), "data", w.file())
	file := filepath.Join(t.TempDir(), testFile)
	for _, c := range []struct {
		name string
		edit func(wheel, []byte) (wheel, []byte)
		part string
	}{
		{"wheel flipped", func(w wheel, b []byte) (wheel, []byte) { b[40] ^= 1; return w, b }, "the wheel of gibbs-test-wheel 1.0 has SHA-256"},
		{"member of another hash", func(w wheel, b []byte) (wheel, []byte) { w.SHA256 = sha256Hex(nil); return w, b }, "pkg/data.bin in the wheel"},
		{"no such member", func(w wheel, b []byte) (wheel, []byte) { w.Member = "pkg/other.bin"; return w, b }, "other.bin"},
		{"no zip", func(w wheel, _ []byte) (wheel, []byte) { w.WheelSHA256 = sha256Hex([]byte("x")); return w, []byte("x") }, "not a valid zip"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, body := c.edit(w, append([]byte(nil), good...))
			put(t, file, string(body))
			err := w.unpack(context.Background(), file, t.TempDir(), path)
			if err == nil || !strings.Contains(err.Error(), c.part) {
				t.Errorf("error %v, want one that says %q", err, c.part)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(left) != 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
	put(t, file, string(good))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.unpack(ctx, file, t.TempDir(), path); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: error %v, want %v", err, context.Canceled)
	}
	if err := w.unpack(context.Background(), file, t.TempDir(), path); err != nil {
		t.Error(err)
	}
}

func TestSlowDownloadCanBeStopped(t *testing.T) {
	l := Layout{Root: t.TempDir(), Home: t.TempDir()}
	realPip(t, l)
	ctx, cancel := context.WithCancel(context.Background())
	asked := make(chan struct{}, 1)
	t.Setenv("PIP_INDEX_URL", index(t, nil, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100000000")
		_, _ = w.Write(make([]byte, 1000))
		w.(http.Flusher).Flush()
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Setenv("PIP_FIND_LINKS", "")
	t.Setenv("NO_PROXY", "127.0.0.1")
	go func() { <-asked; cancel() }()
	if err := emptyTemp(l); err != nil {
		t.Fatal(err)
	}
	w := wheel{Package: "gibbs-test-wheel", Version: "1.0", WheelSHA256: sha256Hex(nil), Member: testMember}
	start := time.Now()
	if err := w.fetch(ctx, l, filepath.Join(l.Home, "x")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("stopping took %v", took)
	}
}

func TestUsersPipSettings(t *testing.T) {
	listed := "global.index-url='https://mirror.invalid/simple'\n" +
		"global.cert='/etc/ca.pem'\n" +
		"install.target='/somewhere/else'\n" +
		"global.no-binary=':all:'\n" +
		`global.extra-index-url='https://a.invalid\nhttps://b.invalid'` + "\n" +
		":env:.proxy='http://env.invalid'\n"
	got := pipConfig(listed, []string{"PIP_CERT=/mine.pem"})
	want := []string{"PIP_INDEX_URL=https://mirror.invalid/simple", "PIP_EXTRA_INDEX_URL=https://a.invalid https://b.invalid"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got, want)
	}
	t.Setenv("PIP_TARGET", "/somewhere/else")
	t.Setenv("PIP_NO_DEPS", "0")
	t.Setenv("PIP_PROXY", "http://proxy.invalid")
	env := strings.Join(pipEnv(context.Background(), "/nonexistent/python"), "\n")
	for _, part := range []string{"PIP_TARGET=", "PIP_NO_DEPS="} {
		if strings.Contains(env, part) {
			t.Errorf("%s reached pip", part)
		}
	}
	if !strings.Contains(env, "PIP_PROXY=http://proxy.invalid") || !strings.Contains(env, "PIP_CONFIG_FILE="+os.DevNull) {
		t.Errorf("proxy or config file are not passed on:\n%s", env)
	}
}
