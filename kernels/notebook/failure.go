package notebook

import (
	"cmp"
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
)

// Failure says why a notebook does not pass, and where.
type Failure struct {
	Cell   int    // number of the code cell, from 1; 0 where no cell is to blame
	Line   int    // line of that cell, from 1; 0 where it is not known
	First  string // the cell's first line after a bare %%
	Reason string
}

// Error returns "cell 7 (x := 1), line 3: undefined: foo" without what is not known.
func (f *Failure) Error() string {
	if f.Cell == 0 {
		return f.Reason
	}
	where := fmt.Sprintf("cell %d", f.Cell)
	if f.First != "" {
		where += " (" + f.First + ")"
	}
	if f.Line > 0 {
		where += fmt.Sprintf(", line %d", f.Line)
	}
	return where + ": " + f.Reason
}

// Failure returns the first failure that the outputs show, or nil: an error, or
// the line that GoNB prints when a program ended badly although it called the
// cell a success.
func (nb *Notebook) Failure() *Failure {
	for i, cell := range nb.CodeCells() {
		if f := cell.failure(i + 1); f != nil {
			return f
		}
	}
	return nil
}

// At returns a failure in the number-th code cell for a reason that the outputs
// do not tell, such as a timeout.
func (nb *Notebook) At(number int, reason string) *Failure {
	f := &Failure{Reason: reason}
	if cells := nb.CodeCells(); number >= 1 && number <= len(cells) {
		f.Cell, f.First = number, cells[number-1].firstLine()
	}
	return f
}

var (
	// badEnd is GoNB's line for a program that ended badly.
	badEnd = regexp.MustCompile(`(?m)^(exit status \d+|signal: [a-z ]+(?: \(core dumped\))?)$`)
	// place is where GoNB found an error: "Cell[7]: Line 3" of compilers, "[[ Cell
	// [7] Line 3 ]]" of stack traces, "Cell Line 3" of the cell itself.
	place = regexp.MustCompile(`Cell ?(?:\[(\d+)\]:? )?Line (\d+)`)
	// shellLine is the launcher's word for a shell command that failed.
	shellLine = regexp.MustCompile(`^line (\d+): `)
	// testReport is a message of a test in what `go test -v` prints, testFailed
	// its verdict.
	testReport = regexp.MustCompile(`(?m)^\s+\S+_test\.go:\d+: (.*)$`)
	testFailed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)
	colours    = regexp.MustCompile(`\x1b\[[0-9;]*m`)
	// gonbError holds the errors of a GoNB that reports them as HTML.
	gonbError = regexp.MustCompile(`(?s)gonb-cell-line-info">([^<]*)<.*?gonb-err-location">[^<]*</span></span>([^<]*)<`)
)

func (c *Cell) failure(number int) *Failure {
	var stdout, stderr, hints strings.Builder
	var failed *Output
	for i := range c.Outputs {
		output := &c.Outputs[i]
		switch text, _ := output.Data["text/html"].(string); {
		case output.Kind == Failed && failed == nil:
			failed = output
		case output.Kind == Stream && output.Name == "stderr":
			stderr.WriteString(output.Text)
		case output.Kind == Stream:
			stdout.WriteString(output.Text)
		case strings.Contains(text, "gonb-err-location"):
			hints.WriteString(text)
		}
	}
	printed := colours.ReplaceAllString(stderr.String(), "")
	f := &Failure{Cell: number, First: c.firstLine()}
	switch {
	case failed != nil:
		f.compiler(failed, hints.String())
		f.stackTrace(printed)
		f.test(stdout.String())
		f.reason(failed.EValue, printed)
	case badEnd.MatchString(printed):
		f.stackTrace(printed)
		f.reason(badEnd.FindString(printed), printed)
	default:
		return nil
	}
	return f
}

// compiler takes line and reason from the report of a compiler error.
func (f *Failure) compiler(failed *Output, report string) {
	for _, entry := range failed.Traceback {
		entry = strings.TrimSpace(colours.ReplaceAllString(entry, ""))
		at := place.FindStringSubmatchIndex(entry)
		if at == nil || at[0] != 0 {
			continue
		}
		f.at(entry[:at[1]], entry[strings.LastIndexByte(entry, '\n')+1:])
		return
	}
	if match := gonbError.FindStringSubmatch(report); match != nil {
		f.at(match[1], html.UnescapeString(strings.TrimSpace(match[2])))
	}
}

// stackTrace takes line and reason from the trace of a panic.
func (f *Failure) stackTrace(printed string) {
	start := strings.Index(printed, "panic: ")
	if f.Reason != "" || start < 0 || start > 0 && printed[start-1] != '\n' {
		return
	}
	reason := firstLine(printed[start:])
	if where := place.FindAllString(printed[start:], -1); len(where) > 0 {
		f.at(where[0], reason)
		for _, frame := range where { // the caller in this cell, if the panic is elsewhere
			if n, line := parsePlace(frame); n == f.Cell && f.Line == 0 {
				f.Line = line
			}
		}
	}
	f.Reason = cmp.Or(f.Reason, reason)
}

// test takes the reason from the report of a test that failed.
func (f *Failure) test(printed string) {
	name := testFailed.FindStringSubmatch(printed)
	if f.Reason != "" || name == nil {
		return
	}
	f.Reason = name[1] + " failed"
	if message := testReport.FindStringSubmatch(printed); message != nil {
		f.Reason += ": " + message[1]
	}
}

// at sets the reason, and the line if it lies in this cell: a function of an
// earlier cell may be to blame, and then the reason says which.
func (f *Failure) at(where, reason string) {
	number, line := parsePlace(where)
	f.Reason = strings.TrimSuffix(reason, "; to add it:") // go's advice goes on, where it does not apply
	if number == 0 || number == f.Cell {
		f.Line = line
		return
	}
	f.Reason += fmt.Sprintf(" (in cell %d, line %d)", number, line)
}

func parsePlace(where string) (number, line int) {
	match := place.FindStringSubmatch(where)
	number, _ = strconv.Atoi(match[1])
	line, _ = strconv.Atoi(match[2])
	return number, line
}

// reason settles for the error's value and the last words on stderr where no
// report names a line.
func (f *Failure) reason(value, printed string) {
	if f.Reason != "" {
		return
	}
	value = strings.TrimSpace(colours.ReplaceAllString(value, ""))
	if match := shellLine.FindStringSubmatch(value); match != nil {
		f.Line, _ = strconv.Atoi(match[1])
		value = value[len(match[0]):]
	}
	f.Reason = strings.Join(strings.Fields(value), " ")
	if last := lastWords(printed); last != "" && badEnd.MatchString(value) {
		f.Reason = last + " (" + f.Reason + ")"
	}
}

// lastWords returns the last line that a program printed on stderr itself.
func lastWords(printed string) string {
	last := ""
	for line := range strings.Lines(printed) {
		if line = strings.TrimSpace(line); line != "" && !badEnd.MatchString(line) {
			last = line
		}
	}
	return last
}

// firstLine returns the line that tells the cell apart: %% alone begins many.
func (c *Cell) firstLine() string {
	source := strings.TrimSpace(c.Source)
	if rest, ok := strings.CutPrefix(source, "%%\n"); ok {
		source = rest
	}
	return firstLine(source)
}

// firstLine returns the first line of a text that is not blank, cut to 60
// characters.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimLeft(text, " \t\r\n"), "\n")
	line = strings.TrimSpace(line)
	if r := []rune(line); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return line
}
