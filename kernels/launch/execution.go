package launch

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// execution is the cell that GoNB runs now.
type execution struct {
	request *message
	shell   []int         // lines of shell commands, counted from 1
	code    []string      // the cell's lines
	output  int64         // bytes of text printed so far
	cut     bool          // output was cut
	failure string        // why the cell failed where GoNB says it did not
	reply   *message      // GoNB's reply, held back until its last output came
	idle    *message      // GoNB's word that the cell is over
	ended   chan struct{} // closed when the cell is over
	before  map[process]bool
}

func newExecution(request *message) *execution {
	var content struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(request.content, &content)
	e := &execution{request: request, code: strings.Split(content.Code, "\n"), ended: make(chan struct{})}
	e.shell = shellLines(e.code)
	return e
}

// shellLines returns the numbers of the lines that GoNB hands to a shell.
func shellLines(code []string) []int {
	var lines []int
	for i, line := range code {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "//gonb:"))
		word, _, _ := strings.Cut(line, " ")
		switch {
		case i == 0 && (word == "%%bash" || word == "%%sh" || word == "%%script"):
			return []int{1}
		case strings.HasPrefix(line, "!"):
			lines = append(lines, i+1)
		}
	}
	return lines
}

// shellFailure is what GoNB prints, in a message of its own, when a program that
// it started ended badly.
var shellFailure = regexp.MustCompile(`^(\^C\n)?((?:exit status \d+)|(?:signal: [a-z ]+(?: \(core dumped\))?))\n$`)

// longestStatus bounds the content of a message that shellFailure matches.
const longestStatus = 200

// stream looks at text that the cell printed. It returns what to publish: the
// message, the message cut short with a notice, or nothing.
func (e *execution) stream(m *message, limit int64) *message {
	if e.cut && len(m.content) > longestStatus {
		return nil // unread: a flood must be dropped faster than it comes
	}
	var content struct {
		Name string `json:"name"`
		Text string `json:"text"`
	}
	if err := json.Unmarshal(m.content, &content); err != nil {
		return m
	}
	if match := shellFailure.FindStringSubmatch(content.Text); content.Name == "stderr" && len(e.shell) > 0 && match != nil {
		e.failure = e.shellReport(match[2])
	}
	e.output += int64(len(content.Text))
	switch over := e.output - limit; {
	case over <= 0:
		return m
	case e.cut:
		return nil
	default:
		e.cut = true
		keep := strings.ToValidUTF8(content.Text[:max(0, int64(len(content.Text))-over)], "")
		notice := fmt.Sprintf("\ngibbs: the output was cut after %s; set GIBBS_OUTPUT_LIMIT to see more\n", formatBytes(limit))
		_ = m.set(map[string]any{"text": keep + notice})
		return m
	}
}

// shellReport says which shell command failed, as far as GoNB lets us know.
func (e *execution) shellReport(status string) string {
	first := e.shell[0]
	if len(e.shell) == 1 {
		return fmt.Sprintf("line %d: %s: %s", first, strings.TrimSpace(e.code[first-1]), status)
	}
	return fmt.Sprintf("a shell command of lines %v failed: %s", e.shell, status)
}

// displayLimit bounds one rich output: a picture of this size is a mistake.
const displayLimit = 16 << 20

// display replaces a rich output that is too large by a notice. It may come when
// its cell is over: GoNB reads it from a pipe of its own.
func display(m *message) *message {
	if len(m.content) <= displayLimit {
		return m
	}
	text := fmt.Sprintf("gibbs: an output of %s was dropped; the limit of one is %s", formatBytes(int64(len(m.content))), formatBytes(displayLimit))
	request := &message{header: m.parent, id: m.parentID}
	return request.publish("stream", map[string]any{"name": "stderr", "text": text + "\n"})
}

// failed reports whether GoNB's reply says that the cell failed.
func (e *execution) failed() bool {
	var content struct {
		Status string `json:"status"`
	}
	_ = json.Unmarshal(e.reply.content, &content)
	return content.Status != "ok"
}

// stopsOthers reports whether cells queued behind a failed one are aborted:
// Jupyter's stop_on_error, true unless the client says otherwise.
func (e *execution) stopsOthers() bool {
	content := struct {
		StopOnError bool `json:"stop_on_error"`
	}{true}
	_ = json.Unmarshal(e.request.content, &content)
	return content.StopOnError
}
