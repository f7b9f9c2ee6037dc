package notebook

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Kernel and DisplayName are what a notebook's metadata names.
const (
	Kernel      = "gibbs"
	DisplayName = "Go · Gibbs"
)

// SetLanguage writes the notebook's kernel and language into its metadata: the
// kernel that every machine has, and Go for highlighters, which GoNB leaves out.
func (nb *Notebook) SetLanguage() {
	if nb.Metadata == nil {
		nb.Metadata = map[string]any{}
	}
	nb.Metadata["kernelspec"] = map[string]any{
		"display_name": DisplayName, "language": "go", "name": Kernel,
	}
	nb.Metadata["language_info"] = map[string]any{
		"file_extension": ".go", "mimetype": "text/x-go", "name": "go", "pygments_lexer": "go",
	}
}

// Normalise removes from the notebook what differs between two runs that give
// the same results, or between two machines:
//
//   - execution counts become 1, 2, … in the order of the code cells that ran
//   - times of execution leave the metadata, and the durations of `go test` the text
//   - chunks of one stream that follow each other become one, with the carriage
//     returns of progress lines applied
//   - the keys of paths become their values, temporary folders of kernels "tmp"
//   - random identifiers of GoNB become gonb_id_1, gonb_id_2, …
//   - kernel and language become those of SetLanguage
//   - cells without an identifier get one
//
// A second call changes nothing.
func (nb *Notebook) Normalise(paths map[string]string) {
	nb.SetLanguage()
	delete(nb.Metadata, "widgets")
	clean := cleaner(paths)
	count := 0
	for i := range nb.Cells {
		cell := &nb.Cells[i]
		delete(cell.Metadata, "execution")
		delete(cell.Metadata, "ExecuteTime")
		delete(cell.Metadata, "trusted")
		if cell.ID == "" {
			cell.ID = fmt.Sprintf("cell-%d", i+1)
		}
		if cell.Count > 0 {
			count++
			cell.Count = count
		}
		cell.Outputs = mergeStreams(cell.Outputs)
		for j := range cell.Outputs {
			cell.Outputs[j].clean(clean)
			if cell.Outputs[j].Kind == Result {
				cell.Outputs[j].rest["execution_count"] = cell.Count
			}
		}
	}
	nb.Minor = max(nb.Minor, 5) // the first with identifiers of cells
}

// mergeStreams joins neighbours of the same stream and drops empty chunks.
func mergeStreams(outputs []Output) []Output {
	var merged []Output
	for _, output := range outputs {
		last := len(merged) - 1
		switch {
		case output.Kind == Stream && output.Text == "":
		case output.Kind == Stream && last >= 0 && merged[last].Kind == Stream && merged[last].Name == output.Name:
			merged[last].Text += output.Text
		default:
			merged = append(merged, output)
		}
	}
	for i := range merged {
		merged[i].Text = overwritten.ReplaceAllString(strings.ReplaceAll(merged[i].Text, "\r\n", "\n"), "$1")
	}
	return merged
}

// overwritten is a line with what carriage returns moved back over, and the
// blanks that wiped out the rest of it.
var overwritten = regexp.MustCompile(`(?m)^[^\n]*\r([^\n]*?) *$`)

func (o *Output) clean(clean func(string) string) {
	o.Text = clean(o.Text)
	o.EValue = clean(o.EValue)
	for i, line := range o.Traceback {
		o.Traceback[i] = clean(line)
	}
	for mime, value := range o.Data {
		if text, ok := value.(string); ok && !strings.HasPrefix(mime, "image/") || mime == "image/svg+xml" {
			o.Data[mime] = clean(text)
		}
	}
}

var (
	temporary = regexp.MustCompile(`[^\s"'<>=(]*/(?:gonb_[0-9a-f]{8}|gibbs-kernel-\d+)`)
	randomID  = regexp.MustCompile(`gonb_id_[0-9a-f]{8}\b`)
	// testTime is how `go test` states durations, as in "--- PASS: TestX (0.03s)"
	// and "ok  	gibbs/lib/rng	1.234s".
	testTime = regexp.MustCompile(`(?m)(^\s*--- [A-Z]+: .* \()\d+\.\d+(s\)$)|(^ok\s.*\t)\d+\.\d+(s$)`)
)

// cleaner returns the function that makes a text of an output free of its
// machine. It numbers the random identifiers of all texts together.
func cleaner(paths map[string]string) func(string) string {
	machine := machinePaths(paths)
	ids := map[string]string{}
	return func(text string) string {
		text = temporary.ReplaceAllString(text, "tmp")
		for _, p := range machine {
			text = p.pattern.ReplaceAllString(text, "${1}"+p.name+"${2}")
		}
		text = testTime.ReplaceAllString(text, "${1}${3}0.00${2}${4}")
		return randomID.ReplaceAllStringFunc(text, func(id string) string {
			if ids[id] == "" {
				ids[id] = fmt.Sprintf("gonb_id_%d", len(ids)+1)
			}
			return ids[id]
		})
	}
}

type machinePath struct {
	pattern *regexp.Regexp
	name    string
}

// machinePaths returns patterns for whole paths, the longest first, so that a
// folder inside another one gets its own name.
func machinePaths(paths map[string]string) []machinePath {
	keys := make([]string, 0, len(paths))
	for path := range paths {
		if len(path) > 1 {
			keys = append(keys, path)
		}
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var out []machinePath
	for _, path := range keys {
		pattern := regexp.MustCompile(`(^|[^\w.~-])` + regexp.QuoteMeta(path) + `($|[^\w.-])`)
		out = append(out, machinePath{pattern, strings.ReplaceAll(paths[path], "$", "$$")})
	}
	return out
}
