//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gibbs/kernels/labtest"

	"github.com/chromedp/chromedp"
)

// The lesson that both users run, and how much memory each of them has.
const (
	lesson = "2-score/02-denoising-score-matching.ipynb"
	memory = "2G"
)

// siteOfTests makes lessons short and shows every cell.
func siteOfTests(t *testing.T) string {
	t.Helper()
	settings := filepath.Join(needMachine(t), "settings")
	file := filepath.Join(settings, "@jupyterlab", "notebook-extension", "tracker.jupyterlab-settings")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(`{"windowingMode": "none"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("c.Spawner.environment |= {'GIBBS_QUICK': '1', 'JUPYTERLAB_SETTINGS_DIR': %q}\n", settings)
}

// accounts adds users and returns their passwords.
func accounts(t *testing.T, names ...string) map[string]string {
	t.Helper()
	var out bytes.Buffer
	if err := add(&out, names, []string{groupOfClass()}); err != nil {
		t.Fatal(err)
	}
	passwords := map[string]string{}
	for line := range strings.Lines(out.String()) {
		name, password, _ := strings.Cut(strings.TrimSpace(line), "\t")
		passwords[name] = password
	}
	return passwords
}

// TestClass is a lesson of two users on one machine: both run a notebook at the
// same time, neither gets at what is the other's, one's runaway cells do not stop
// the other, and neither loses anything when the Hub is killed.
func TestClass(t *testing.T) {
	h := newHub(t, siteOfTests(t))
	t.Setenv("GIBBS_HUB_RUN", filepath.Join(needMachine(t), "run"))
	passwords := accounts(t, "ada", "bob")
	h.start("GIBBS_HUB_MEMORY=" + memory)
	ada, bob := h.login("ada", passwords["ada"]), h.login("bob", passwords["bob"])

	t.Run("lesson", func(t *testing.T) {
		for _, s := range []*session{ada, bob} {
			t.Run(s.user, func(t *testing.T) {
				t.Parallel()
				runLesson(t, s, passwords[s.user])
			})
		}
	})
	t.Run("isolation", func(t *testing.T) {
		for _, pair := range [][2]*session{{ada, bob}, {bob, ada}} {
			for _, found := range intrusions(t, pair[0], pair[1]) {
				t.Errorf("%s %s", pair[0].user, found)
			}
		}
	})
	t.Run("secrets", func(t *testing.T) { noSecretsLie(t, h, ada, bob, passwords) })
	t.Run("limits", func(t *testing.T) { limitsHold(t, bob) })
	t.Run("runaway", func(t *testing.T) { runaway(t, ada, bob, passwords) })
	t.Run("restart", func(t *testing.T) { restart(t, h, ada) })
}

// window opens Chromium and logs in by the form.
func window(t *testing.T, s *session, password string) labtest.Browser {
	t.Helper()
	b := labtest.Open(t, filepath.Join(s.layout.Out(), "hub"), chromedp.Flag("ignore-certificate-errors", true))
	b.Run("logging in", time.Minute, chromedp.Navigate(s.url+"/hub/login"), chromedp.WaitVisible("#username_input"),
		chromedp.SendKeys("#username_input", s.user), chromedp.SendKeys("#password_input", password), chromedp.Click("#login_submit"))
	b.Run("waiting for JupyterLab", time.Minute, chromedp.WaitReady("#jp-menu-panel"))
	return b
}

// runLesson runs a lesson in Chromium from its start to its truth table.
func runLesson(t *testing.T, s *session, password string) {
	b := window(t, s, password)
	b.Show(s.url+"/user/"+s.user+"/lab", lesson)
	start := time.Now()
	b.RestartAndRunAll()
	b.Await("every cell to have run", `prompts().every(p => /^\[\d+\]:?$/.test(p)) && idle()`, 6*time.Minute)
	t.Logf("%s's lesson took %.1f s", s.user, time.Since(start).Seconds())
	if b.Eval(`/(\d+) of \1 claims held/.test(output(-1))`) != "true" {
		t.Errorf("%s sees no truth table in which all claims hold:\n%s", s.user, b.Eval(`output(-1)`))
	}
	b.Run("showing the table", 10*time.Second, chromedp.Evaluate(`codeCells().at(-1).scrollIntoView({block: 'end'})`, nil), chromedp.Sleep(time.Second))
	b.Shoot("lesson-" + s.user)
}

// noSecretsLie looks for the secrets of this Hub in logs, arguments and files that
// others can read.
func noSecretsLie(t *testing.T, h *hub, ada, bob *session, passwords map[string]string) {
	secrets := map[string]string{"ada's password": passwords["ada"], "bob's password": passwords["bob"]}
	for _, s := range []*session{ada, bob} {
		secrets[s.user+"'s token"] = h.server(s.user).variable("JUPYTERHUB_API_TOKEN")
	}
	cookie, err := os.ReadFile(filepath.Join(h.private, "cookie-secret"))
	if err != nil {
		t.Fatal(err)
	}
	secrets["the cookie secret"] = strings.TrimSpace(string(cookie))
	all := processes()
	for _, p := range all {
		if token := p.variable("CONFIGPROXY_AUTH_TOKEN"); token != "" {
			secrets["the proxy's token"] = token
		}
	}
	places := map[string]string{}
	for _, log := range []string{h.log, filepath.Join(filepath.Dir(ada.home), ".gibbs-server.log"), filepath.Join(filepath.Dir(bob.home), ".gibbs-server.log")} {
		text, err := os.ReadFile(log)
		if err != nil || len(text) == 0 {
			t.Errorf("no log: %v", err)
		}
		places[log] = string(text)
	}
	for _, p := range all {
		places[fmt.Sprintf("the arguments of process %d, %.40q", p.pid, p.args)] = p.args
	}
	for what, secret := range secrets {
		if len(secret) < 16 {
			t.Errorf("%s is %d letters long", what, len(secret))
			continue
		}
		for place, text := range places {
			if strings.Contains(text, secret) {
				t.Errorf("%s stands in %s", what, place)
			}
		}
	}
	t.Logf("%d secrets, none in %d logs and command lines", len(secrets), len(places))
	err = filepath.WalkDir(h.private, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// limitsHold looks whether a server is held to what the teacher allows.
func limitsHold(t *testing.T, s *session) {
	p := s.server(s.user)
	if got := p.variable("GIBBS_MEMORY_LIMIT"); got != strconv.Itoa(1<<30)+"B" {
		t.Errorf("a cell may hold %s", got)
	}
	if priority, err := syscall.Getpriority(syscall.PRIO_PROCESS, p.pid); err != nil || 20-priority != 5 {
		t.Errorf("the server's niceness is %d, %v", 20-priority, err)
	}
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", p.pid))
	if err != nil || !strings.Contains(string(limits), "Max processes             4096                 4096") {
		t.Errorf("the server's limits: %v\n%s", err, limits)
	}
	log, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", p.pid))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(log), "No control group for "+s.user) {
		t.Logf("control groups cannot be made here, and the Hub says so; the server is in\n%s", groups)
		return
	}
	limit := ""
	for _, file := range []string{"/sys/fs/cgroup/gibbs-hub/%d/memory.max", "/sys/fs/cgroup/memory/gibbs-hub/%d/memory.limit_in_bytes"} {
		if text, err := os.ReadFile(fmt.Sprintf(file, p.uid)); err == nil {
			limit = strings.TrimSpace(string(text))
		}
	}
	if limit != strconv.Itoa(2<<30) || !strings.Contains(string(groups), fmt.Sprintf("gibbs-hub/%d", p.uid)) {
		t.Errorf("the memory of all processes is held to %q; the server is in\n%s", limit, groups)
	}
}

// notebookOf writes a notebook of one cell into a user's folder.
func notebookOf(t *testing.T, s *session, name, source string) {
	t.Helper()
	cell := map[string]any{"cell_type": "code", "id": "cell", "metadata": map[string]any{}, "outputs": []any{}, "execution_count": nil, "source": source}
	text, err := json.Marshal(map[string]any{"cells": []any{cell}, "nbformat": 4, "nbformat_minor": 5,
		"metadata": map[string]any{
			"kernelspec": map[string]any{"name": "gibbs", "display_name": "Go · Gibbs", "language": "go"}, "language_info": map[string]any{"name": "go"}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(s.home, name)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	p := s.server(s.user)
	if err := os.Chown(file, p.uid, p.gid); err != nil {
		t.Fatal(err)
	}
}

// What bob's cells do, and ada's.
const (
	hogCell = "import \"fmt\"\n\n%%\nvar held [][]byte\nfor {\n\tb := make([]byte, 64<<20)\n\tfor i := range b {\n\t\tb[i] = 1\n\t}\n\theld = append(held, b)\n\tfmt.Println(len(held)*64, \"MiB\")\n}"
	// As many busy threads as a user has processors, and many times more.
	loopCell  = "import \"fmt\"\n\n%%\nfmt.Println(\"bob\", \"loops\")\nfor range 32 {\n\tgo func() {\n\t\tfor {\n\t\t}\n\t}()\n}\nselect {}"
	smallCell = "import \"fmt\"\n\n%%\nfmt.Println(\"ada\", \"works\")"
)

// runaway lets bob's cells take all that they can get, and ada work beside them.
func runaway(t *testing.T, ada, bob *session, passwords map[string]string) {
	notebookOf(t, bob, "hog.ipynb", hogCell)
	notebookOf(t, bob, "loop.ipynb", loopCell)
	notebookOf(t, ada, "small.ipynb", smallCell)
	theirs := window(t, bob, passwords["bob"])
	theirs.Show(bob.url+"/user/bob/lab", "hog.ipynb")
	theirs.RestartAndRunAll()
	theirs.Await("the end of the cell that takes memory", `failed(0) && idle()`, 2*time.Minute)
	if text := theirs.Eval(`output(0)`); !strings.Contains(text, "GIBBS_MEMORY_LIMIT") {
		t.Errorf("bob's cell that took memory does not say what ended it:\n%s", text)
	}
	theirs.Shoot("runaway-memory")

	mine := window(t, ada, passwords["ada"])
	mine.Show(ada.url+"/user/ada/lab", "small.ipynb")
	work := func(when string) time.Duration {
		start := time.Now()
		mine.RestartAndRunAll()
		mine.Await("ada's cell", `/ada works/.test(output(0)) && prompts().every(p => /^\[\d+\]:?$/.test(p)) && idle()`, 2*time.Minute)
		took := time.Since(start)
		t.Logf("%s, a kernel and ada's cell take %.1f s", when, took.Seconds())
		return took
	}
	alone := work("alone")
	theirs = window(t, bob, passwords["bob"]) // the first one would ask whether to leave what it has not saved
	theirs.Show(bob.url+"/user/bob/lab", "loop.ipynb")
	theirs.RestartAndRunAll()
	theirs.Await("bob's loop", `/bob loops/.test(output(0))`, 2*time.Minute)
	beside := work("beside 32 busy threads of bob's")
	if beside > 10*alone+10*time.Second {
		t.Errorf("ada waits %v beside bob, and %v alone", beside, alone)
	}
	start := time.Now()
	if status, _ := ada.do("GET", "/hub/api/", nil); status != http.StatusOK || time.Since(start) > 5*time.Second {
		t.Errorf("the Hub answers %d after %v", status, time.Since(start))
	}
	mine.Shoot("beside-runaway")
	theirs.Press("interrupt-kernel")
	theirs.Await("bob's kernel", `idle()`, time.Minute)
}

// restart kills the Hub, and looks for what its users had when it is back. Then
// nobody does anything, and the servers end.
func restart(t *testing.T, h *hub, ada *session) {
	server, uids := h.server("ada"), []int{h.server("ada").uid, h.server("bob").uid}
	kernels := func() (ids []string) {
		_, text := ada.do("GET", "/user/ada/api/kernels", nil)
		var list []struct{ ID string }
		if err := json.Unmarshal(text, &list); err != nil {
			t.Fatalf("ada's kernels: %v\n%s", err, text)
		}
		for _, k := range list {
			ids = append(ids, k.ID)
		}
		return ids
	}
	before := kernels()
	if len(before) == 0 {
		t.Fatal("ada has no kernel that could survive")
	}
	if err := h.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = h.cmd.Wait()
	h.start("GIBBS_HUB_MEMORY=" + memory)
	var after []string
	for start := time.Now(); time.Since(start) < 30*time.Second && len(after) == 0; time.Sleep(time.Second) {
		if status, _ := ada.do("GET", "/user/ada/api/kernels", nil); status == http.StatusOK {
			after = kernels()
		}
	}
	if h.server("ada").pid != server.pid || fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("ada's server and kernels did not survive: %v, then %v", before, after)
	}
	// The second time it is ended in order.
	_ = h.cmd.Process.Signal(syscall.SIGTERM)
	_ = h.cmd.Wait()
	if h.server("ada").pid != server.pid {
		t.Error("ada's server ended with the Hub")
	}
	h.start("GIBBS_HUB_MEMORY="+memory, "GIBBS_HUB_IDLE_SECONDS=15")
	start := time.Now()
	for ; time.Since(start) < 3*time.Minute; time.Sleep(time.Second) {
		left := 0
		for _, p := range processes() {
			if slices.Contains(uids, p.uid) {
				left++
			}
		}
		if left == 0 {
			t.Logf("everything of idle users is gone after %.0f s", time.Since(start).Seconds())
			return
		}
	}
	t.Errorf("idle servers are still there after %v", time.Since(start))
}

// TestNoSeparationIsSeen plants the fault that this test is about: a Hub whose users
// are one user of the system. The search for intrusions must find some.
func TestNoSeparationIsSeen(t *testing.T) {
	h := newHub(t, siteOfTests(t)+"c.Spawner.args = ['--allow-root']\n", "--rehearse")
	h.url = strings.Replace(h.url, "https:", "http:", 1)
	h.start()
	text, err := os.ReadFile(h.log)
	if err != nil {
		t.Fatal(err)
	}
	_, password, _ := strings.Cut(string(text), "Any name, password ")
	password, _, _ = strings.Cut(password, "\n")
	ada, bob := h.login("ada", password), h.login("bob", password)
	found := intrusions(t, ada, bob)
	t.Logf("found: %q", found)
	for _, want := range []string{"reads", "token", "kernel"} {
		if !strings.Contains(strings.Join(found, "\n"), want) {
			t.Errorf("nothing about %q was found", want)
		}
	}
}

// within is a context for one request.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}
