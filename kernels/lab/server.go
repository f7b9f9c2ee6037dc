package lab

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gibbs/kernels/setup"
)

// Server is a JupyterLab that runs, as Jupyter's own file describes it.
type Server struct {
	URL   string // ends in a slash
	Token string
	Port  int
	IP    string `json:"hostname"` // the address that it listens on
}

// Address is what a browser opens on the machine of the server, token included.
func (s Server) Address() string { return s.URL + "lab?token=" + s.Token }

// serverFile is where Jupyter says where it listens.
func serverFile(l setup.Layout, pid string) string {
	return filepath.Join(runtimeDir(l), "jpserver-"+pid+".json")
}

// readServer reads such a file. A server that listens on all addresses names its
// host there, which need not resolve: it is asked on 127.0.0.1.
func readServer(file string) (Server, error) {
	var s Server
	text, err := os.ReadFile(file)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, err
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" {
		return s, fmt.Errorf("%s names no URL", file)
	}
	if ip := net.ParseIP(s.IP); ip != nil && ip.IsUnspecified() {
		u.Host = fmt.Sprintf("127.0.0.1:%d", s.Port)
		s.URL = u.String()
	}
	return s, nil
}

// listens reports whether something listens at the address.
func (s Server) listens() bool {
	u, err := url.Parse(s.URL)
	if err != nil {
		return false
	}
	connection, err := net.DialTimeout("tcp", u.Host, time.Second)
	if err != nil {
		return false
	}
	return connection.Close() == nil
}

// answers asks the server's API for its version, which needs no token.
func (s Server) answers(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"api", nil)
	if err != nil {
		return err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	var version struct{ Version string }
	if err := json.NewDecoder(reply.Body).Decode(&version); err != nil || version.Version == "" || reply.StatusCode != http.StatusOK {
		return fmt.Errorf("%sapi answers %q, which is not Jupyter's answer", s.URL, reply.Status)
	}
	return nil
}

// Running returns the JupyterLab of this layout that runs and answers its API;
// the one that was started last, if there are several.
func Running(ctx context.Context, l setup.Layout) (Server, error) {
	files, _ := filepath.Glob(serverFile(l, "*"))
	slices.SortFunc(files, func(a, b string) int { return started(b).Compare(started(a)) })
	silent := errors.New("lab: no JupyterLab of " + l.Home + " runs: start one with `lab`")
	for _, file := range files {
		s, err := readServer(file)
		if err == nil {
			err = s.answers(ctx)
		}
		if err == nil {
			return s, nil
		}
		silent = fmt.Errorf("lab: JupyterLab does not answer: %w", err)
	}
	return Server{}, silent
}

// started is when the server wrote its file.
func started(file string) time.Time {
	info, err := os.Stat(file)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// shortestToken is the length below which a token of the user's is refused: 16
// hexadecimal digits are 64 bits.
const shortestToken = 16

// tokenFile is where Jupyter reads its token. A token of its own making would
// stand in its log.
func tokenFile(l setup.Layout) string { return filepath.Join(runtimeDir(l), "token") }

// writeToken writes the token for Jupyter: a new one, or the one in file.
func writeToken(l setup.Layout, file string) error {
	random := make([]byte, 24)
	_, _ = rand.Read(random) // it never fails
	token := hex.EncodeToString(random)
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("reading the token: %w", err)
		}
		if token = strings.TrimSpace(string(text)); len(token) < shortestToken {
			return fmt.Errorf("the token in %s has %d characters, want %d or more: `openssl rand -hex 24` makes a good one", file, len(token), shortestToken)
		}
	}
	_ = os.Remove(tokenFile(l)) // a file that is there would keep its permissions
	return os.WriteFile(tokenFile(l), []byte(token), 0o600)
}
