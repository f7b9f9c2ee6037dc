package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gibbs/kernels/file"
	"gibbs/kernels/notebook"
	"gibbs/kernels/setup"

	"golang.org/x/mod/sumdb/dirhash"
)

// resultSuffix ends the name of a file that holds the outcome of one job. It lies
// beside the executed notebook.
const resultSuffix = ".result.json"

// unfinished is the failure of a job that began. Its result says so until the job
// ends, so that a job which was killed is not missed.
const unfinished = "it did not come to an end: run it again with --resume"

// base is the path below the folder of outputs that the job's files share, without
// their endings.
func (j job) base(l setup.Layout) string {
	return filepath.Join(l.Out(), strings.TrimSuffix(shortPath(l, j.path), ".ipynb")) + label(j.params, "@", ",", url.PathEscape)
}

// label lists parameters by name, after a mark if there are any.
func label(params map[string]string, mark, between string, escape func(string) string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		parts = append(parts, name+"="+escape(params[name]))
	}
	if len(parts) == 0 {
		return ""
	}
	return mark + strings.Join(parts, between)
}

// sources is the SHA-256 of what a job's result depends on: the notebook, the
// library with its modules, the kernel, sizes and parameters.
func (o runOptions) sources(library string, j job) (string, error) {
	raw, err := os.ReadFile(j.path)
	if err != nil {
		return "", fmt.Errorf("run: %w", err)
	}
	return digest([]any{library, raw, o.kernel(), o.quick, j.params})
}

// library is the digest of the library's files and of the modules' versions.
func library(l setup.Layout) (string, error) {
	sum, err := dirhash.HashDir(filepath.Join(l.Root, "lib"), "lib", dirhash.Hash1)
	for _, name := range []string{"go.mod", "go.sum"} {
		raw, readErr := os.ReadFile(filepath.Join(l.Root, name))
		err = errors.Join(err, readErr)
		sum += string(raw)
	}
	if err != nil {
		return "", fmt.Errorf("run: digest of the library: %w", err)
	}
	return sum, nil
}

// digest is the SHA-256 of a value's JSON.
func digest(value any) (string, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("run: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// writeJSON puts a value into a file, whole or not at all.
func writeJSON(path string, value any) error {
	raw, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	err = file.Replace(path, 0o644, func(w io.Writer) error {
		_, err := w.Write(append(raw, '\n'))
		return err
	})
	if err != nil {
		return fmt.Errorf("run: writing %s: %w", path, err)
	}
	return nil
}

// readResult returns an outcome that keep wrote. It refuses what is damaged
// or contradicts itself.
func readResult(path string) (outcome, error) {
	var o outcome
	raw, err := os.ReadFile(path)
	if err != nil {
		return o, err
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return o, err
	}
	switch computed, err := digest(o.Claims); {
	case err != nil:
		return o, err
	case o.Path == "":
		return o, errors.New("it names no notebook")
	case o.Held != notebook.Held(o.Claims) || o.Passed && o.Held < len(o.Claims):
		return o, fmt.Errorf("it says that %d of %d claims held, passed: %v, but its claims say %d", o.Held, len(o.Claims), o.Passed, notebook.Held(o.Claims))
	case o.Computed != computed:
		return o, errors.New("its claims are not those that were computed: their digest differs")
	}
	return o, nil
}

// kept returns the result of an earlier run of a job, if it passed and came from
// the same sources.
func kept(path, sources string) (outcome, bool) {
	o, err := readResult(path)
	return o, err == nil && o.Passed && o.Sources == sources
}

// collect reads all results below a folder, and says which of them it could not
// read.
func collect(dir string) (outcomes []outcome, broken []error, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, resultSuffix) || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		o, err := readResult(path)
		if err != nil {
			broken = append(broken, fmt.Errorf("%s cannot be read: %w: remove it and run its job again", path, err))
			return nil
		}
		outcomes = append(outcomes, o)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("run: --collect: %w", err)
	}
	if len(outcomes)+len(broken) == 0 {
		return nil, nil, fmt.Errorf("run: --collect: no result (*%s) below %s", resultSuffix, dir)
	}
	return outcomes, broken, nil
}

// collected prints one table of all results below a folder.
func (o runOptions) collected(out io.Writer) error {
	outcomes, broken, err := collect(o.collect)
	if err != nil {
		return err
	}
	report(out, outcomes)
	for _, err := range broken {
		fmt.Fprintln(out, err)
	}
	if o.json != "" {
		if err := writeJSON(o.json, results{outcomes}); err != nil {
			return err
		}
	}
	err = verdict(outcomes)
	if len(broken) > 0 {
		err = errors.Join(err, fmt.Errorf("%s cannot be read", plural(len(broken), "result")))
	}
	return err
}
