package setup

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// line is the one line that a step prints: what it does, how far it is, and at
// the end how long it took.
type line struct {
	out      io.Writer
	terminal bool
	text     string
	home     string
	start    time.Time
	before   int64 // bytes under home at the start
	stop     chan struct{}
	stopped  sync.WaitGroup
}

// startLine prints the beginning of the line and keeps it moving: on a terminal
// once a second, in a log every twenty.
func startLine(out io.Writer, s step, home string) *line {
	file, ok := out.(*os.File)
	l := &line{
		out:      out,
		terminal: ok && term.IsTerminal(int(file.Fd())),
		text:     fmt.Sprintf("  %-11s %s", s.name, s.what),
		home:     home,
		start:    time.Now(),
		before:   size(home),
		stop:     make(chan struct{}),
	}
	fmt.Fprint(l.out, l.text, " … ")
	l.stopped.Go(l.tick)
	return l
}

func (l *line) tick() {
	every := 20 * time.Second
	if l.terminal {
		every = time.Second
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
		}
		if l.terminal {
			fmt.Fprintf(l.out, "\r\x1b[K%s … %s", l.text, l.state())
		} else {
			fmt.Fprintf(l.out, "%s … ", l.state())
		}
	}
}

// state is the seconds so far and what they brought.
func (l *line) state() string {
	state := fmt.Sprintf("%.1f s", time.Since(l.start).Seconds())
	if grown := size(l.home) - l.before; grown >= 1e5 {
		state += ", " + megabytes(grown)
	}
	return state
}

// end completes the line with the totals and a remark.
func (l *line) end(remark string) {
	close(l.stop)
	l.stopped.Wait()
	parts := []string{l.state()}
	if remark != "" {
		parts = append(parts, remark)
	}
	begin := ""
	if l.terminal {
		begin = "\r\x1b[K" + l.text + " … "
	}
	fmt.Fprintln(l.out, begin+strings.Join(parts, ", "))
}

func megabytes(bytes int64) string {
	if bytes < 10e6 {
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	}
	return fmt.Sprintf("%.0f MB", float64(bytes)/1e6)
}
