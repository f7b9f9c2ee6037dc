package gocache

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test's own program stand in for the one that Variable names.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "gocache" {
		if err := (Cache{Shared: os.Args[2], Own: os.Args[3]}).Serve(os.Stdin, os.Stdout); err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// The real go command builds a program whose packages are partly in the shared
// layer: it compiles only the others, keeps them in the user's own layer, and
// writes nothing in the shared one.
func TestGoBuildsFromBothLayers(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles parts of the standard library")
	}
	dir := t.TempDir()
	shared, own := filepath.Join(dir, "shared"), filepath.Join(dir, "my own")
	write(t, filepath.Join(dir, "go.mod"), "module m\n\ngo 1.26.0\n")
	write(t, filepath.Join(dir, "main.go"), "package main\n\nimport \"sort\"\n\nfunc main() { x := []int{2, 1}; sort.Ints(x); println(x[0]) }\n")
	goBuild(t, dir, "GOCACHE="+shared)
	before := list(t, shared)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	layers := []string{"GOCACHEPROG=" + Variable(self, "gocache", shared, own), "GOCACHE=" + filepath.Join(dir, "unused")}
	said := goBuild(t, dir, layers...)
	if strings.Contains(said, "/compile ") {
		t.Errorf("what is shared was compiled again:\n%s", said)
	}
	write(t, filepath.Join(dir, "main.go"), "package main\n\nimport (\n\t\"container/ring\"\n\t\"sort\"\n)\n\nfunc main() { x := []int{2, 1}; sort.Ints(x); println(x[0], ring.New(3).Len()) }\n")
	if said = goBuild(t, dir, layers...); !strings.Contains(said, "-p container/ring") || strings.Contains(said, "-p sort") {
		t.Errorf("not just the new package was compiled:\n%s", said)
	}
	if said = goBuild(t, dir, layers...); strings.Contains(said, "/compile ") {
		t.Errorf("what is the user's own was compiled again:\n%s", said)
	}
	if after := list(t, shared); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("the shared layer changed: %d files, then %d", len(before), len(after))
	}
	if len(list(t, own)) == 0 {
		t.Error("nothing was kept")
	}
	out, err := exec.Command(filepath.Join(dir, "m")).CombinedOutput()
	if err != nil || string(out) != "1 3\n" {
		t.Errorf("the program says %q, %v", out, err)
	}
}

// A damaged entry, of either layer, is a miss.
func TestDamagedEntriesAreMisses(t *testing.T) {
	c := Cache{Shared: t.TempDir(), Own: t.TempDir()}
	r := request{ActionID: []byte{1, 2}, OutputID: []byte{3, 4}, BodySize: 4}
	if _, err := c.put(r, strings.NewReader("body")); err != nil {
		t.Fatal(err)
	}
	if got := c.get(r); got.Miss || !bytes.Equal(got.OutputID, r.OutputID) || got.Size != 4 {
		t.Fatalf("what was kept is not there: %+v", got)
	}
	action, output := place(c.Own, r.ActionID, "a"), place(c.Own, r.OutputID, "d")
	whole, err := os.ReadFile(action)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"empty": "", "cut short": string(whole[:9]), "of another": strings.Replace(string(whole), "0102", "0103", 1)} {
		write(t, action, text)
		if !c.get(r).Miss {
			t.Errorf("an entry that is %s was believed", what)
		}
	}
	write(t, action, string(whole))
	write(t, output, "bod")
	if !c.get(r).Miss {
		t.Error("an output that is cut short was believed")
	}
	if _, err := c.put(r, strings.NewReader("bo")); err == nil {
		t.Error("a body that is cut short was kept")
	}
}

// What was not used for long goes; what was used stays.
func TestTrim(t *testing.T) {
	c := Cache{Own: t.TempDir()}
	now := time.Now()
	for id, age := range map[byte]time.Duration{1: keepFor + time.Hour, 2: keepFor - time.Hour} {
		path := place(c.Own, []byte{id}, "d")
		write(t, path, "x")
		if err := os.Chtimes(path, now, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	c.trim(now)
	left := list(t, c.Own)
	if len(left) != 2 || !strings.Contains(strings.Join(left, " "), "02-d") { // and trim.txt
		t.Errorf("left: %v", left)
	}
}

// A request that is no JSON ends the program with an error, not with a wrong answer.
func TestServeRefusesNonsense(t *testing.T) {
	var out bytes.Buffer
	if err := (Cache{}).Serve(strings.NewReader("nonsense\n"), &out); err == nil {
		t.Error("no error")
	}
	var hello response
	if err := json.Unmarshal(out.Bytes(), &hello); err != nil || len(hello.KnownCommands) != 3 {
		t.Errorf("the greeting is %q", out.String())
	}
}

func goBuild(t *testing.T, dir string, environ ...string) string {
	t.Helper()
	cmd := exec.Command("go", "build", "-x", "-o", "m", ".")
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GOFLAGS=", "GOWORK=off"), environ...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.ReplaceAll(string(out), "/compile -V=full", "")
}

func list(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			info, err := d.Info()
			if err != nil {
				return err
			}
			files = append(files, path+info.ModTime().String())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
