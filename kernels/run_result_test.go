package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gibbs/kernels/notebook"

	"github.com/google/go-cmp/cmp"
)

// some writes three results: one that passed, one that failed, one unfinished.
func some(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	claims := []notebook.Claim{{Name: "1 + 1", Measured: 2.0, Exact: 2.0, Relation: "equal", Held: true}}
	missed := []notebook.Claim{claims[0], {Name: "1 / 3", Measured: 0.1 + 0.2, Exact: 0.3, Relation: "equal"}}
	passed := outcome{Path: "a.ipynb", Kernel: "gibbs", Seconds: 3, Held: 1, Claims: claims}
	failed := outcome{Path: "a.ipynb", Parameters: map[string]string{"seed": "7"}, Kernel: "gibbs", Seconds: 2, Held: 1, Claims: missed}
	open := outcome{Path: "b.ipynb", Kernel: "gibbs"}
	passed.fail(nil)
	failed.fail(errors.New("a claim was missed"))
	open.fail(errors.New(unfinished))
	for base, o := range map[string]*outcome{"a": &passed, "0/a@seed=7": &failed, "1/b": &open} {
		if err := o.keep(filepath.Join(dir, base)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCollect(t *testing.T) {
	dir := some(t)
	whole, err := os.ReadFile(filepath.Join(dir, "a"+resultSuffix))
	if err != nil {
		t.Fatal(err)
	}
	writeFiles(t, dir, map[string]string{
		"half" + resultSuffix:             string(whole[:len(whole)/2]),
		"empty" + resultSuffix:            "",
		"other" + resultSuffix:            `{"notebooks": []}`,
		"boast" + resultSuffix:            strings.Replace(string(whole), `"held": 1`, `"held": 2`, 1),
		"forged" + resultSuffix:           strings.Replace(string(whole), `"measured": 2`, `"measured": 3`, 1),
		".a" + resultSuffix + "-123":      "being written",
		"a.json":                          "not a result",
		".tmp/x" + resultSuffix + ".part": "",
	})
	var out bytes.Buffer
	o := runOptions{collect: dir, json: filepath.Join(t.TempDir(), "all.json")}
	err = o.collected(&out)
	if want := "2 of 3 notebooks failed\n5 results cannot be read"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	for _, want := range []string{
		"a.ipynb seed=7  gibbs   2.0      1 of 2       FAILED\n", "a.ipynb         gibbs   3.0      1 of 1       passed\n",
		"a.ipynb seed=7: a claim was missed\n", "b.ipynb: " + unfinished,
		"half" + resultSuffix + " cannot be read: unexpected end of JSON", "empty" + resultSuffix + " cannot be read",
		"other" + resultSuffix + " cannot be read: it names no notebook",
		"boast" + resultSuffix + " cannot be read: it says that 2 of 1 claims held",
		"forged" + resultSuffix + " cannot be read: its claims are not those",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	raw, _ := os.ReadFile(o.json)
	var all results
	if err := json.Unmarshal(raw, &all); err != nil || len(all.Notebooks) != 3 || all.Notebooks[0].Claims[1].Measured != 0.1+0.2 {
		t.Errorf("JSON (%v): %s", err, raw)
	}
}

func TestCollectAllPassed(t *testing.T) {
	dir := some(t)
	for _, sub := range []string{"0", "1"} {
		if err := os.RemoveAll(filepath.Join(dir, sub)); err != nil {
			t.Fatal(err)
		}
	}
	if err := (runOptions{collect: dir}).collected(&bytes.Buffer{}); err != nil {
		t.Error(err)
	}
	for _, nothing := range []string{t.TempDir(), filepath.Join(dir, "nowhere")} {
		if err := (runOptions{collect: nothing}).collected(&bytes.Buffer{}); err == nil {
			t.Errorf("%s: no error", nothing)
		}
	}
}

// Only what passed, from the same sources, is kept by a resumed run.
func TestKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	for _, c := range []struct {
		failure error
		sources string
		want    bool
	}{{nil, "same", true}, {nil, "other", false}, {errors.New("missed"), "same", false}} {
		o := outcome{Path: "a.ipynb", Sources: "same", Seconds: 5}
		o.fail(c.failure)
		if err := o.keep(path); err != nil {
			t.Fatal(err)
		}
		got, ok := kept(path+resultSuffix, c.sources)
		if ok != c.want {
			t.Errorf("failure %v, sources %s: kept %v", c.failure, c.sources, ok)
		}
		if diff := cmp.Diff(o, got); diff != "" {
			t.Errorf("read back:\n%s", diff)
		}
	}
	if _, ok := kept(path+"/nowhere", "same"); ok {
		t.Error("what is not there was kept")
	}
}

// The digest of sources sees each of them.
func TestSources(t *testing.T) {
	root := t.TempDir()
	writeFiles(t, root, map[string]string{"a.ipynb": "1", "b.ipynb": "2"})
	j := job{filepath.Join(root, "a.ipynb"), map[string]string{"seed": "1"}}
	seen := map[string]string{}
	for name, s := range map[string]struct {
		o       runOptions
		library string
		j       job
	}{
		"first": {runOptions{}, "lib", j}, "library": {runOptions{}, "lib2", j}, "kernel": {runOptions{backend: "go"}, "lib", j}, "quick": {runOptions{quick: true}, "lib", j},
		"notebook": {runOptions{}, "lib", job{filepath.Join(root, "b.ipynb"), j.params}}, "parameter": {runOptions{}, "lib", job{j.path, map[string]string{"seed": "2"}}},
	} {
		sum, err := s.o.sources(s.library, s.j)
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := seen[sum]; twice {
			t.Errorf("%s and %s have the same sources", name, other)
		}
		seen[sum] = name
	}
}
