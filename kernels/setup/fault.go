package setup

import (
	"errors"
	"fmt"
	"strings"
)

// Fault is a set-up that could not be completed, told so that a person can act.
// Nothing half-made is left where it would be used.
type Fault struct {
	Step  string // the step that failed
	What  string // what is wrong, and where
	Do    string // what to do about it
	Still string // what works all the same; "" means the pure-Go library
	Err   error  // the cause, if there is one
}

const stillPureGo = "`go test ./lib/...` and every import of gibbs/lib, on the pure-Go backend"

func (f *Fault) Error() string {
	still := f.Still
	if still == "" {
		still = stillPureGo
	}
	return fmt.Sprintf("setup: %s: %s\n  to do:        %s\n  still works:  %s", f.Step, f.What, f.Do, still)
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// symptom recognises a cause in what a tool printed.
type symptom struct {
	any  []string // one of these, in lower case
	what string
	do   string
}

const doNetwork = "connect to the network, or name your mirror or proxy (PIP_INDEX_URL, GOPROXY, HTTPS_PROXY), and run `go run ./kernels setup` again: it goes on where it stopped"

// symptoms are tried in this order: the first that matches is the cause.
var symptoms = []symptom{
	{[]string{"no space left on device", "disk quota exceeded"},
		"the disk is full",
		"free some space (set-up needs 1 GB under .gibbs and as much for Go's caches), or set GIBBS_HOME to a folder on another disk, and run it again"},
	{[]string{"do not match the hashes", "hash mismatch", "hashes are required", "checksum mismatch", "security error"},
		"what was downloaded is not what Gibbs pins (its hash differs): a mirror or proxy changed it, or answered with a page of its own",
		"try again on another network or mirror; do not install it by hand"},
	{[]string{"permission denied", "read-only file system"},
		"a file or folder may not be written",
		"make .gibbs writable, or set GIBBS_HOME to a folder that is, and run it again"},
	{[]string{"connection refused", "connection reset", "connection broken", "connection aborted", "failed to establish", "no such host",
		"name resolution", "network is unreachable", "proxyerror", "tunnel connection failed", "dial tcp", "retrying (", "read timed out",
		"i/o timeout", "deadline exceeded", "max retries", "incompleteread", "sslerror", "tls:", "certificate", "403 forbidden", "407 proxy",
		"500 internal server error", "502 bad gateway", "503 service unavailable", "504 gateway", "goproxy=off"},
		"the download failed: no network, or a proxy or mirror that answers with an error",
		doNetwork},
	{[]string{"no matching distribution", "could not find a version", "is not a supported wheel"},
		"the package index offers no file that fits this platform and Python; the error page of a proxy or mirror looks the same",
		"behind a proxy or mirror, check HTTPS_PROXY and PIP_INDEX_URL; else use CPython 3.10 to 3.14 on Linux (x86-64 or arm64, glibc) or macOS"},
}

// diagnose turns the failure of a tool into a Fault, from what it printed.
func diagnose(step, tool string, err error) error {
	var fault *Fault
	if errors.As(err, &fault) {
		return err
	}
	text := strings.ToLower(err.Error())
	for _, s := range symptoms {
		for _, sign := range s.any {
			if strings.Contains(text, sign) {
				return &Fault{Step: step, What: s.what + ".\n" + indent(err.Error()), Do: s.do, Err: err}
			}
		}
	}
	return &Fault{Step: step, What: tool + " failed.\n" + indent(err.Error()),
		Do: "see the lines above; `go run ./kernels setup` goes on where it stopped", Err: err}
}

// longestLine is where the lines of a tool are cut: pip and go print some that
// fill a screen.
const longestLine = 300

// indent sets off what a tool printed.
func indent(text string) string {
	var out strings.Builder
	for line := range strings.Lines(strings.TrimSpace(text)) {
		line = strings.TrimRight(line, "\n")
		if len(line) > longestLine {
			line = strings.ToValidUTF8(line[:longestLine], "") + " …"
		}
		fmt.Fprintf(&out, "  | %s\n", line)
	}
	return strings.TrimRight(out.String(), "\n")
}
