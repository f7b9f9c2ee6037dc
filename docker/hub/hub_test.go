//go:build linux

package main

import (
	"bytes"
	"crypto/tls"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gibbs/kernels/setup"
)

// What would be unsafe is refused, with what to do instead.
func TestOptionsAreChecked(t *testing.T) {
	root := os.Getuid() == 0
	for _, c := range []struct {
		o     options
		wrong string // "": it is taken
	}{
		{options{url: "http://:8000"}, "passwords in clear"},
		{options{url: "http://0.0.0.0:8000"}, "passwords in clear"},
		{options{url: "http://localhost.example.org:8000"}, "passwords in clear"},
		{options{url: "https://hub.example.org"}, "write https://ADDRESS:PORT"},
		{options{url: "hub:8000"}, "write https://ADDRESS:PORT"},
		{options{cert: "a.pem"}, "go together"},
		{options{url: "http://127.0.0.1:80"}, ""},
		{options{url: "http://[::1]:80"}, ""},
		{options{}, ""},
		{options{rehearse: true, url: "https://:8000"}, "127.0.0.1 only"},
		{options{rehearse: true}, ""},
	} {
		if !root && !c.o.rehearse {
			c.wrong = "only root"
		}
		o := c.o
		err := o.complete(setup.Layout{Root: "/r", Home: "/h"})
		switch {
		case c.wrong == "" && err != nil:
			t.Errorf("%+v: %v", c.o, err)
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%+v: error %v, want one about %q", c.o, err, c.wrong)
		}
	}
}

// Secrets lie in a folder of root's alone, or nowhere.
func TestPrivateFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "private")
	if err := makePrivate(dir); err != nil {
		t.Fatal(err)
	}
	if err := makePrivate(dir); err != nil {
		t.Errorf("again: %v", err)
	}
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := makePrivate(dir); err == nil || !strings.Contains(err.Error(), "open to others") {
		t.Errorf("a folder that others can read: %v", err)
	}
}

// A certificate is made once, serves, and is replaced before it ends or when its
// key is gone.
func TestOwnCertificate(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	make := func() []byte {
		cert, key, err := ownCertificate(dir, &out)
		if err != nil {
			t.Fatal(err)
		}
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		if err := pair.Leaf.VerifyHostname("127.0.0.1"); err != nil {
			t.Error(err)
		}
		for _, file := range []string{cert, key} {
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", file, info.Mode(), err)
			}
		}
		return pair.Leaf.Raw
	}
	first := make()
	if !bytes.Equal(first, make()) {
		t.Error("a second start made another certificate")
	}
	if _, err := makeCertificate(filepath.Join(dir, "own-cert.pem"), filepath.Join(dir, "own-key.pem"), time.Now().AddDate(-1, 0, 7)); err != nil {
		t.Fatal(err)
	}
	last := make()
	if err := os.Remove(filepath.Join(dir, "own-key.pem")); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(last, make()) {
		t.Error("a certificate without a key was kept")
	}
	if !strings.Contains(out.String(), "fingerprint") {
		t.Errorf("nothing to compare is printed: %s", out.String())
	}
}

// Accounts are made with homes that nobody else can read; those that are there keep
// their passwords; no name gets past useradd's rules, and root is no student.
func TestAdd(t *testing.T) {
	needMachine(t)
	for _, name := range []string{"", "Ada", "a b", "-x", "a:b", "../a", "9a", strings.Repeat("a", 40), "root"} {
		if err := add(&bytes.Buffer{}, []string{name}, []string{groupOfClass()}); err == nil {
			t.Errorf("%q was added", name)
		}
	}
	passwords := accounts(t, "carol")
	if len(passwords["carol"]) < 20 {
		t.Errorf("carol's password is %q", passwords["carol"])
	}
	if again := accounts(t, "carol", "dave"); again["carol"] != "(has a password)" || again["dave"] == passwords["carol"] {
		t.Errorf("added again: %q", again)
	}
	home := filepath.Join(os.Getenv(apart), "home", "carol")
	if info, err := os.Stat(home); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%s: %v, %v", home, info, err)
	}
	out, err := exec.Command("id", "-nG", "carol").Output()
	if err != nil || !strings.Contains(string(out), groupOfClass()) || strings.Contains(string(out), groupOfTeachers()) {
		t.Errorf("carol is in %s, %v", out, err)
	}
}

// known reports every setting of the configuration that no class has: a misspelt
// one would be no error for JupyterHub.
const known = `
import sys
from types import SimpleNamespace
from jupyterhub.app import JupyterHub
app = JupyterHub()
app.load_config_file(sys.argv[1])
app.update_config(app.config)
spawner = app.spawner_class
classes = {c.__name__: c for k in [JupyterHub, app.authenticator_class, app.proxy_class, spawner] for c in k.__mro__ if hasattr(c, "class_traits")}
for section, settings in app.config.items():
    if section not in classes:
        print("no class", section)
        continue
    for name in settings:
        if not classes[section].class_traits(config=True).get(name):
            print("no setting", section, name)
made = spawner(config=app.config, user=SimpleNamespace(name="ada", id=1), hub=None)
print("made", type(made).__name__, made.mem_limit, *made.cmd[:2])
`

// TestConfigurations loads each configuration into the real JupyterHub, and makes
// its spawner.
func TestConfigurations(t *testing.T) {
	layout, err := setup.Find()
	if err != nil {
		t.Fatal(err)
	}
	python := setup.Environment{Name: "hub"}.Python(layout)
	if _, err := os.Stat(python); err != nil {
		t.Skipf("%v: `go run ./docker/hub start --rehearse` brings it", err)
	}
	for config, want := range map[string]string{
		"machine.py":    "made UserSpawner 536870912 " + layout.Bin("gibbs") + " lessons",
		"rehearsal.py":  "made SimpleLocalProcessSpawner 536870912 " + layout.Bin("gibbs") + " lessons",
		"containers.py": "made DockerSpawner 536870912 gibbs lessons",
	} {
		check := func(private string) string {
			cmd := exec.Command(python, "-c", known, filepath.Join(layout.Root, "docker", "hub", config))
			cmd.Env = append(os.Environ(), "GIBBS_HUB_DIR="+private, "GIBBS_ROOT="+layout.Root, "GIBBS_HOME="+layout.Home,
				"GIBBS_HUB_MEMORY=512M", "GIBBS_HUB_USERS_PATH=/usr/bin", "GIBBS_HUB_PASSWORD=not a secret", "PYTHONDONTWRITEBYTECODE=1")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("%s: %v\n%s", config, err, stderr.Bytes())
			}
			return strings.TrimSpace(string(out))
		}
		if got := check(t.TempDir()); got != want {
			t.Errorf("%s: %s\nwant %s", config, got, want)
		}
		private := t.TempDir()
		site := "c.Spawner.mem_limt = '1G'\nc.Spawnr.args = []\n"
		if err := os.WriteFile(filepath.Join(private, "site.py"), []byte(site), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := check(private); !strings.Contains(got, "no setting Spawner mem_limt") || !strings.Contains(got, "no class Spawnr") {
			t.Errorf("%s: misspelt settings of a site are not seen: %s", config, got)
		}
	}
}
