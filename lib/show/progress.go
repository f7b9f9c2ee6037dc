package show

import (
	"fmt"
	"html"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"golang.org/x/term"
)

// Progress returns a function that reports how far a loop is; call it after every
// step, and with step == steps at the end. It may be called from many goroutines.
//
//   - In a notebook it keeps one element up to date, five times a second. What is
//     saved is its last state, which holds no times: "1000 of 1000 steps, loss 6.71".
//   - In a terminal it rewrites one line, ten times a second.
//   - Elsewhere (a pipe, a log) it prints a line every ten seconds and at the end.
//
// Speed and time left are measured from the first call, so a run that was resumed
// at step 600 is not taken for a fast one.
func Progress(title string) func(step, steps int, loss float64) {
	switch {
	case InNotebook():
		id := gonbui.UniqueId() // not stored in the notebook
		return newMeter(title, 200*time.Millisecond, func(m *meter, done bool) {
			// A lost kernel must not end a training run: the checkpoint still counts.
			_ = m.bundle(done).send(id)
		}).step
	case term.IsTerminal(int(os.Stdout.Fd())):
		return newMeter(title, 100*time.Millisecond, func(m *meter, done bool) {
			m.rewrite(os.Stdout, done)
		}).step
	}
	m := newMeter(title, 10*time.Second, func(m *meter, done bool) {
		fmt.Fprintln(os.Stdout, m.line(done))
	})
	m.quietStart = true
	return m.step
}

// A meter measures a loop and shows it now and then.
type meter struct {
	title      string
	every      time.Duration
	show       func(m *meter, done bool)
	now        func() time.Time
	quietStart bool // do not show the first call

	mu          sync.Mutex
	begun       time.Time
	first       int // step of the first call
	shown       time.Time
	stepNow     int
	steps       int
	loss        float64
	finished    bool
	lineWritten int // characters on the terminal's line
}

func newMeter(title string, every time.Duration, show func(m *meter, done bool)) *meter {
	return &meter{title: title, every: every, show: show, now: time.Now}
}

// step takes one report.
func (m *meter) step(step, steps int, loss float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	m.stepNow, m.steps, m.loss = step, steps, loss
	if m.begun.IsZero() {
		m.begun, m.first = now, step
		if m.quietStart {
			m.shown = now
		}
	}
	done := step >= steps
	if done && m.finished || !done && !m.shown.IsZero() && now.Sub(m.shown) < m.every {
		return
	}
	m.shown, m.finished = now, done
	m.show(m, done)
}

// state says where the loop is, without times.
func (m *meter) state() string {
	return fmt.Sprintf("%d of %d steps, loss %s", m.stepNow, m.steps, strconv.FormatFloat(m.loss, 'g', 3, 64))
}

// pace says how fast it goes and how long it will take, or nothing while unknown.
func (m *meter) pace() string {
	elapsed := m.now().Sub(m.begun).Seconds()
	if m.stepNow <= m.first || elapsed <= 0 {
		return ""
	}
	rate := float64(m.stepNow-m.first) / elapsed
	left := time.Duration(float64(m.steps-m.stepNow) / rate * float64(time.Second))
	return fmt.Sprintf(", %.3g steps/s, %s left", rate, left.Round(time.Second))
}

// percent returns how much is done.
func (m *meter) percent() int { return 100 * m.stepNow / max(m.steps, 1) }

// line is the report as one line of text; the last one holds no times.
func (m *meter) line(done bool) string {
	if done {
		return m.title + ": " + m.state()
	}
	return fmt.Sprintf("%s: %d %%, %s%s", m.title, m.percent(), m.state(), m.pace())
}

// rewrite puts the line over the one before it.
func (m *meter) rewrite(w io.Writer, done bool) {
	line := m.line(done)
	width := len([]rune(line))
	fmt.Fprintf(w, "\r%s%*s", line, max(m.lineWritten-width, 0), "")
	m.lineWritten = width
	if done {
		fmt.Fprintln(w)
	}
}

// bundle is the report as a progress element with its words beside it.
func (m *meter) bundle(done bool) Bundle {
	line := m.line(done)
	return Bundle{Text: line, HTML: fmt.Sprintf(
		`<div><progress aria-label="%s" max="%d" value="%d" style="width:16em;vertical-align:middle"></progress> %s</div>`,
		html.EscapeString(m.title), m.steps, m.stepNow, html.EscapeString(line))}
}
