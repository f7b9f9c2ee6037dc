package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// board shows what runs: in a terminal one line for each notebook, rewritten in
// place; elsewhere a line when a notebook ends, and one every logEvery while it
// runs.
type board struct {
	mu      sync.Mutex
	out     io.Writer
	width   func() int // columns of the terminal; nil: not a terminal
	now     func() time.Time
	running []*boardLine
	drawn   int // lines on the screen that will be rewritten
	done    chan struct{}
	ticker  sync.WaitGroup
}

const (
	drawEvery = 500 * time.Millisecond
	logEvery  = 10 * time.Second
)

// boardLine is the line of one notebook.
type boardLine struct {
	board *board
	path  string
	start time.Time
	doing string
}

func newBoard(out io.Writer, now func() time.Time) *board {
	b := &board{out: out, now: now, done: make(chan struct{})}
	every := logEvery
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		every = drawEvery
		b.width = func() int {
			width, _, err := term.GetSize(int(file.Fd()))
			if err != nil {
				return 80
			}
			return width
		}
	}
	b.ticker.Go(func() {
		ticks := time.NewTicker(every)
		defer ticks.Stop()
		for {
			select {
			case <-b.done:
				return
			case <-ticks.C:
				b.show("")
			}
		}
	})
	return b
}

// close stops the board; what it showed of running notebooks goes.
func (b *board) close() {
	close(b.done)
	b.ticker.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running = nil
	b.draw("")
}

// show prints a line that stays, if it is not empty, and the running notebooks.
func (b *board) show(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.width != nil {
		b.draw(text)
		return
	}
	if text != "" {
		fmt.Fprintln(b.out, text)
		return
	}
	for _, line := range b.running {
		fmt.Fprintln(b.out, line.text(b.now()))
	}
}

// draw rewrites the lines of a terminal. The caller holds the lock.
func (b *board) draw(text string) {
	if b.width == nil {
		return
	}
	var screen strings.Builder
	if b.drawn > 0 {
		fmt.Fprintf(&screen, "\x1b[%dA", b.drawn)
	}
	screen.WriteString("\r\x1b[J")
	if text != "" {
		screen.WriteString(text + "\n")
	}
	width := max(b.width()-1, 1)
	for _, line := range b.running {
		row := []rune(line.text(b.now()))
		screen.WriteString(string(row[:min(len(row), width)]) + "\n")
	}
	b.drawn = len(b.running)
	io.WriteString(b.out, screen.String())
}

// start adds a notebook.
func (b *board) start(path string) *boardLine {
	line := &boardLine{board: b, path: path, start: b.now(), doing: "starting the kernel"}
	b.mu.Lock()
	b.running = append(b.running, line)
	b.draw("")
	b.mu.Unlock()
	return line
}

// progress notes that a cell starts.
func (l *boardLine) progress(cell, cells int) { l.now(fmt.Sprintf("cell %d of %d", cell, cells)) }

// now notes what is being done.
func (l *boardLine) now(doing string) {
	l.board.mu.Lock()
	defer l.board.mu.Unlock()
	l.doing = doing
	l.board.draw("")
}

// finish replaces the notebook's line by its result.
func (l *boardLine) finish(result *outcome) {
	b := l.board
	b.mu.Lock()
	b.running = slices.DeleteFunc(b.running, func(other *boardLine) bool { return other == l })
	b.mu.Unlock()
	b.show(fmt.Sprintf("%-6s %s (%.0f s)", result.verdict(), l.path, result.Seconds))
}

func (l *boardLine) text(now time.Time) string {
	return fmt.Sprintf("       %s: %s, %.0f s", l.path, l.doing, now.Sub(l.start).Seconds())
}
