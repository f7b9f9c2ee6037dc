package notebook

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// MaxSize is the largest size in bytes of a committed notebook: what a viewer on
// the web still shows.
const MaxSize = 1_500_000

// Finding is one departure of a committed notebook from the conventions.
type Finding struct {
	Where string // "cell 3", "text before cell 3", or "" for the whole notebook
	What  string
}

// String returns "where: what".
func (f Finding) String() string {
	if f.Where == "" {
		return f.What
	}
	return f.Where + ": " + f.What
}

// rule is one convention: it returns what departs from it.
type rule struct {
	name  string
	check func(nb *Notebook) []Finding
}

// rules are the conventions that the notebook alone decides.
var rules = []rule{
	{"kernel", checkKernel},
	{"title", checkTitle},
	{"executed", eachCode(checkExecuted)},
	{"errors", eachCode(checkErrors)},
	{"shell", eachCode(checkShell)},
	{"dot-import", eachCode(checkDotImports)},
	{"gofmt", eachCode(checkGofmt)},
	{"offline", eachCode(checkOffline)},
	{"alt text", checkAltText},
	{"claims", checkClaims},
}

// Lint returns how a committed notebook, given by the bytes of its file, departs
// from the conventions: executed in order and without errors, Go and nothing
// else in its cells, as gofmt writes it, figures with alt text, a truth table
// that holds at the end, no more than MaxSize bytes, and normalised for the
// paths of this machine (see Normalise).
func Lint(raw []byte, paths map[string]string) []Finding {
	nb, err := Parse(raw)
	if err != nil {
		return []Finding{{What: err.Error()}}
	}
	var found []Finding
	for _, rule := range rules {
		found = append(found, rule.check(nb)...)
	}
	if len(raw) > MaxSize {
		found = append(found, Finding{What: fmt.Sprintf("the file has %d bytes; at most %d", len(raw), MaxSize)})
	}
	nb.Normalise(paths)
	if normal, err := nb.Bytes(); err != nil || !bytes.Equal(raw, normal) {
		found = append(found, Finding{What: "the file is not normalised: " + difference(raw, normal) + "; execute it with run --write"})
	}
	return found
}

// difference names the first line in which two files differ.
func difference(have, want []byte) string {
	wanted := bytes.Split(want, []byte("\n"))
	for i, line := range bytes.Split(have, []byte("\n")) {
		if i >= len(wanted) || !bytes.Equal(line, wanted[i]) {
			return fmt.Sprintf("line %d of the file is %q", i+1, firstLine(string(line)))
		}
	}
	return "the file ends early"
}

// eachCode makes a check of the notebook out of a check of one code cell, which
// returns what is wrong in it.
func eachCode(check func(cell *Cell, number int) []string) func(*Notebook) []Finding {
	return func(nb *Notebook) []Finding {
		var found []Finding
		for i, cell := range nb.CodeCells() {
			for _, what := range check(cell, i+1) {
				found = append(found, Finding{fmt.Sprintf("cell %d", i+1), what})
			}
		}
		return found
	}
}

func checkKernel(nb *Notebook) []Finding {
	spec, _ := nb.Metadata["kernelspec"].(map[string]any)
	if spec["name"] != Kernel {
		return []Finding{{What: fmt.Sprintf("the kernel is %v, not %s", spec["name"], Kernel)}}
	}
	return nil
}

func checkTitle(nb *Notebook) []Finding {
	if len(nb.Cells) == 0 || nb.Cells[0].Kind != Markdown {
		return []Finding{{What: "the first cell is not text: a title and the question that the lesson answers"}}
	}
	text := nb.Cells[0].Source
	var found []Finding
	if !strings.HasPrefix(text, "# ") {
		found = append(found, Finding{"first cell", "no title (# …)"})
	}
	if !strings.Contains(text, "?") {
		found = append(found, Finding{"first cell", "asks no question"})
	}
	return found
}

func checkExecuted(cell *Cell, number int) []string {
	switch cell.Count {
	case number:
		return nil
	case 0:
		return []string{"was not executed"}
	}
	return []string{fmt.Sprintf("was executed as number %d", cell.Count)}
}

func checkErrors(cell *Cell, number int) []string {
	if f := cell.failure(number); f != nil {
		return []string{"failed: " + f.Reason}
	}
	return nil
}

func checkShell(cell *Cell, _ int) []string {
	var what []string
	for _, line := range splitCell(cell.Source).shell {
		what = append(what, fmt.Sprintf("line %d runs a shell command", line))
	}
	return what
}

func checkDotImports(cell *Cell, _ int) []string {
	var what []string
	for _, spec := range splitCell(cell.Source).imports() {
		if spec.Name != nil && spec.Name.Name == "." {
			what = append(what, "dot-import of "+spec.Path.Value+": later cells that do not use it would not compile")
		}
	}
	return what
}

func checkGofmt(cell *Cell, _ int) []string {
	if at := splitCell(cell.Source).unformatted(); at != "" {
		return []string{at}
	}
	return nil
}

var (
	webAddress = regexp.MustCompile(`\b(?:https?|ftp)://[^\s"'<>]+`)
	// namespaces are identifiers that look like addresses and are never fetched.
	namespaces = regexp.MustCompile(`^http://www\.w3\.org/(?:2000/svg|1999/xlink|1999/xhtml|1998/Math/MathML)$`)
)

func checkOffline(cell *Cell, _ int) []string {
	var what []string
	parts := splitCell(cell.Source)
	for _, spec := range parts.imports() {
		if path, _ := strconv.Unquote(spec.Path.Value); path == "net/http" || path == "net" {
			what = append(what, "imports "+path+": lessons run without a network")
		}
	}
	for _, text := range parts.strings() {
		for _, address := range webAddress.FindAllString(text, -1) {
			if !namespaces.MatchString(address) {
				what = append(what, "holds the address "+address+": lessons run without a network")
			}
		}
	}
	return what
}

func checkClaims(nb *Notebook) []Finding {
	cells := nb.CodeCells()
	if len(cells) == 0 {
		return []Finding{{What: "no code"}}
	}
	last := fmt.Sprintf("cell %d", len(cells))
	var found []Finding
	if !strings.Contains(cells[len(cells)-1].Source, "claim.Table(") {
		found = append(found, Finding{last, "the last code cell does not call claim.Table"})
	}
	if _, err := nb.Claims(); err != nil {
		f := err.(*Failure)
		found = append(found, Finding{fmt.Sprintf("cell %d", f.Cell), f.Reason})
	}
	return found
}
