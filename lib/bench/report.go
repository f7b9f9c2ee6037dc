package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what a call of the command found.
type Report struct {
	Date    string   `json:"date"`
	Machine string   `json:"machine"`
	Results []Result `json:"results"`
}

// Result is what came of a job. The first series of each case is the one that the
// others are divided by.
type Result struct {
	Job     string   `json:"job"`
	What    string   `json:"what"`
	Aim     string   `json:"aim,omitempty"`
	Series  []Series `json:"series"`
	Rows    []Row    `json:"rows"` // what the series come to
	Failure string   `json:"failure,omitempty"`
}

// Row is a series in short.
type Row struct {
	Case    string  `json:"case,omitempty"`
	Side    string  `json:"side"`
	Threads int     `json:"threads"`
	Seconds Spread  `json:"seconds"`
	First   float64 `json:"first_seconds"`
	Ratio   *Spread `json:"ratio,omitempty"` // to the first side, pair by pair; nil for that side
}

func newReport() *Report {
	return &Report{
		Date:    time.Now().Format(time.DateOnly),
		Machine: fmt.Sprintf("%s/%s, %s, %d cores", runtime.GOOS, runtime.GOARCH, processor(), runtime.NumCPU()),
	}
}

// processor names the processor, where the system says.
func processor() string {
	raw, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(raw)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// rows sums up the series of a job.
func rows(series []Series) []Row {
	var all []Row
	var first Series
	for i, s := range series {
		row := Row{Case: s.Case, Side: s.Side, Threads: s.Threads, Seconds: s.spread(), First: s.First}
		switch {
		case i == 0 || s.Case != first.Case:
			first = s
		case s.Spread != nil:
			ratio := row.Seconds.Median / first.spread().Median
			row.Ratio = &Spread{ratio, ratio, ratio}
		default:
			ratio := spreadOf(ratios(s.Seconds, first.Seconds))
			row.Ratio = &ratio
		}
		all = append(all, row)
	}
	return all
}

func (s Series) spread() Spread {
	if s.Spread != nil {
		return *s.Spread
	}
	return spreadOf(s.Seconds)
}

// result sums up what measuring a job gave.
func (j Job) result(series []Series, err error) Result {
	r := Result{Job: j.Name, What: j.What, Aim: j.Aim, Series: series, Rows: rows(series)}
	if err != nil {
		r.Failure = err.Error()
	}
	return r
}

// print writes a job's table.
func (r Result) print(out io.Writer) {
	fmt.Fprintf(out, "\n%s: %s\n", r.Job, r.What)
	if r.Aim != "" {
		fmt.Fprintf(out, "aim: %s\n", r.Aim)
	}
	if len(r.Rows) > 0 {
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "  case\tside\tcores\tmedian\trange\tratio\trange\tfirst call")
		for _, row := range r.Rows {
			fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s to %s\t", row.Case, row.Side, some(row.Threads),
				duration(row.Seconds.Median), duration(row.Seconds.Least), duration(row.Seconds.Most))
			if row.Ratio == nil {
				fmt.Fprintf(table, "1\t\t")
			} else {
				fmt.Fprintf(table, "%.2f\t%.2f to %.2f\t", row.Ratio.Median, row.Ratio.Least, row.Ratio.Most)
			}
			if row.First > 0 {
				fmt.Fprint(table, duration(row.First))
			}
			fmt.Fprintln(table)
		}
		table.Flush()
		if v := versions(r.Series); v != "" {
			fmt.Fprintf(out, "  %s\n", v)
		}
	}
	if r.Failure != "" {
		fmt.Fprintf(out, "  FAILED: %s\n", r.Failure)
	}
}

// some writes a count; none is not known.
func some(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// duration writes seconds with three digits.
func duration(seconds float64) string {
	if seconds < 1 {
		return fmt.Sprintf("%.3g ms", 1000*seconds)
	}
	return fmt.Sprintf("%.3g s", seconds)
}

// versions names what took part, each thing once.
func versions(series []Series) string {
	all := map[string]string{}
	for _, s := range series {
		maps.Copy(all, s.Versions)
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		words = append(words, name+" "+all[name])
	}
	return strings.Join(words, ", ")
}

// write writes the report as JSON; no path is no file.
func (r *Report) write(path string) error {
	if path == "" {
		return nil
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = os.WriteFile(path, append(raw, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}

// failure names the jobs that failed.
func (r *Report) failure() error {
	var failed []string
	for _, result := range r.Results {
		if result.Failure != "" {
			failed = append(failed, result.Job)
		}
	}
	switch {
	case len(r.Results) == 0:
		return errors.New("bench: no job matches -job")
	case failed != nil:
		return fmt.Errorf("bench: %s failed, see above", strings.Join(failed, ", "))
	}
	return nil
}
