package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"gibbs/lib/env"
)

// Options say what a kernel is started with.
type Options struct {
	ConnectionFile string // from Jupyter
	Backend        string // what GIBBS_BACKEND becomes; "" means auto
}

// Front runs the process that Jupyter starts. It returns when the kernel is over
// and nothing of it is left. guard is the command line that runs Guard.
func Front(ctx context.Context, guard []string) error {
	signal.Ignore(os.Interrupt) // interrupts come as messages
	if err := adopt(); err != nil {
		return fmt.Errorf("launch: adopting orphans: %w", err)
	}
	private, err := os.MkdirTemp("", "gibbs-kernel-")
	if err != nil {
		return fmt.Errorf("launch: %w", err)
	}
	defer os.RemoveAll(private)
	life, held, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("launch: %w", err)
	}
	cmd := exec.Command(guard[0], append(guard[1:], private)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{life} // becomes file 3: its end is our end
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("launch: starting the guard: %w", err)
	}
	life.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	context.AfterFunc(ctx, func() { held.Close() })
	go awaitOrphanhood(cancel)
	err = cmd.Wait()
	killBelow(os.Getpid())
	if err != nil {
		return fmt.Errorf("launch: the kernel ended: %w", err)
	}
	return nil
}

// awaitOrphanhood calls orphaned when the parent has died: a kernel whose Jupyter
// was killed is of no use to anybody.
func awaitOrphanhood(orphaned func()) {
	for parent := os.Getppid(); os.Getppid() == parent; {
		time.Sleep(time.Second)
	}
	orphaned()
}

// Guard runs the process that owns GoNB and everything that cells start. private
// is the kernel's temporary folder.
func Guard(ctx context.Context, o Options, private string) error {
	signal.Ignore(os.Interrupt)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		_, _ = os.NewFile(3, "life").Read(make([]byte, 1)) // returns when the front is gone
		cancel(errors.New("launch: the front process is gone"))
	}()
	if err := adopt(); err != nil {
		return fmt.Errorf("launch: adopting orphans: %w", err)
	}
	defer os.RemoveAll(private)
	t := &tree{root: os.Getpid(), grace: GraceInterrupt}
	defer t.end()
	return serve(ctx, cancel, o, private, t)
}

// serve starts GoNB and stands between it and Jupyter until either is gone.
func serve(ctx context.Context, cancel context.CancelCauseFunc, o Options, private string, t *tree) error {
	front, err := readConnection(o.ConnectionFile)
	if err != nil {
		return err
	}
	bounds, err := limitsFromEnv()
	if err != nil {
		return err
	}
	// GoNB takes the kernel's id from the name of its connection file.
	file := filepath.Join(private, filepath.Base(o.ConnectionFile))
	back := front.private(private)
	if err := back.write(file); err != nil {
		return fmt.Errorf("launch: %w", err)
	}
	gonb, err := startGoNB(o, private, file)
	if err != nil {
		return err
	}
	t.gonb = gonb.Process.Pid
	p := newProxy(front, t, bounds)
	defer p.sockets.close()
	ended := errors.New("launch: GoNB ended")
	go func() {
		_ = gonb.Wait()
		cancel(ended)
	}()
	if err := p.connect(ctx, front, back); err != nil {
		return err
	}
	p.run(ctx)
	if context.Cause(ctx) == ended && !p.stopping {
		return ended
	}
	return nil
}

// startGoNB starts GoNB on the private connection, in its own environment.
func startGoNB(o Options, private, connectionFile string) (*exec.Cmd, error) {
	root, err := env.Root()
	if err != nil {
		if root, err = rootOfProgram(); err != nil {
			return nil, err
		}
	}
	environ, err := kernelEnv(o, root, private)
	if err != nil {
		return nil, err
	}
	home, err := env.Home()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(filepath.Join(home, "bin", "gonb"), "-kernel", connectionFile, "-raw_error", "-logtostderr=true")
	cmd.Env = environ
	if name := os.Getenv("GIBBS_KERNEL_LOG"); name != "" {
		log, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("launch: GIBBS_KERNEL_LOG: %w", err)
		}
		defer log.Close()
		cmd.Stderr = log
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("launch: starting GoNB: %w; `go run ./kernels setup` installs it", err)
	}
	return cmd, nil
}

// rootOfProgram is the repository in whose .gibbs/bin this program lies: where a
// notebook outside of any repository gets its versions from.
func rootOfProgram() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("launch: %w", err)
	}
	root, err := env.RootFrom(filepath.Dir(self))
	if err != nil {
		return "", fmt.Errorf("launch: no repository upwards of the notebook or of %s: %w", self, err)
	}
	return root, os.Setenv("GIBBS_ROOT", root)
}
