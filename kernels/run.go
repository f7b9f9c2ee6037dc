package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gibbs/kernels/notebook"
	"gibbs/kernels/notebook/nbconvert"
	"gibbs/kernels/setup"
	"gibbs/lib/env"

	"github.com/spf13/cobra"
)

// runOptions are the flags of the run command.
type runOptions struct {
	backend string
	quick   bool
	jobs    int
	timeout time.Duration
	write   bool
	json    string
	params  []string
	part    string
	resume  bool
	collect string
}

func runCmd() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [PATH…]",
		Short: "Execute notebooks headless and check their claims",
		Long: `Run executes notebooks, all of notebooks/ by default, each in a fresh kernel,
and sets up first what is missing. It writes the executed notebook and a web page
that needs no network under .gibbs/out, also for a notebook that fails, and beside
them its result as JSON.

It succeeds only if every cell ran, every claim held, and every notebook ends in
a truth table.

--param gives a parameter that a notebook takes (env.Param) other values than its
own; several values, of several parameters, make a run of each combination. The
variables GIBBS_PARAM_NAME do the same for one value. --part i/n does every n-th
run of them all, from the i-th, counted from 0: n machines share the work. --resume
keeps what passed before with the same sources, and a training that was cut off
goes on from its checkpoint. --collect DIR runs nothing: it makes one table of the
results that lie below a folder.`,
		Example: `  go run ./kernels run
  go run ./kernels run --quick --backend go notebooks/2-score
  go run ./kernels run --write notebooks/2-score/02-denoising-score-matching.ipynb
  go run ./kernels run --param seed=1,2,3 --param steps=1000,2000 --resume notebooks/2-score/02-denoising-score-matching.ipynb
  go run ./kernels run --collect .gibbs/out/notebooks --json sweep.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.write && o.quick {
				return errors.New("run: --write keeps full results; leave out --quick")
			}
			if o.jobs < 1 {
				return errors.New("run: --jobs must be at least 1")
			}
			if o.collect != "" {
				if len(args) > 0 {
					return errors.New("run: --collect reads a folder of results and runs nothing: leave out " + args[0])
				}
				return o.collected(cmd.OutOrStdout())
			}
			layout, err := setup.Find()
			if err != nil {
				return err
			}
			return o.run(cmd.Context(), layout, args, cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.backend, "backend", "", "the backend to run on: "+strings.Join(setup.Backends, ", ")+" (default: the best one present)")
	flags.BoolVar(&o.quick, "quick", false, "run the lessons at reduced sizes (GIBBS_QUICK=1), on pure Go unless --backend says otherwise")
	flags.IntVar(&o.jobs, "jobs", 1, "notebooks to run at the same time")
	flags.DurationVar(&o.timeout, "timeout", 10*time.Minute, "time limit of each cell; 0 is none")
	flags.BoolVar(&o.write, "write", false, "put the normalised outputs into the notebooks that passed")
	flags.StringVar(&o.json, "json", "", "write the results, every claim included, to this `file`")
	flags.StringArrayVar(&o.params, "param", nil, "the `name=value,value,…` of a parameter; may be repeated")
	flags.StringVar(&o.part, "part", "", "do only every n-th run, from the i-th: `i/n`")
	flags.BoolVar(&o.resume, "resume", false, "keep results that passed before with the same sources")
	flags.StringVar(&o.collect, "collect", "", "run nothing: one table of the results below this `folder`")
	return cmd
}

// run executes the notebooks that the arguments name and reports on them.
func (o runOptions) run(ctx context.Context, l setup.Layout, args []string, out io.Writer) error {
	if o.backend != "" && !slices.Contains(setup.Backends, o.backend) {
		return fmt.Errorf("run: no backend %q; there are %s", o.backend, strings.Join(setup.Backends, ", "))
	}
	paths, err := findNotebooks(l, args)
	if err != nil {
		return err
	}
	values, err := rangesOf(env.Params(), o.params)
	if err != nil {
		return err
	}
	if o.write && len(values) > 0 {
		return errors.New("run: --write keeps results at the notebooks' own parameters; leave out --param, and unset " + env.ParamPrefix + "*")
	}
	work, err := jobs(l, paths, values)
	if err != nil {
		return err
	}
	if work, err = part(work, o.part); err != nil {
		return err
	}
	if err := setup.Ensure(ctx, l, setup.Options{Backend: o.backend, Out: out}); err != nil {
		return err
	}
	library, err := library(l)
	if err != nil {
		return err
	}
	board := newBoard(out, time.Now)
	outcomes := make([]outcome, len(work))
	slots := make(chan struct{}, o.jobs)
	var page sync.Mutex
	var wait sync.WaitGroup
	for i, j := range work {
		slots <- struct{}{}
		wait.Go(func() {
			r := o.execute(ctx, l, library, j, board)
			<-slots // the next notebook runs while this one's page is written
			page.Lock()
			defer page.Unlock()
			outcomes[i] = o.conclude(ctx, l, r)
		})
	}
	wait.Wait()
	board.close()
	if ctx.Err() != nil {
		return fmt.Errorf("run: %w", ctx.Err())
	}
	report(out, outcomes)
	fmt.Fprintf(out, "\nExecuted notebooks and their pages are in %s\n", l.Out())
	if o.json != "" {
		if err := writeJSON(o.json, results{outcomes}); err != nil {
			return err
		}
	}
	return verdict(outcomes)
}

// kernel is the name of the kernelspec to run with.
func (o runOptions) kernel() string {
	if o.backend == "" || o.backend == "auto" {
		return notebook.Kernel
	}
	return notebook.Kernel + "-" + o.backend
}

// execution is one job's way from its execution to its outcome.
type execution struct {
	job
	line     *boardLine // nil if there is nothing to conclude
	outcome  outcome
	executed *nbconvert.Result // nil if it did not come to an end
}

// execute runs the cells of one job's notebook, unless the context has ended or
// a result of before can stay.
func (o runOptions) execute(ctx context.Context, l setup.Layout, library string, j job, b *board) *execution {
	r := &execution{job: j, outcome: outcome{Path: shortPath(l, j.path), Parameters: j.params, Kernel: o.kernel(), Quick: o.quick}}
	if ctx.Err() != nil {
		return r
	}
	var err error
	if r.outcome.Sources, err = o.sources(library, j); err != nil {
		r.outcome.fail(err)
		return r
	}
	if o.resume {
		if before, ok := kept(j.base(l)+resultSuffix, r.outcome.Sources); ok {
			r.outcome = before
			b.show("kept   " + r.outcome.name())
			return r
		}
	}
	r.outcome.fail(errors.New(unfinished))
	if err := r.outcome.keep(j.base(l)); err != nil { // better now than after an hour
		r.outcome.fail(err)
		return r
	}
	r.line = b.start(r.outcome.name())
	start := time.Now()
	executed, err := nbconvert.Execute(ctx, nbconvert.Job{
		Python: l.Python(), Notebook: j.path, Kernel: r.outcome.Kernel, Env: o.environ(l, j.params),
		Timeout: o.timeout, Progress: r.line.progress,
	})
	r.outcome.Seconds = time.Since(start).Seconds()
	r.executed = executed
	r.outcome.fail(err)
	r.line.now("writing the page")
	return r
}

// conclude writes what came of an execution, and judges it.
func (o runOptions) conclude(ctx context.Context, l setup.Layout, r *execution) outcome {
	if r.line == nil {
		return r.outcome
	}
	if r.executed != nil {
		r.outcome.fail(o.judge(ctx, l, r.job, r.executed, &r.outcome))
	}
	if ctx.Err() == nil {
		if err := r.outcome.keep(r.base(l)); err != nil {
			r.outcome.fail(err)
		}
		r.line.finish(&r.outcome)
	}
	return r.outcome
}

// judge keeps the executed notebook and returns why it does not pass.
func (o runOptions) judge(ctx context.Context, l setup.Layout, j job, executed *nbconvert.Result, result *outcome) error {
	nb := executed.Notebook
	if nb == nil {
		return executed.Failure
	}
	claims, missed := nb.Claims()
	result.Claims, result.Held = claims, notebook.Held(claims)
	nb.SetLanguage()
	if err := keep(ctx, l, j.base(l), nb); err != nil {
		return err
	}
	if executed.Failure != nil {
		return executed.Failure
	}
	if missed != nil || !o.write {
		return missed
	}
	nb.Normalise(machinePaths(l, executed.Temp))
	return replace(j.path, nb)
}

// keep writes the executed notebook and its page; base is their path without its
// ending.
func keep(ctx context.Context, l setup.Layout, base string, nb *notebook.Notebook) error {
	if err := os.MkdirAll(filepath.Dir(base), 0o755); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	if err := nb.Write(base + ".ipynb"); err != nil {
		return err
	}
	return nbconvert.HTML(ctx, l.Python(), base+".ipynb", base+".html")
}

// replace puts the executed notebook in the place of the committed one, unless
// that was edited meanwhile.
func replace(path string, nb *notebook.Notebook) error {
	now, err := notebook.Read(path)
	if err != nil {
		return err
	}
	same := slices.EqualFunc(now.Cells, nb.Cells, func(a, b notebook.Cell) bool {
		return a.Kind == b.Kind && a.Source == b.Source
	})
	if !same {
		return errors.New("it was edited while it ran: not written")
	}
	return nb.Write(path)
}

// machinePaths says what stands for the paths of this machine in a committed
// notebook.
func machinePaths(l setup.Layout, temp string) map[string]string {
	paths := map[string]string{l.Root: ".", l.Home: ".gibbs", temp: "tmp"}
	if home, err := os.UserHomeDir(); err == nil {
		paths[home] = "~"
	}
	return paths
}

// findNotebooks returns the notebooks that the arguments name, files or folders
// to search, sorted; without arguments those of notebooks/.
func findNotebooks(l setup.Layout, args []string) ([]string, error) {
	if len(args) == 0 {
		args = []string{filepath.Join(l.Root, "notebooks")}
	}
	var paths []string
	for _, arg := range args {
		top, err := filepath.Abs(arg)
		if err != nil {
			return nil, err
		}
		err = filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && path != top && strings.HasPrefix(entry.Name(), "."):
				return fs.SkipDir
			case !entry.IsDir() && (path == top || filepath.Ext(path) == ".ipynb"):
				paths = append(paths, path)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("no notebooks: %w", err)
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no notebooks in %s", strings.Join(args, ", "))
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

// shortPath returns a notebook's path within the repository, or its name where
// it lies elsewhere.
func shortPath(l setup.Layout, path string) string {
	if short, err := filepath.Rel(l.Root, path); err == nil && filepath.IsLocal(short) {
		return filepath.ToSlash(short)
	}
	return filepath.Base(path)
}
