// Package gocache gives the go command a build cache of two layers: a shared one
// that is only read, and one of this user that takes what is new. Many users can
// so build from one warm cache, and none can change what another one runs. The go
// command cannot do that by itself: on a cache that it may not write, packages of
// the standard library are "not in std" as soon as one of them is not in it.
//
// Both layers have the form of GOCACHE: a folder for the first byte, in it NAME-a
// for what an action made and NAME-d for its bytes. The protocol is that of
// GOCACHEPROG (go doc cmd/go/internal/cacheprog).
package gocache

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gibbs/kernels/file"
)

// Variable returns the value of GOCACHEPROG that makes the go command use the
// layers. program runs Serve when it is called with these arguments.
func Variable(program, verb, shared, own string) string {
	return fmt.Sprintf("'%s' %s '%s' '%s'", program, verb, shared, own)
}

// Shared is where a set-up for many users keeps Go's caches.
type Shared struct{ Build, Modules string }

// SharedIn returns the places in the folder of generated files, which need not
// exist.
func SharedIn(home string) Shared {
	return Shared{Build: filepath.Join(home, "go", "build"), Modules: filepath.Join(home, "go", "mod")}
}

// Cache is the two layers, each a folder.
type Cache struct{ Shared, Own string }

// request and response are the messages of the protocol.
type request struct {
	ID       int64
	Command  string
	ActionID []byte
	OutputID []byte
	BodySize int64
}

type response struct {
	ID            int64
	Err           string     `json:",omitempty"`
	KnownCommands []string   `json:",omitempty"`
	Miss          bool       `json:",omitempty"`
	OutputID      []byte     `json:",omitempty"`
	Size          int64      `json:",omitempty"`
	Time          *time.Time `json:",omitempty"`
	DiskPath      string     `json:",omitempty"`
}

// Serve answers the go command until it is done.
func (c Cache) Serve(in io.Reader, out io.Writer) error {
	requests := bufio.NewReader(in)
	answers := json.NewEncoder(out)
	if err := answers.Encode(response{KnownCommands: []string{"get", "put", "close"}}); err != nil {
		return fmt.Errorf("gocache: %w", err)
	}
	for {
		line, err := requests.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		var r request
		if err == nil && len(strings.TrimSpace(string(line))) == 0 {
			continue // after a body
		}
		if err == nil {
			err = json.Unmarshal(line, &r)
		}
		if err != nil {
			return fmt.Errorf("gocache: reading a request: %w", err)
		}
		answer := response{ID: r.ID}
		switch r.Command {
		case "get":
			answer = c.get(r)
		case "put":
			body := io.Reader(strings.NewReader(""))
			if r.BodySize > 0 {
				body = base64.NewDecoder(base64.StdEncoding, &quoted{in: requests})
			}
			path, err := c.put(r, body)
			if err != nil {
				answer.Err = err.Error()
			}
			_, _ = io.Copy(io.Discard, body) // the next request stands behind it
			answer.DiskPath = path
		case "close":
			c.trim(time.Now())
		}
		if err := answers.Encode(answer); err != nil {
			return fmt.Errorf("gocache: %w", err)
		}
		if r.Command == "close" {
			return nil
		}
	}
}

// quoted reads what stands between two quotation marks.
type quoted struct {
	in   io.ByteReader
	open bool
	done bool
}

func (q *quoted) Read(p []byte) (n int, err error) {
	for n < len(p) && !q.done {
		b, err := q.in.ReadByte()
		switch {
		case err != nil:
			return n, io.ErrUnexpectedEOF
		case b != '"' && q.open:
			p[n] = b
			n++
		case b == '"':
			q.open, q.done = true, q.open
		}
	}
	if n == 0 && q.done {
		return 0, io.EOF
	}
	return n, nil
}

// place is the file of an action or of an output in a layer.
func place(layer string, id []byte, kind string) string {
	name := hex.EncodeToString(id)
	return filepath.Join(layer, name[:2], name+"-"+kind)
}

// get looks in the user's own layer first.
func (c Cache) get(r request) response {
	for _, layer := range []string{c.Own, c.Shared} {
		if found, ok := look(layer, r.ActionID); ok {
			found.ID = r.ID
			if layer == c.Own {
				touch(place(layer, r.ActionID, "a"), found.DiskPath)
			}
			return found
		}
	}
	return response{ID: r.ID, Miss: true}
}

// entry is a line of an action's file, as the go command writes it.
const entry = "v1 %x %x %20d %20d\n"

// look finds what an action made in a layer. A damaged entry counts as none.
func look(layer string, action []byte) (found response, ok bool) {
	text, err := os.ReadFile(place(layer, action, "a"))
	if err != nil {
		return found, false
	}
	var id []byte
	var made int64
	if n, err := fmt.Sscanf(string(text), entry, &id, &found.OutputID, &found.Size, &made); n != 4 || err != nil ||
		string(id) != string(action) || len(found.OutputID) == 0 {
		return found, false
	}
	found.DiskPath = place(layer, found.OutputID, "d")
	info, err := os.Stat(found.DiskPath)
	at := time.Unix(0, made)
	found.Time = &at
	return found, err == nil && info.Size() == found.Size
}

// put keeps what an action made in the user's own layer.
func (c Cache) put(r request, body io.Reader) (path string, err error) {
	if len(r.ActionID) == 0 || len(r.OutputID) == 0 {
		return "", fmt.Errorf("gocache: a request to keep something without a name")
	}
	path = place(c.Own, r.OutputID, "d")
	err = file.Replace(path, 0o600, func(w io.Writer) error {
		n, err := io.Copy(w, body)
		if err == nil && n != r.BodySize {
			err = fmt.Errorf("%d bytes came, want %d", n, r.BodySize)
		}
		return err
	})
	if err == nil {
		err = file.Replace(place(c.Own, r.ActionID, "a"), 0o600, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, entry, r.ActionID, r.OutputID, r.BodySize, time.Now().UnixNano())
			return err
		})
	}
	if err != nil {
		return "", fmt.Errorf("gocache: %w", err)
	}
	return path, nil
}

// How long what nobody uses is kept, and how often that is looked at: as in the
// go command.
const (
	keepFor   = 5 * 24 * time.Hour
	trimEvery = 24 * time.Hour
	touchAge  = time.Hour
)

// touch notes that files were used.
func touch(files ...string) {
	now := time.Now()
	for _, f := range files {
		if info, err := os.Stat(f); err == nil && now.Sub(info.ModTime()) > touchAge {
			_ = os.Chtimes(f, now, now)
		}
	}
}

// trim removes what was not used for long from the user's own layer, once a day.
func (c Cache) trim(now time.Time) {
	mark := filepath.Join(c.Own, "trim.txt")
	if info, err := os.Stat(mark); err == nil && now.Sub(info.ModTime()) < trimEvery {
		return
	}
	files, _ := filepath.Glob(filepath.Join(c.Own, "??", "*"))
	for _, f := range files {
		if info, err := os.Stat(f); err == nil && now.Sub(info.ModTime()) > keepFor {
			_ = os.Remove(f)
		}
	}
	_ = os.WriteFile(mark, []byte(now.String()), 0o600)
}
