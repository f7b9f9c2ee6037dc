//go:build linux

package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// intrusions tries what a curious user can, with the rights of their own server's
// process, their token and their cookies, and says what they got of the victim's.
func intrusions(t *testing.T, thief, victim *session) (found []string) {
	t.Helper()
	mine, theirs := thief.server(thief.user), victim.server(victim.user)
	note := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	// Something to find, and a kernel with something to say.
	secret := filepath.Join(victim.home, "secret.txt")
	if err := os.WriteFile(secret, []byte("the victim's secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(secret, theirs.uid, theirs.gid); err != nil {
		t.Fatal(err)
	}
	token := theirs.variable("JUPYTERHUB_API_TOKEN")
	if status, text := withToken(within(t), "POST", victim.url+"/user/"+victim.user+"/api/kernels", token, `{"name": "gibbs"}`); status != http.StatusCreated {
		t.Fatalf("the victim cannot start a kernel: %d %s", status, text)
	}
	time.Sleep(3 * time.Second) // until it listens

	// The system: files, processes, sockets.
	state := filepath.Dir(victim.home)
	for _, path := range []string{secret, filepath.Join(state, ".gibbs-server.log"), filepath.Join(victim.private, "cookie-secret"), filepath.Join(victim.private, "hub.sqlite")} {
		if text, err := mine.run("cat", path); err == nil && text != "" {
			note("reads %s", path)
		} else if _, failed := os.Stat(path); failed != nil {
			t.Fatal(failed)
		}
	}
	for _, dir := range []string{state, victim.home} {
		if _, err := mine.run("ls", dir); err == nil {
			note("lists %s", dir)
		}
	}
	if _, err := mine.run("touch", filepath.Join(victim.home, "was-here")); err == nil {
		note("writes into %s", victim.home)
	}
	if text, _ := mine.run("cat", fmt.Sprintf("/proc/%d/environ", theirs.pid)); strings.Contains(text, token) {
		note("reads the token of the victim's server in its environment")
	}
	if _, err := mine.run("kill", "-0", fmt.Sprint(theirs.pid)); err == nil {
		note("may signal the victim's server")
	}
	for _, p := range processes() {
		if p.uid != theirs.uid || !strings.Contains(p.args, "kernel\x00") {
			continue
		}
		fields := strings.Split(strings.TrimRight(p.args, "\x00"), "\x00")
		if text, err := mine.run("cat", fields[len(fields)-1]); err == nil && text != "" {
			note("reads the key of a kernel, %s", fields[len(fields)-1])
		}
	}
	for _, address := range listening(t, theirs.uid) {
		if !strings.HasSuffix(theirs.variable("JUPYTERHUB_SERVICE_URL"), address+"/user/"+victim.user+"/") {
			note("can connect to a port of a kernel or another program of the victim's, %s", address)
		}
	}

	// The servers: with the thief's token, with the thief's cookies, by the proxy and
	// beside it.
	own := mine.variable("JUPYTERHUB_API_TOKEN")
	if status, _ := withToken(within(t), "GET", thief.url+"/user/"+thief.user+"/api/kernels", own, ""); status != http.StatusOK {
		t.Fatalf("the thief's token is not good for the thief's own server: %d", status)
	}
	behind := strings.TrimSuffix(theirs.variable("JUPYTERHUB_SERVICE_URL"), "/user/"+victim.user+"/")
	for _, server := range []string{victim.url, behind} {
		for _, path := range []string{"/api/kernels", "/api/contents", "/api/contents/secret.txt", "/files/secret.txt", "/api/terminals", "/api/sessions", "/lab"} {
			for how, key := range map[string]string{"with their own token": own, "with a wrong token": "0123456789abcdef0123456789abcdef", "without a token": ""} {
				if status, text := withToken(within(t), "GET", server+"/user/"+victim.user+path, key, ""); got(status, text, path) {
					note("gets the victim's %s from %s %s", path, server, how)
				}
			}
			if server == victim.url {
				if status, text := thief.do("GET", "/user/"+victim.user+path, nil); got(status, text, path) {
					note("gets the victim's %s with their own cookies", path)
				}
			}
		}
	}
	// The Hub: what it says of the victim, and what it does to the victim's server.
	for _, try := range []struct{ method, path string }{
		{"GET", "/hub/api/users"}, {"GET", "/hub/api/users/" + victim.user}, {"GET", "/hub/api/users/" + victim.user + "/tokens"},
		{"POST", "/hub/api/users/" + victim.user + "/tokens"}, {"DELETE", "/hub/api/users/" + victim.user + "/server"}, {"GET", "/hub/api/proxy"},
	} {
		if status, text := withToken(within(t), try.method, thief.url+try.path, own, "{}"); status < 300 && strings.Contains(string(text), victim.user) || status == http.StatusNoContent || status == http.StatusCreated {
			note("may %s %s: %d", try.method, try.path, status)
		}
	}
	if victim.server(victim.user).pid != theirs.pid {
		note("ended the victim's server")
	}
	return found
}

// got reports whether an answer is what the victim would have got, and not a page to
// log in or a refusal.
func got(status int, text []byte, path string) bool {
	if status != http.StatusOK {
		return false
	}
	if path == "/lab" {
		return strings.Contains(string(text), "jupyter-config-data")
	}
	return !strings.Contains(string(text), "<html") && !strings.Contains(string(text), "<!DOCTYPE")
}

// listening returns the addresses on which programs of a user of the system accept
// connections.
func listening(t *testing.T, uid int) (addresses []string) {
	t.Helper()
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // no such network here
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) > 7 && fields[3] == "0A" && fields[7] == fmt.Sprint(uid) {
				_, port, _ := strings.Cut(fields[1], ":")
				var n int
				if _, err := fmt.Sscanf(port, "%x", &n); err != nil {
					t.Fatal(err)
				}
				addresses = append(addresses, fmt.Sprintf(":%d", n))
			}
		}
	}
	return addresses
}
