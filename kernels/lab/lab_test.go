package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gibbs/kernels/setup"
)

func Example() {
	args := arguments(setup.Layout{Root: "/repo"}, Options{Port: 8890}, false)
	fmt.Println(strings.Join(args, "\n"))
	// Output:
	// --ServerApp.ip=127.0.0.1
	// --ServerApp.root_dir=/repo
	// --MappingKernelManager.default_kernel_name=gibbs
	// --ServerApp.port=8890
	// --ServerApp.port_retries=0
	// --no-browser
}

// TestMain lets this test program stand in for a lab that is killed.
func TestMain(m *testing.M) {
	if home := os.Getenv("LAB_TEST_HOME"); home != "" {
		fmt.Println(Run(context.Background(), setup.Layout{Root: os.Getenv("LAB_TEST_ROOT"), Home: home}, Options{}))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// borrowed returns a layout with a home of its own and the repository's
// environment, or skips the test where that is not set up.
func borrowed(t *testing.T) setup.Layout {
	t.Helper()
	l, err := setup.Find()
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{l.Jupyter(), l.Bin("gibbs"), l.Bin("gonb")} {
		if _, err := os.Stat(program); err != nil {
			t.Skip("not set up: go run ./kernels setup")
		}
	}
	own := setup.Layout{Root: l.Root, Home: t.TempDir()}
	if err := os.Symlink(filepath.Dir(filepath.Dir(l.Jupyter())), filepath.Join(own.Home, "venv")); err != nil {
		t.Fatal(err)
	}
	return own
}

// address reads Run's output until the line with the address.
func address(t *testing.T, out io.Reader) (base, token string) {
	t.Helper()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found, ok := strings.CutPrefix(lines.Text(), "JupyterLab: "); ok {
			base, token, ok = strings.Cut(found, "lab?token=")
			if !ok || len(token) < 32 || !strings.HasPrefix(base, "http://127.0.0.1:") {
				t.Fatalf("address %q", found)
			}
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return base, token
		}
	}
	t.Fatal("no address was printed")
	return "", ""
}

// ask sends a request to the server and returns the status.
func ask(t *testing.T, method, url, token, body string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "token "+token)
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	return reply.StatusCode
}

// startKernel checks that the server wants its token, and starts a kernel.
func startKernel(t *testing.T, l setup.Layout, base, token string) {
	t.Helper()
	if status := ask(t, http.MethodGet, base+"api/kernels", "", ""); status != http.StatusForbidden {
		t.Errorf("without the token: status %d, want %d", status, http.StatusForbidden)
	}
	if status := ask(t, http.MethodPost, base+"api/kernels", token, `{"name": "gibbs-go"}`); status != http.StatusCreated {
		t.Fatalf("starting a kernel: status %d, want %d\n%s", status, http.StatusCreated, logTail(l))
	}
	for deadline := time.Now().Add(30 * time.Second); len(processes(t, l)) < 3; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("only these run: %q", processes(t, l))
		}
	}
}

// processes lists the command lines and environments that name the layout's home.
func processes(t *testing.T, l setup.Layout) (found []string) {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(dirs) == 0 {
		t.Skip("no /proc: processes cannot be counted")
	}
	for _, dir := range dirs {
		if filepath.Base(dir) == fmt.Sprint(os.Getpid()) {
			continue
		}
		command, _ := os.ReadFile(dir + "/cmdline")
		environ, _ := os.ReadFile(dir + "/environ")
		if strings.Contains(string(command)+string(environ), l.Home) {
			found = append(found, strings.ReplaceAll(string(command), "\x00", " "))
		}
	}
	return found
}

// wantNone waits until nothing of the lab runs.
func wantNone(t *testing.T, l setup.Layout, within time.Duration) {
	t.Helper()
	for deadline := time.Now().Add(within); len(processes(t, l)) > 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%v after the end these run: %q", within, processes(t, l))
		}
	}
}

func TestStopEndsEverything(t *testing.T) {
	l := borrowed(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, l, Options{Out: in})
		in.Close()
	}()
	base, token := address(t, out)
	startKernel(t, l, base, token)
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(GraceStop + 5*time.Second):
		t.Fatal("it did not stop")
	}
	wantNone(t, l, 10*time.Second)
}

func TestKilledLabEndsEverything(t *testing.T) {
	l := borrowed(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "LAB_TEST_HOME="+l.Home, "LAB_TEST_ROOT="+l.Root)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	base, token := address(t, out)
	startKernel(t, l, base, token)
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	wantNone(t, l, 20*time.Second)
}

// fake puts a jupyter-lab that does as told into a layout.
func fake(t *testing.T, does string) setup.Layout {
	t.Helper()
	l := setup.Layout{Root: t.TempDir(), Home: t.TempDir()}
	bin := filepath.Dir(l.Jupyter())
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "jupyter-lab"), []byte("#!/bin/sh\n"+does+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return l
}

// serve is what a fake jupyter-lab does first to look like one that listens.
func serve(t *testing.T) string {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	return `echo '{"url": "` + server.URL + `/", "token": "t"}' > "$JUPYTER_RUNTIME_DIR/jpserver-$$.json"; `
}

func TestJupyterThatEndsByItself(t *testing.T) {
	err := Run(t.Context(), fake(t, "echo port 8888 is in use >&2; exit 1"), Options{Out: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "did not start") || !strings.Contains(err.Error(), "port 8888 is in use") {
		t.Errorf("error %v, want what Jupyter said", err)
	}
	err = Run(t.Context(), fake(t, serve(t)+"sleep 0.5; echo lost its mind; exit 4"), Options{Out: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "ended by itself") || !strings.Contains(err.Error(), "lost its mind") {
		t.Errorf("error %v, want what Jupyter said", err)
	}
}

func TestJupyterThatDoesNotStopIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes GraceStop")
	}
	l := fake(t, "trap '' TERM INT; "+serve(t)+"while :; do sleep 1; done")
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := Run(ctx, l, Options{Out: io.Discard}); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took < GraceStop || took > GraceStop+5*time.Second {
		t.Errorf("it took %v, want %v", took, GraceStop)
	}
	wantNone(t, l, 3*time.Second)
}

func TestUsersSettingsStayOut(t *testing.T) {
	t.Setenv("JUPYTER_CONFIG_PATH", "/theirs")
	t.Setenv("JUPYTER_TOKEN", "guessable")
	t.Setenv("JUPYTER_DATA_DIR", "/data")
	l := setup.Layout{Root: t.TempDir(), Home: t.TempDir()}
	env := strings.Join(environment(l), "\n")
	for _, part := range []string{"JUPYTER_CONFIG_PATH", "guessable"} {
		if strings.Contains(env, part) {
			t.Errorf("%s reached Jupyter", part)
		}
	}
	if !strings.Contains(env, "JUPYTER_DATA_DIR=/data") {
		t.Error("the user's data were left out")
	}
	if err := prepare(l); err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(configDir(l), "lab", "user-settings", "@jupyterlab", "apputils-extension", "notification.jupyterlab-settings")
	if err := os.WriteFile(settings, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(prepare(l), prepare(l)); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(settings); string(text) != "theirs" {
		t.Error("a setting of the user interface was overwritten")
	}
}
