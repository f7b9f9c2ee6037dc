package setup

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Options say what set-up brings.
type Options struct {
	// Backend is auto, go, xla-cpu or xla-cuda; "" is what the last `setup` was
	// told, else auto.
	Backend string
	// User registers the kernelspecs for the user's own Jupyter too.
	User bool
	// Shared brings Go's caches too, so that other users of the machine can run
	// notebooks with this set-up, which they may only read.
	Shared bool
	// Environments are more Python environments to bring.
	Environments []Environment
	// UnverifiedPlugin lets go-xla's own installer bring a plugin whose hash
	// Gibbs does not know.
	UnverifiedPlugin bool
	// Out takes the lines about what is done; nil means os.Stderr.
	Out io.Writer
}

// job is one set-up under way.
type job struct {
	Layout
	Options
}

// step is one thing that set-up brings.
type step struct {
	name string // one word
	what string // what it brings, as a person would say it
	need int64  // bytes of disk that it takes under .gibbs
	// done reports whether the result is there and whole. It needs no network
	// and no other program, and takes milliseconds.
	done func() bool
	// do makes the result aside and moves it into place. It returns a remark
	// for the line about it, or "".
	do func(ctx context.Context) (remark string, err error)
}

// steps returns what a set-up consists of, in order.
func (j *job) steps() ([]step, error) {
	steps := []step{j.venvStep(), j.toolsStep(), j.programStep(), j.digitsStep(), j.modulesStep()}
	plugin, err := j.pluginSteps()
	if err != nil {
		return nil, err
	}
	steps = append(steps, plugin...)
	for _, e := range j.Environments {
		steps = append(steps, j.environmentStep(e.Name, e))
	}
	if j.Shared {
		steps = append(steps, j.sharedStep())
	}
	return append(steps, j.kernelspecSteps()...), nil
}

// Ensure brings what is missing. Where nothing is, it prints nothing and takes
// milliseconds. It returns a *Fault for what a person can put right, and the
// context's error when it was stopped; calling it again goes on from there.
func Ensure(ctx context.Context, l Layout, o Options) error {
	if o.Out == nil {
		o.Out = os.Stderr
	}
	if o.Backend == "" {
		o.Backend = remembered(l)
	}
	j := &job{Layout: l, Options: o}
	steps, err := j.steps()
	if err != nil {
		return err
	}
	if missing(steps) == 0 {
		return nil
	}
	unlock, err := lock(ctx, l, o.Out)
	if err != nil {
		return err
	}
	defer unlock()
	n := missing(steps) // another set-up may have brought them meanwhile
	if n > 0 {
		fmt.Fprintf(o.Out, "Setting up %s: %d of %d steps.\n", l.Home, n, len(steps))
	}
	for _, s := range steps {
		if s.done() {
			continue
		}
		if err := j.act(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// Missing names what Ensure would bring, each as a person would say it.
func Missing(l Layout, o Options) ([]string, error) {
	if o.Backend == "" {
		o.Backend = remembered(l)
	}
	steps, err := (&job{Layout: l, Options: o}).steps()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range steps {
		if !s.done() {
			names = append(names, s.what)
		}
	}
	return names, nil
}

func missing(steps []step) (n int) {
	for _, s := range steps {
		if !s.done() {
			n++
		}
	}
	return n
}

// act does one step and prints its line.
func (j *job) act(ctx context.Context, s step) error {
	if err := enoughDisk(j.Home, s); err != nil {
		return err
	}
	if err := emptyTemp(j.Layout); err != nil {
		return diagnose(s.name, "making "+j.temp(), err)
	}
	defer os.RemoveAll(j.temp())
	line := startLine(j.Options.Out, s, j.Home)
	remark, err := s.do(ctx)
	if err != nil {
		if ctx.Err() != nil {
			line.end("stopped")
			return ctx.Err()
		}
		line.end("failed")
		return diagnose(s.name, s.what, err)
	}
	line.end(remark)
	if !s.done() {
		return &Fault{Step: s.name, What: "it was brought but is not whole: something else changes " + j.Home,
			Do: "end other programs that write there, or run `go run ./kernels clean` and then setup"}
	}
	return nil
}

// lock waits for the right to change .gibbs.
func lock(ctx context.Context, l Layout, out io.Writer) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(l.lock()), 0o755); err != nil {
		return nil, diagnose("start", "making "+filepath.Dir(l.lock()), err)
	}
	file := flock.New(l.lock())
	got, err := file.TryLock()
	if err == nil && !got {
		fmt.Fprintln(out, "Another set-up is under way; waiting for it.")
		got, err = file.TryLockContext(ctx, 200*time.Millisecond)
	}
	if err != nil || !got {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, diagnose("start", "locking "+l.lock(), err)
	}
	return func() { _ = file.Unlock() }, nil
}

// emptyTemp makes the folder of half-made results, without what a killed set-up
// left in it. Only the holder of the lock may call it.
func emptyTemp(l Layout) error {
	if err := os.RemoveAll(l.temp()); err != nil {
		return err
	}
	return os.MkdirAll(l.temp(), 0o755)
}
