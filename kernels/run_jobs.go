package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"gibbs/kernels/notebook"
	"gibbs/kernels/setup"
	"gibbs/lib/env"
)

// A job is one execution of one notebook.
type job struct {
	path   string            // of the notebook
	params map[string]string // values of parameters that it takes, other than its own
}

// ranges are the values that parameters take, by name.
type ranges map[string][]string

// rangesOf reads the environment's parameters and above them the flag's, each
// "name=value,value,…".
func rangesOf(environ, flags []string) (ranges, error) {
	all := ranges{}
	for _, set := range environ {
		name, value, _ := strings.Cut(set, "=")
		all[name] = []string{value}
	}
	given := map[string]bool{}
	for _, flag := range flags {
		name, values, ok := strings.Cut(flag, "=")
		switch {
		case !ok || !env.ParamName.MatchString(name):
			return nil, fmt.Errorf("run: --param %q: write name=value, or name=value,value,…", flag)
		case given[name]:
			return nil, fmt.Errorf("run: --param %s is given twice: write its values with commas", name)
		}
		given[name] = true
		all[name] = strings.Split(values, ",")
		for i, value := range all[name] {
			if value == "" {
				return nil, fmt.Errorf("run: --param %q: value %d is empty", flag, i+1)
			}
			if slices.Contains(all[name][:i], value) {
				return nil, fmt.Errorf("run: --param %q: the value %s is there twice", flag, value)
			}
		}
	}
	return all, nil
}

// jobs returns an execution of each notebook for every combination of values of
// the parameters that it takes, in an order that depends on nothing else.
func jobs(l setup.Layout, paths []string, values ranges) ([]job, error) {
	var all []job
	taken := map[string]bool{}
	for _, path := range paths {
		each := []job{{path: path, params: map[string]string{}}}
		if nb, err := notebook.Read(path); err == nil { // if not, its execution says why
			for _, name := range nb.Params() {
				taken[name] = true
				each = combine(each, name, values[name])
			}
		}
		all = append(all, each...)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !taken[name] {
			return nil, fmt.Errorf("run: no notebook here takes the parameter %q: %s", name, takes(l, paths, taken))
		}
	}
	return all, nil
}

// combine gives each job every value of a parameter; without values its own.
func combine(each []job, name string, values []string) []job {
	if len(values) == 0 {
		return each
	}
	var all []job
	for _, j := range each {
		for _, value := range values {
			params := maps.Clone(j.params)
			params[name] = value
			all = append(all, job{j.path, params})
		}
	}
	return all
}

func takes(l setup.Layout, paths []string, taken map[string]bool) string {
	who := plural(len(paths), "notebook")
	if len(paths) == 1 {
		who = shortPath(l, paths[0])
	}
	if len(taken) == 0 {
		return who + " without any"
	}
	return who + " with " + strings.Join(slices.Sorted(maps.Keys(taken)), ", ")
}

// part returns the i-th of n shares of the jobs, "i/n" with i from 0: every n-th
// of them. Together the shares are all, and "" is all.
func part(all []job, share string) ([]job, error) {
	if share == "" {
		return all, nil
	}
	first, count, ok := strings.Cut(share, "/")
	i, err1 := strconv.Atoi(first)
	n, err2 := strconv.Atoi(count)
	if !ok || errors.Join(err1, err2) != nil || i < 0 || i >= n {
		return nil, fmt.Errorf("run: --part %q: write i/n with 0 ≤ i < n, such as 0/4 for the first quarter", share)
	}
	var mine []job
	for at := i; at < len(all); at += n {
		mine = append(mine, all[at])
	}
	return mine, nil
}

// environ returns the environment of the job's kernel.
func (o runOptions) environ(l setup.Layout, params map[string]string) []string {
	all := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "GIBBS_QUICK=") || strings.HasPrefix(v, env.ParamPrefix)
	})
	all = append(all, "GIBBS_ROOT="+l.Root, "GIBBS_HOME="+l.Home)
	if o.quick {
		all = append(all, "GIBBS_QUICK=1")
	}
	for name, value := range params {
		all = append(all, env.ParamVariable(name)+"="+value)
	}
	return all
}
