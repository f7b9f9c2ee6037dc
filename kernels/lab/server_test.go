package lab

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gibbs/kernels/setup"
)

// TestOpenLabKeepsItsToken starts a server that others could reach: its token may
// stand neither in what it prints nor in its log, and Running tells it.
func TestOpenLabKeepsItsToken(t *testing.T) {
	l := borrowed(t)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "mine.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, l, Options{IP: "0.0.0.0", Folder: folder, Out: in})
		in.Close()
	}()
	lines := bufio.NewReader(out)
	printed := ""
	for !strings.Contains(printed, "JupyterLab listens on 0.0.0.0") {
		line, err := lines.ReadString('\n')
		if printed += line; err != nil {
			t.Fatalf("it printed %q: %v", printed, err)
		}
	}
	rest := make(chan string)
	go func() { text, _ := io.ReadAll(lines); rest <- string(text) }()
	server, err := Running(ctx, l)
	if err != nil {
		t.Fatal(err)
	}
	if status := ask(t, http.MethodGet, server.URL+"api/contents/mine.txt", server.Token, ""); status != http.StatusOK {
		t.Errorf("the folder's file: status %d", status)
	}
	if status := ask(t, http.MethodGet, server.URL+"api/contents/mine.txt", "", ""); status != http.StatusForbidden {
		t.Errorf("without the token: status %d", status)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	log, err := os.ReadFile(logFile(l))
	if err != nil || !strings.Contains(string(log), "/lab") {
		t.Fatalf("Jupyter's log: %q, %v", log, err)
	}
	if strings.Contains(printed+<-rest+string(log), server.Token) {
		t.Error("the token stands in what it printed, or in its log")
	}
	if _, err := Running(t.Context(), l); err == nil {
		t.Error("a server that has ended runs")
	}
}

func TestRunning(t *testing.T) {
	l := setup.Layout{Root: t.TempDir(), Home: t.TempDir()}
	if err := os.MkdirAll(runtimeDir(l), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Running(t.Context(), l); err == nil || !strings.Contains(err.Error(), "start one") {
		t.Errorf("no server: %v", err)
	}
	started := time.Now()
	// serve makes a server that answers its API thus, started after the others.
	serve := func(pid, answer string) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api" {
				fmt.Fprint(w, answer)
			}
		}))
		t.Cleanup(server.Close)
		text := fmt.Sprintf(`{"url": "%s/", "token": "%s", "hostname": "127.0.0.1", "port": 1}`, server.URL, pid)
		started = started.Add(time.Second)
		if err := os.WriteFile(serverFile(l, pid), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(serverFile(l, pid), started, started); err != nil {
			t.Fatal(err)
		}
	}
	serve("11", "<html>another program took the port</html>")
	if s, err := Running(t.Context(), l); err == nil || !strings.Contains(err.Error(), "not Jupyter's answer") {
		t.Errorf("another program: %v, %v", s, err)
	}
	serve("12", `{"version": "2.1"}`)
	serve("13", `{"version": "2.1"}`)
	serve("14", "")
	if s, err := Running(t.Context(), l); err != nil || s.Token != "13" || !strings.HasSuffix(s.Address(), "/lab?token=13") {
		t.Errorf("three servers: %+v, %v; want the last one that answers", s, err)
	}
}

// A server on all addresses names its host, which a container may not resolve.
func TestServerOnAllAddresses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "jpserver-1.json")
	if err := os.WriteFile(file, []byte(`{"url": "http://some-host:8888/base/", "hostname": "0.0.0.0", "port": 8888}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := readServer(file); err != nil || s.URL != "http://127.0.0.1:8888/base/" {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestWriteToken(t *testing.T) {
	l := setup.Layout{Root: t.TempDir(), Home: t.TempDir()}
	if err := os.MkdirAll(runtimeDir(l), 0o700); err != nil {
		t.Fatal(err)
	}
	theirs := filepath.Join(t.TempDir(), "secret")
	write := func(token string) (string, error) {
		if err := os.WriteFile(theirs, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
		err := writeToken(l, theirs)
		text, _ := os.ReadFile(tokenFile(l))
		return string(text), err
	}
	if got, err := write("0123456789abcdef\n"); err != nil || got != "0123456789abcdef" {
		t.Errorf("a token of theirs became %q, %v", got, err)
	}
	for _, bad := range []string{"", "\n", "letmein"} {
		if _, err := write(bad); err == nil {
			t.Errorf("the token %q was taken", bad)
		}
	}
	if err := writeToken(l, filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there gave a token")
	}
	seen := map[string]bool{}
	for range 3 {
		if err := writeToken(l, ""); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(tokenFile(l))
		info, _ := os.Stat(tokenFile(l))
		if err != nil || len(text) < 32 || seen[string(text)] || info.Mode().Perm() != 0o600 {
			t.Errorf("token %q, mode %v, %v", text, info.Mode(), err)
		}
		seen[string(text)] = true
	}
}
