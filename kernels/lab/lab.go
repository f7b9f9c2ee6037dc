// Package lab runs JupyterLab for one repository, on this machine only unless
// told otherwise, and ends it together with everything that it started.
package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gibbs/kernels/child"
	"gibbs/kernels/setup"
)

// GraceStop is how long Jupyter may take to end its kernels before it is killed;
// kernels of ours end themselves within seconds when Jupyter is gone.
const GraceStop = 10 * time.Second

// StartTimeout is how long Jupyter may take to answer.
const StartTimeout = 90 * time.Second

// Options say how JupyterLab is started.
type Options struct {
	IP        string    // the address to listen on; "" means 127.0.0.1, "0.0.0.0" all of them
	Port      int       // 0: 8888, or the next free one
	Folder    string    // what JupyterLab shows; "" means the repository
	TokenFile string    // holds the token; "" means that a new one is made
	Browser   bool      // open the user's browser
	Out       io.Writer // takes the lines for the user; nil means os.Stdout
}

// local reports whether only this machine can reach the server.
func (o Options) local() bool { return o.IP == "" || net.ParseIP(o.IP).IsLoopback() }

// Run starts JupyterLab and prints its address; with the token only where it
// listens on this machine alone, because what a server prints lands in logs
// (Running tells it). It returns nil when the context ends, once nothing is left
// of it, and an error when Jupyter ends by itself.
func Run(ctx context.Context, l setup.Layout, o Options) error {
	if o.Out == nil {
		o.Out = os.Stdout
	}
	if err := prepare(l); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	if err := writeToken(l, o.TokenFile); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	log, err := os.Create(logFile(l))
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	defer log.Close()
	if os.Getuid() == 0 {
		fmt.Fprintln(o.Out, "You are root, so Jupyter is started with --allow-root.")
	}
	cmd := exec.Command(filepath.Join(filepath.Dir(l.Python()), "jupyter-lab"), arguments(l, o, os.Getuid() == 0)...)
	cmd.Dir, cmd.Env = l.Root, environment(l)
	cmd.Stdout, cmd.Stderr = log, log
	// If this process is killed, Jupyter is told to end, and ends its kernels.
	cmd.SysProcAttr = child.Attr(syscall.SIGTERM)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("lab: starting Jupyter: %w; `go run ./kernels setup` installs it", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	server, err := awaitServer(ctx, l, cmd.Process.Pid, ended)
	if err == nil {
		if o.local() {
			fmt.Fprintf(o.Out, "JupyterLab: %s\nCtrl-C ends it and its kernels. Log: %s\n", server.Address(), log.Name())
		} else {
			fmt.Fprintf(o.Out, "JupyterLab listens on %s, port %d, with a token: `lab address` tells it. Log: %s\n", o.IP, server.Port, log.Name())
		}
		select {
		case <-ctx.Done():
		case err := <-ended:
			return fmt.Errorf("lab: Jupyter ended by itself (%v):\n%s", err, logTail(l))
		}
	}
	stop(cmd.Process.Pid, ended)
	if ctx.Err() != nil {
		fmt.Fprintln(o.Out, "JupyterLab has ended.")
		return nil
	}
	return err
}

// arguments are Jupyter's.
func arguments(l setup.Layout, o Options, root bool) []string {
	args := []string{
		"--ServerApp.ip=" + cmp.Or(o.IP, "127.0.0.1"),
		"--ServerApp.root_dir=" + cmp.Or(o.Folder, l.Root),
		"--MappingKernelManager.default_kernel_name=gibbs",
	}
	if o.Port != 0 {
		args = append(args, "--ServerApp.port="+strconv.Itoa(o.Port), "--ServerApp.port_retries=0")
	}
	if !o.Browser {
		args = append(args, "--no-browser")
	}
	if root {
		args = append(args, "--allow-root")
	}
	return args
}

// config is Jupyter's configuration: no news, no look for updates and no shop of
// extensions, so that nothing leaves the machine.
const config = `{"LabApp": {
  "news_url": null,
  "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
  "extension_manager": "readonly"
}}
`

// notifications answers JupyterLab's question about news before it is asked.
const notifications = `{"fetchNews": "false", "checkForUpdates": false}
`

// prepare writes the configuration. The user may change the settings of the
// user interface, which stay.
func prepare(l setup.Layout) error {
	if err := os.MkdirAll(runtimeDir(l), 0o700); err != nil {
		return err
	}
	settings := filepath.Join(configDir(l), "lab", "user-settings", "@jupyterlab", "apputils-extension")
	if err := os.MkdirAll(settings, 0o700); err != nil {
		return err
	}
	file := filepath.Join(settings, "notification.jupyterlab-settings")
	if _, err := os.Stat(file); os.IsNotExist(err) {
		if err := os.WriteFile(file, []byte(notifications), 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(configDir(l), "jupyter_lab_config.json"), []byte(config), 0o600)
}

// environment keeps the user's settings of Jupyter out (a server that listens
// elsewhere, say), and keeps what is theirs: kernels, and which notebooks are
// trusted.
func environment(l setup.Layout) []string {
	kept := []string{"JUPYTER_DATA_DIR", "JUPYTER_PATH", "JUPYTER_PLATFORM_DIRS"}
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return strings.HasPrefix(name, "JUPYTER_") && !slices.Contains(kept, name)
	})
	return append(env, "JUPYTER_CONFIG_DIR="+configDir(l), "JUPYTER_RUNTIME_DIR="+runtimeDir(l), "JUPYTER_TOKEN_FILE="+tokenFile(l),
		"GIBBS_ROOT="+l.Root, "GIBBS_HOME="+l.Home)
}

func configDir(l setup.Layout) string  { return filepath.Join(l.JupyterDir(), "config") }
func runtimeDir(l setup.Layout) string { return filepath.Join(l.JupyterDir(), "runtime") }
func logFile(l setup.Layout) string    { return filepath.Join(l.JupyterDir(), "lab.log") }

// logTail returns the last lines of Jupyter's log.
func logTail(l setup.Layout) string {
	text, _ := os.ReadFile(logFile(l))
	return child.LastLines(string(text), 15)
}

// awaitServer waits until the server of this process has written where it
// listens and answers there.
func awaitServer(ctx context.Context, l setup.Layout, pid int, ended chan error) (Server, error) {
	deadline := time.After(StartTimeout)
	for {
		if s, err := readServer(serverFile(l, strconv.Itoa(pid))); err == nil && s.listens() {
			return s, nil
		}
		select {
		case <-ctx.Done():
			return Server{}, ctx.Err()
		case err := <-ended:
			ended <- err // for stop
			return Server{}, fmt.Errorf("lab: Jupyter did not start (%v):\n%s", err, logTail(l))
		case <-deadline:
			return Server{}, errors.New("lab: Jupyter did not start in time:\n" + logTail(l))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stop ends Jupyter: it is asked to, which ends its kernels first, and killed
// with its group after GraceStop.
func stop(pid int, ended chan error) {
	_ = syscall.Kill(pid, syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(GraceStop):
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL)
}
