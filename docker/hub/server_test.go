//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gibbs/kernels/setup"
)

// hub is a Hub that runs for a test.
type hub struct {
	t       *testing.T
	layout  setup.Layout
	private string
	url     string // https://127.0.0.1:PORT, or http in a rehearsal
	api     string // where servers find it: in the environment of each
	log     string
	logs    []string // of users' servers
	args    []string
	cmd     *exec.Cmd
}

// newHub builds the command and prepares a Hub that is yet to be started. site is
// added to its configuration.
func newHub(t *testing.T, site string, args ...string) *hub {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a Hub and servers")
	}
	machine := needMachine(t)
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("no npm on the PATH: the Hub's proxy comes from it")
	}
	layout, err := setup.Find()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(layout.Kernelspec("gibbs")); err != nil {
		t.Skipf("%v: `go run ./kernels setup` brings it", err)
	}
	if err := setup.ForOthers(filepath.Join(layout.Root, "go.mod")); err != nil {
		t.Skipf("other users cannot read this repository: %v", err)
	}
	dir, err := os.MkdirTemp(machine, "hub-")
	if err != nil {
		t.Fatal(err)
	}
	ports := freePorts(t, 3)
	h := &hub{t: t, layout: layout, private: filepath.Join(dir, "private"), url: fmt.Sprintf("https://127.0.0.1:%d", ports[0]),
		api: fmt.Sprintf("http://127.0.0.1:%d/hub/api", ports[1]),
		log: filepath.Join(dir, "hub.log"), args: args}
	if err := os.Mkdir(h.private, 0o700); err != nil {
		t.Fatal(err)
	}
	site = fmt.Sprintf("c.JupyterHub.hub_port = %d\nc.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:%d'\n", ports[1], ports[2]) + site
	if err := os.WriteFile(filepath.Join(h.private, "site.py"), []byte(site), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			text, _ := os.ReadFile(h.log)
			t.Logf("the Hub's log ends:\n%s", text[max(0, len(text)-4000):])
			for _, log := range h.logs {
				text, _ := os.ReadFile(log)
				t.Logf("%s ends:\n%s", log, text[max(0, len(text)-40000):])
			}
		}
	})
	return h
}

func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// start starts the Hub as a teacher does, and waits until it answers.
func (h *hub) start(environ ...string) {
	h.t.Helper()
	program := filepath.Join(filepath.Dir(h.log), "hub")
	if out, err := exec.Command("go", "build", "-o", program, "gibbs/docker/hub").CombinedOutput(); err != nil {
		h.t.Fatalf("%v\n%s", err, out)
	}
	log, err := os.OpenFile(h.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		h.t.Fatal(err)
	}
	defer log.Close()
	h.cmd = exec.Command(program, append([]string{"start", "--private", h.private, "--url", h.url}, h.args...)...)
	h.cmd.Dir, h.cmd.Env = h.layout.Root, append(os.Environ(), environ...)
	h.cmd.Stdout, h.cmd.Stderr = log, log
	h.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := h.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(h.end)
	patience := 10 * time.Minute // the first time, all that the Hub is made of comes from its registries
	for start := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		if response, err := client().Get(h.url + "/hub/api/"); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				h.t.Logf("the Hub answers after %.1f s", time.Since(start).Seconds())
				return
			}
		}
		if h.cmd.Process.Signal(syscall.Signal(0)) != nil || time.Since(start) > patience {
			h.t.Fatal("the Hub does not answer")
		}
	}
}

// end ends the Hub, its proxy, and everything of its users.
func (h *hub) end() {
	_ = h.cmd.Process.Signal(syscall.SIGTERM)
	_ = h.cmd.Wait()
	for _, p := range processes() {
		if p.variable("JUPYTERHUB_API_URL") == h.api {
			_ = syscall.Kill(p.pid, syscall.SIGKILL)
		}
	}
}

// process is what the system says of a process.
type process struct {
	pid, uid, gid int
	args, environ string // separated by zeros
}

func processes() (list []process) {
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		info, err := os.Stat(folder)
		if err != nil {
			continue
		}
		args, _ := os.ReadFile(filepath.Join(folder, "cmdline"))
		environ, _ := os.ReadFile(filepath.Join(folder, "environ"))
		pid, _ := strconv.Atoi(filepath.Base(folder))
		stat := info.Sys().(*syscall.Stat_t)
		list = append(list, process{pid, int(stat.Uid), int(stat.Gid), string(args), string(environ)})
	}
	return list
}

// variable returns a variable of the process, or "".
func (p process) variable(name string) string {
	for entry := range strings.SplitSeq(p.environ, "\x00") {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// server returns the process of a user's server.
func (h *hub) server(user string) process {
	h.t.Helper()
	for _, p := range processes() {
		if strings.Contains(p.args, "jupyterhub-singleuser") && p.variable("JUPYTERHUB_API_URL") == h.api && p.variable("JUPYTERHUB_USER") == user {
			return p
		}
	}
	h.t.Fatalf("%s has no server", user)
	return process{}
}

// client is a browser without a window.
func client() *http.Client {
	jar, _ := cookiejar.New(nil)                                                         // never fails without options
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // the Hub's own certificate
	return &http.Client{Jar: jar, Transport: transport, Timeout: 30 * time.Second}
}

// session is a user who has logged in.
type session struct {
	*hub
	user string
	http *http.Client
	home string // the folder that JupyterLab shows
}

// login logs in, starts the user's server, and waits for it.
func (h *hub) login(user, password string) *session {
	h.t.Helper()
	s := &session{hub: h, user: user, http: client()}
	s.do("GET", "/hub/login", nil)
	if status, _ := s.do("POST", "/hub/login", url.Values{"username": {user}, "password": {password}}); status != http.StatusOK {
		h.t.Fatalf("%s cannot log in: status %d", user, status)
	}
	for start := time.Now(); ; time.Sleep(300 * time.Millisecond) {
		if status, text := s.do("GET", "/user/"+user+"/api/contents?content=0", nil); status == http.StatusOK && json.Valid(text) {
			h.t.Logf("%s's server is there after %.1f s", user, time.Since(start).Seconds())
			break
		}
		if time.Since(start) > 2*time.Minute {
			h.t.Fatalf("%s's server does not start", user)
		}
		s.do("GET", "/hub/spawn/"+user, nil)
	}
	p := h.server(user)
	s.home = filepath.Join(p.variable("HOME"), "gibbs")
	h.logs = append(h.logs, filepath.Join(p.variable("HOME"), ".gibbs-server.log"))
	return s
}

// do sends a request as the user, as a form if it has one, and returns the answer.
func (s *session) do(method, path string, form url.Values) (status int, text []byte) {
	s.t.Helper()
	at, err := url.Parse(s.url + path)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range s.http.Jar.Cookies(at) {
		if c.Name == "_xsrf" && form != nil {
			form.Set("_xsrf", c.Value)
		}
	}
	r, err := http.NewRequest(method, at.String(), strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return fetch(s.http, r)
}

// fetch sends a request; without an answer the status is 0.
func fetch(c *http.Client, r *http.Request) (status int, text []byte) {
	response, err := c.Do(r)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer response.Body.Close()
	text, _ = io.ReadAll(response.Body)
	return response.StatusCode, text
}

// withToken asks with a token instead of cookies.
func withToken(ctx context.Context, method, address, token, body string) (status int, text []byte) {
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, []byte(err.Error())
	}
	r.Header.Set("Authorization", "token "+token)
	return fetch(client(), r)
}

// run runs a program as the user of the process.
func (p process) run(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(p.uid), Gid: uint32(p.gid)}}
	out, err := cmd.CombinedOutput()
	return string(out), err
}
