package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSpread(t *testing.T) {
	if got := spreadOf([]float64{5, 1, 3}); got != (Spread{3, 1, 5}) {
		t.Errorf("odd: %v", got)
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("even: %v", got)
	}
	if !math.IsNaN(median(nil)) {
		t.Error("the median of nothing is not NaN")
	}
}

// TestRatiosArePaired: the machine was slow during the second pair, for both. The
// ratio of each pair is 4; that of medians of all runs would be 4 too, but that of
// the extremes 40 and 0.4.
func TestRatiosArePaired(t *testing.T) {
	if d := cmp.Diff([]float64{4, 4, 4}, ratios([]float64{4, 40, 8}, []float64{1, 10, 2})); d != "" {
		t.Error(d)
	}
}

func twoSides() []Series {
	hello := func(library, version string) Hello {
		return Hello{Versions: map[string]string{library: version}, Threads: 2, First: 1.5}
	}
	return []Series{
		{Case: "small", Side: "ours", Hello: hello("go", "go1.26"), Seconds: []float64{0.010, 0.012, 0.011}},
		{Case: "small", Side: "JAX", Hello: hello("jax", "0.10"), Seconds: []float64{0.020, 0.036, 0.022}},
		{Case: "large", Side: "ours", Hello: hello("go", "go1.26"), Seconds: []float64{2}},
		{Case: "large", Side: "JAX", Hello: hello("jax", "0.10"), Seconds: []float64{1}},
	}
}

func TestRows(t *testing.T) {
	got := rows(twoSides())
	want := []Row{
		{Case: "small", Side: "ours", Threads: 2, First: 1.5, Seconds: Spread{0.011, 0.010, 0.012}},
		{Case: "small", Side: "JAX", Threads: 2, First: 1.5, Seconds: Spread{0.022, 0.020, 0.036}, Ratio: &Spread{2, 2, 3}},
		{Case: "large", Side: "ours", Threads: 2, First: 1.5, Seconds: Spread{2, 2, 2}},
		{Case: "large", Side: "JAX", Threads: 2, First: 1.5, Seconds: Spread{1, 1, 1}, Ratio: &Spread{0.5, 0.5, 0.5}},
	}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-12 })
	if d := cmp.Diff(want, got, near); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	job := Job{Name: "langevin", What: "chains", Aim: "5 times JAX"}
	job.result(twoSides(), errors.New("the answers differ")).print(&out)
	want := `
langevin: chains
aim: 5 times JAX
  case   side  cores  median   range             ratio  range         first call
  small  ours  2      11 ms    10 ms to 12 ms    1                    1.5 s
  small  JAX   2      22 ms    20 ms to 36 ms    2.00   2.00 to 3.00  1.5 s
  large  ours  2      2 s      2 s to 2 s        1                    1.5 s
  large  JAX   2      1 s      1 s to 1 s        0.50   0.50 to 0.50  1.5 s
  go go1.26, jax 0.10
  FAILED: the answers differ
`
	if d := cmp.Diff(strings.Fields(want), strings.Fields(out.String())); d != "" {
		t.Errorf("%s\n%s", d, out.String())
	}
}

func TestJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bench.json")
	r := newReport()
	r.Results = append(r.Results, Job{Name: "langevin"}.result(twoSides(), nil))
	if err := r.write(path); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	back := &Report{}
	if err := json.Unmarshal(raw, back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r, back); d != "" || len(back.Results[0].Rows) != 4 {
		t.Errorf("what was written is not what is read:\n%s", d)
	}
	if r.failure() != nil || newReport().failure() == nil {
		t.Error("a report fails if it is empty, and not else")
	}
	r.Results[0].Failure = "x"
	if err := r.failure(); err == nil || !strings.Contains(err.Error(), "langevin") {
		t.Errorf("the job that failed is not named: %v", err)
	}
}

func TestParseDoctor(t *testing.T) {
	said := `✓ go              go1.26
✓ cell latency    0.61 s, the median of 5 changed cells that use XLA (0.58 to 0.70)
✓ stock GoNB      1.85 s (1.80 to 1.99), the same cells in turn: gibbs answers 3.0 times sooner
`
	series, err := parseDoctor(said)
	if err != nil {
		t.Fatal(err)
	}
	got := rows(series)
	if got[0].Seconds != (Spread{0.61, 0.58, 0.70}) || got[1].Seconds != (Spread{1.85, 1.80, 1.99}) || math.Abs(got[1].Ratio.Median-1.85/0.61) > 1e-12 {
		t.Errorf("%+v", got)
	}
	if _, err := parseDoctor("✗ cell latency    a cell could not be run"); err == nil {
		t.Error("a doctor without times: accepted")
	}
}
