package main

import (
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"gibbs/kernels/child"
	"gibbs/kernels/setup"

	"github.com/spf13/cobra"
)

// requirements is the hash-locked list of the Hub's Python packages.
//
//go:embed requirements.txt
var requirements string

// options say how the Hub is started.
type options struct {
	private   string // folder of the Hub's secrets and database
	url       string // where it listens
	cert, key string // files; "": made here
	rehearse  bool
}

func startCmd() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Set up what is missing and start the Hub",
		Long: `Start sets up Gibbs for all users of this machine, JupyterHub and its proxy, each
from a pinned and hashed source, and becomes the Hub. Whoever is in the class can
then log in (see add). A Hub that ends leaves the users' servers running, and finds
them when it is started again.

It listens with TLS, with a certificate of its own if none is given. Without TLS it
listens on this machine only: for a proxy of yours that brings TLS.`,
		Example: `  sudo go run ./docker/hub start
  sudo go run ./docker/hub start --cert /etc/ssl/hub.pem --key /etc/ssl/hub.key --url https://:443
  sudo go run ./docker/hub start --url http://127.0.0.1:8000
  go run ./docker/hub start --rehearse      # without root, for yourself alone`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.start(cmd) },
	}
	cmd.Flags().StringVar(&o.private, "private", "", "the `folder` of the Hub's secrets and database (default: /var/lib/gibbs-hub)")
	cmd.Flags().StringVar(&o.url, "url", "", "where to listen (default: https://:8000; to rehearse, http://127.0.0.1:8000)")
	cmd.Flags().StringVar(&o.cert, "cert", "", "a `file` with the certificate and those that it rests on")
	cmd.Flags().StringVar(&o.key, "key", "", "a `file` with the certificate's key")
	cmd.Flags().BoolVar(&o.rehearse, "rehearse", false, "without root and without separation: every user is you, for looking at it")
	return cmd
}

// start sets up and becomes the Hub. It returns only when it fails.
func (o options) start(cmd *cobra.Command) error {
	layout, err := setup.Find()
	if err != nil {
		return err
	}
	if err := o.complete(layout); err != nil {
		return err
	}
	goroot, err := child.Command{Dir: layout.Root, Name: "go", Args: []string{"env", "GOROOT"}}.Output(cmd.Context())
	if err != nil {
		return fmt.Errorf("hub: asking for the place of Go: %w; name it, as in: sudo $(command -v go) run ./docker/hub start", err)
	}
	goroot = strings.TrimSpace(goroot)
	if !o.rehearse {
		if err := makeGroups(); err != nil {
			return err
		}
		for what, path := range map[string]string{"the repository": filepath.Join(layout.Root, "go.mod"), "Go": filepath.Join(goroot, "bin", "go")} {
			if err := setup.ForOthers(path); err != nil {
				return fmt.Errorf("hub: users cannot read %s: %w; move it to a place such as /opt", what, err)
			}
		}
	}
	python := setup.Environment{Name: "hub", What: "environment with JupyterHub", Requirements: requirements}
	out := cmd.OutOrStdout()
	if err := setup.Ensure(cmd.Context(), layout, setup.Options{Shared: !o.rehearse, Environments: []setup.Environment{python}, Out: out}); err != nil {
		return err
	}
	proxy, err := ensureProxy(cmd.Context(), layout, out)
	if err != nil {
		return err
	}
	if err := makePrivate(o.private); err != nil {
		return err
	}
	environ := append(os.Environ(),
		"GIBBS_ROOT="+layout.Root, "GIBBS_HOME="+layout.Home, "GIBBS_HUB_DIR="+o.private, "GIBBS_HUB_URL="+o.url, "GIBBS_HUB_PROXY="+proxy,
		"GIBBS_HUB_USERS_PATH="+filepath.Join(goroot, "bin")+":/usr/local/bin:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1")
	if strings.HasPrefix(o.url, "https:") {
		if o.cert == "" {
			if o.cert, o.key, err = ownCertificate(o.private, out); err != nil {
				return err
			}
		}
		environ = append(environ, "GIBBS_HUB_CERT="+o.cert, "GIBBS_HUB_KEY="+o.key)
	}
	config := "machine.py"
	if o.rehearse {
		config = "rehearsal.py"
		password := newPassword()
		environ = append(environ, "GIBBS_HUB_PASSWORD="+password)
		fmt.Fprintf(out, "To rehearse: every user is you, and can read all that is yours. Any name, password %s\n", password)
	}
	fmt.Fprintf(out, "The Hub listens on %s. Ctrl-C ends it; the users' servers stay until they are idle or stopped on its admin page.\n", o.url)
	syscall.Umask(0o077)
	program := python.Python(layout)
	err = syscall.Exec(program, []string{program, "-m", "jupyterhub", "-f", filepath.Join(layout.Root, "docker", "hub", config)}, environ)
	return fmt.Errorf("hub: starting %s: %w", program, err)
}

// complete fills in what is not said and refuses what would be unsafe.
func (o *options) complete(l setup.Layout) error {
	if !o.rehearse && os.Getuid() != 0 {
		return errors.New("hub: only root can start servers as other users: use sudo, or `start --rehearse` to look at it alone")
	}
	if o.private == "" {
		o.private = "/var/lib/gibbs-hub"
		if o.rehearse {
			o.private = filepath.Join(l.Home, "rehearsal")
		}
	}
	if o.url == "" {
		o.url = "https://:8000"
		if o.rehearse {
			o.url = "http://127.0.0.1:8000"
		}
	}
	u, err := url.Parse(o.url)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Port() == "" {
		return fmt.Errorf("hub: --url %q: write https://ADDRESS:PORT or http://127.0.0.1:PORT", o.url)
	}
	loopback := net.ParseIP(u.Hostname()).IsLoopback()
	switch {
	case u.Scheme == "http" && !loopback:
		return fmt.Errorf("hub: --url %s would carry passwords in clear: use https, or http://127.0.0.1:%s behind a proxy that brings TLS", o.url, u.Port())
	case o.rehearse && !loopback:
		return fmt.Errorf("hub: --url %s would let strangers in: a rehearsal listens on 127.0.0.1 only", o.url)
	case (o.cert == "") != (o.key == ""):
		return errors.New("hub: --cert and --key go together")
	}
	o.private, err = filepath.Abs(o.private)
	return err
}

// makePrivate makes the folder of the Hub's secrets, or checks the one that is
// there.
func makePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); info.Mode().Perm()&0o077 != 0 || ok && int(stat.Uid) != os.Getuid() {
		return fmt.Errorf("hub: %s holds secrets, and is open to others (%v): make it yours alone (chmod 700, chown), or name another with --private", dir, info.Mode())
	}
	return nil
}
