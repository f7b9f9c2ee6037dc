package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"

	"gibbs/lib/env"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == "-worker" {
		fail(work(os.Args[2], os.Args[3]))
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:])
	if err == flag.ErrHelp {
		return
	}
	if err == nil {
		err = o.run(ctx, os.Stdout)
	}
	fail(err)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	job, peer *regexp.Regexp
	runs      int
	json      string
}

func parse(args []string) (options, error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	job := flags.String("job", "", "run the jobs whose names match this `regexp`")
	peer := flags.String("peer", "", "run the peers whose names match this `regexp`, in any case; without it all but PyTorch,\nwhose environment takes 5.4 GB; '^$' is none")
	o := options{}
	flags.IntVar(&o.runs, "n", 7, "timed `runs` of each side")
	flags.StringVar(&o.json, "json", "", "write the results to this `file` too")
	flags.Usage = func() {
		fmt.Fprintf(flags.Output(), "usage: go run ./lib/bench [flags]\n\nTimes Gibbs and its peers at the same jobs, in turn.\n\n")
		flags.PrintDefaults()
		fmt.Fprintf(flags.Output(), "\nJobs:\n")
		for _, j := range jobs {
			fmt.Fprintf(flags.Output(), "  %-18s %s\n", j.Name, j.What)
		}
	}
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("bench: what is %q? Jobs are chosen by -job", flags.Arg(0))
	}
	if o.runs < 1 {
		return o, fmt.Errorf("bench: -n %d: at least one run is needed", o.runs)
	}
	var err error
	if o.job, err = regexp.Compile(*job); err != nil {
		return o, fmt.Errorf("bench: -job: %w", err)
	}
	if *peer != "" {
		if o.peer, err = regexp.Compile("(?i)" + *peer); err != nil {
			return o, fmt.Errorf("bench: -peer: %w", err)
		}
	}
	return o, nil
}

// wants reports whether a side takes part. Ours always does; PyTorch only if asked for.
func (o options) wants(s Side) bool {
	switch {
	case s.Library == "":
		return true
	case o.peer == nil:
		return s.Library != torch.Library
	}
	return o.peer.MatchString(s.Name)
}

// run runs the jobs and reports on them.
func (o options) run(ctx context.Context, out *os.File) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	b := &bench{options: o, self: self, out: out}
	if b.root, err = env.Root(); err != nil {
		return fmt.Errorf("bench: it runs inside the repository: %w", err)
	}
	if b.home, err = env.Home(); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	if b.programs, err = unpack(); err != nil {
		return err
	}
	defer os.RemoveAll(b.programs)
	report := newReport()
	fmt.Fprintln(out, report.Machine)
	for _, j := range jobs {
		if !o.job.MatchString(j.Name) {
			continue
		}
		series, err := b.measure(ctx, j)
		if ctx.Err() != nil {
			return fmt.Errorf("bench: %w", ctx.Err())
		}
		result := j.result(series, err)
		report.Results = append(report.Results, result)
		result.print(out)
		if err := report.write(o.json); err != nil { // after each job: a long run may be stopped
			return err
		}
	}
	return report.failure()
}
