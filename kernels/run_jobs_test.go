package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gibbs/kernels/notebook"
	"gibbs/kernels/setup"

	"github.com/google/go-cmp/cmp"
)

// writeNotebook makes a notebook of one cell and returns its path.
func writeNotebook(t *testing.T, path, source string) string {
	t.Helper()
	writeFiles(t, filepath.Dir(path), map[string]string{filepath.Base(path): ""})
	nb := &notebook.Notebook{Format: 4, Cells: []notebook.Cell{{Kind: notebook.Code, Source: source}}}
	if err := nb.Write(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// names lists jobs as the table of results does.
func names(l setup.Layout, all []job) (list []string) {
	for _, j := range all {
		list = append(list, (&outcome{Path: shortPath(l, j.path), Parameters: j.params}).name())
	}
	return list
}

func TestJobs(t *testing.T) {
	l := setup.Layout{Root: t.TempDir(), Home: t.TempDir()}
	paths := []string{
		writeNotebook(t, filepath.Join(l.Root, "a.ipynb"), `env.Param("seed", 1); env.Param("steps", 2)`),
		writeNotebook(t, filepath.Join(l.Root, "b.ipynb"), `env.Param("seed", 1)`),
		writeNotebook(t, filepath.Join(l.Root, "c.ipynb"), `1`),
	}
	values, err := rangesOf([]string{"steps=5", "seed=9"}, []string{"seed=1,2"}) // the flag is above the environment
	if err != nil {
		t.Fatal(err)
	}
	all, err := jobs(l, paths, values)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a.ipynb seed=1 steps=5", "a.ipynb seed=2 steps=5", "b.ipynb seed=1", "b.ipynb seed=2", "c.ipynb"}
	if diff := cmp.Diff(want, names(l, all)); diff != "" {
		t.Error(diff)
	}
	if got := strings.TrimPrefix(all[1].base(l), l.Out()+"/"); got != "a@seed=2,steps=5" {
		t.Errorf("its files are called %s", got)
	}
	if got := (job{paths[0], map[string]string{"set": "../x/y"}}).base(l); filepath.Dir(got) != l.Out() {
		t.Errorf("a value with slashes leads to %s", got)
	}

	// The parts are disjoint, and together all.
	for n := 1; n <= 7; n++ {
		var together []string
		for i := range n {
			mine, err := part(all, strings.Join([]string{string(rune('0' + i)), string(rune('0' + n))}, "/"))
			if err != nil {
				t.Fatal(err)
			}
			together = append(together, names(l, mine)...)
		}
		slices.Sort(together)
		if diff := cmp.Diff(want, together); diff != "" {
			t.Errorf("%d parts:\n%s", n, diff)
		}
	}
}

func TestJobsRefuse(t *testing.T) {
	l := setup.Layout{Root: t.TempDir()}
	path := writeNotebook(t, filepath.Join(l.Root, "a.ipynb"), `env.Param("seed", 1)`)
	_, err := jobs(l, []string{path}, ranges{"sead": {"1"}})
	if want := `run: no notebook here takes the parameter "sead": a.ipynb with seed`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	for _, flags := range [][]string{{"seed"}, {"Seed=1"}, {"seed=1,,2"}, {"seed=1,1"}, {"seed=1", "seed=2"}} {
		if _, err := rangesOf(nil, flags); err == nil || !strings.HasPrefix(err.Error(), "run: --param ") {
			t.Errorf("--param %q: error %v", flags, err)
		}
	}
	for _, share := range []string{"1", "1/1", "-1/2", "a/2", "0/0", "0/2/3"} {
		if _, err := part(nil, share); err == nil || !strings.HasPrefix(err.Error(), "run: --part ") {
			t.Errorf("--part %s: error %v", share, err)
		}
	}
}

func TestEnvironOfAJob(t *testing.T) {
	t.Setenv("GIBBS_QUICK", "1")
	t.Setenv("GIBBS_PARAM_SEED", "3")
	t.Setenv("GIBBS_PARAM_OTHER", "4")
	l := setup.Layout{Root: "/r", Home: "/h"}
	full := (runOptions{}).environ(l, map[string]string{"seed": "7"})
	for entry, want := range map[string]bool{
		"GIBBS_QUICK=1": false, "GIBBS_HOME=/h": true, "GIBBS_PARAM_SEED=7": true, "GIBBS_PARAM_SEED=3": false, "GIBBS_PARAM_OTHER=4": false,
	} {
		if slices.Contains(full, entry) != want {
			t.Errorf("%s in the environment of a full run: %v, want %v", entry, !want, want)
		}
	}
	if quick := (runOptions{quick: true}).environ(l, nil); !slices.Contains(quick, "GIBBS_QUICK=1") {
		t.Error("a quick run lacks GIBBS_QUICK")
	}
}
