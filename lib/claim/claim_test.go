package claim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func Example() {
	Near("σ² of 1,000 normals", 1.0137, 1, 0.05)
	Below("Fisher divergence after training", 0.0161, 0.04)
	Equal("digits in the test set", 360, 360)
	True("two backends draw the same words", true)
	fmt.Println("last:", Rows()[3].Name)
	Table()
	// Output:
	// ✓ held: σ² of 1,000 normals: measured 1.014, exact 1.000 ± 0.050
	// ✓ held: Fisher divergence after training: measured 0.0161, claimed < 0.0400
	// ✓ held: digits in the test set: measured 360, exact 360
	// ✓ held: two backends draw the same words
	// last: two backends draw the same words
	// 4 of 4 claims held
	// claim                             measured     exact  tolerance  verdict
	// ────────────────────────────────  ────────  ────────  ─────────  ───────
	// σ² of 1,000 normals                  1.014     1.000      0.050  ✓ held
	// Fisher divergence after training    0.0161  < 0.0400          –  ✓ held
	// digits in the test set                 360       360          0  ✓ held
	// two backends draw the same words      true      true          –  ✓ held
}

func ExampleExercise() {
	Exercise("the score of q at (3, 0)", math.NaN(), -0.800217, 1e-4, "use v = 1 + σ²")
	Exercise("the score of q at (3, 0)", -1, -0.800217, 1e-4, "use v = 1 + σ²")
	Exercise("the score of q at (3, 0)", -0.8002, -0.800217, 1e-4, "use v = 1 + σ²")
	// Output:
	// ○ to do: the score of q at (3, 0). Hint: use v = 1 + σ²
	// ✗ not yet: the score of q at (3, 0). Hint: use v = 1 + σ²
	// ✓ right: the score of q at (3, 0)
}

func ExampleLedger() {
	ledger := New(os.Stdout)
	if _, err := ledger.Near("loss", 6.9, 6.682, 0.03); err != nil {
		fmt.Println(err)
	}
	fmt.Println(ledger.Err())
	// Output:
	// {"name":"loss","relation":"near","measured":6.9,"exact":6.682,"tolerance":0.03,"held":false}
	// claim: 1 of 1 claims missed:
	//   ✗ missed: loss: measured 6.900, exact 6.682 ± 0.030
}

// Each case has a twin on the other side of its bound, so that a reversed
// inequality, a missing absolute value or a lenient NaN fails here.
func TestVerdicts(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	cases := []struct {
		relation                   string
		measured, exact, tolerance float64
		want                       bool
	}{
		{near, 1.25, 1, 0.25, true},
		{near, 0.75, 1, 0.25, true},
		{near, math.Nextafter(1.25, 2), 1, 0.25, false},
		{near, math.Nextafter(0.75, 0), 1, 0.25, false},
		{near, 1.5, 1, 0.25, false}, // off by one tolerance more
		{near, -1, 1, 0.25, false},
		{near, nan, 1, 0.25, false},
		{near, inf, 1, 0.25, false},
		{near, -inf, 1, math.MaxFloat64, false},
		{below, 0.5, 1, 0, true},
		{below, 1, 1, 0, false},
		{below, 1.5, 1, 0, false},
		{below, -inf, 1, 0, false}, // a diverged run is below every bound
		{below, nan, 1, 0, false},
		{above, 1.5, 1, 0, true},
		{above, 1, 1, 0, false},
		{above, 0.5, 1, 0, false},
		{above, inf, 1, 0, false},
		{above, nan, 1, 0, false},
		{equal, 0.1 + 0.2, 0.3, 0, true}, // constants are exact
		{equal, math.Nextafter(0.3, 1), 0.3, 0, false},
		{equal, nan, 0.3, 0, false},
		{yes, 1, 1, 0, true},
		{yes, 0, 1, 0, false},
	}
	for _, c := range cases {
		row, err := New(nil).add(Row{Name: "x", Relation: c.relation,
			Measured: Number(c.measured), Exact: Number(c.exact), Tolerance: Number(c.tolerance)})
		if err != nil {
			t.Fatal(err)
		}
		if row.Held != c.want {
			t.Errorf("%s: measured %v, exact %v, tolerance %v: held = %v, want %v",
				c.relation, c.measured, c.exact, c.tolerance, row.Held, c.want)
		}
	}
}

func TestNoClaimIsRefused(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for what, call := range map[string]func(*Ledger) (Row, error){
		"no name":            func(l *Ledger) (Row, error) { return l.True(" ", true) },
		"no tolerance":       func(l *Ledger) (Row, error) { return l.Near("x", 1, 1, 0) },
		"negative tolerance": func(l *Ledger) (Row, error) { return l.Near("x", 1, 1, -1) },
		"NaN tolerance":      func(l *Ledger) (Row, error) { return l.Near("x", 1, 1, nan) },
		"infinite tolerance": func(l *Ledger) (Row, error) { return l.Near("x", 1, 1, inf) },
		"NaN exact":          func(l *Ledger) (Row, error) { return l.Equal("x", 1, nan) },
		"infinite bound":     func(l *Ledger) (Row, error) { return l.Below("x", 1, inf) },
	} {
		l := New(nil)
		if _, err := call(l); err == nil || !strings.HasPrefix(err.Error(), "claim: ") {
			t.Errorf("%s: error %v, want a refusal that begins with the package's name", what, err)
		}
		if len(l.Rows()) != 0 {
			t.Errorf("%s: was recorded all the same", what)
		}
	}
}

func TestErrNamesWhatWasMissed(t *testing.T) {
	l := New(nil)
	if l.Err() == nil {
		t.Error("a ledger without claims must not pass")
	}
	l.Near("good", 1, 1, 0.1)
	if err := l.Err(); err != nil {
		t.Errorf("all held: %v", err)
	}
	l.Near("bad one", 2, 1, 0.1)
	l.Below("bad two", 2, 1)
	err := l.Err()
	if err == nil || !strings.Contains(err.Error(), "2 of 3") || strings.Contains(err.Error(), "good") ||
		!strings.Contains(err.Error(), "bad one") || !strings.Contains(err.Error(), "bad two") {
		t.Errorf("Err = %v; want the two missed claims and no other", err)
	}
	l.Near("bad one", 1, 1, 0.1) // the cell was corrected and run again
	l.Below("bad two", 0, 1)
	if err := l.Err(); err != nil || len(l.Rows()) != 3 {
		t.Errorf("after correction: %v, %d rows; want nil and 3", err, len(l.Rows()))
	}
	if got := l.Rows()[1].Name; got != "bad one" {
		t.Errorf("row 2 is %q; a replaced claim keeps its place", got)
	}
}

// The numbers shown must give the verdict shown, whatever the scale.
func TestShownNumbersAgreeWithTheVerdict(t *testing.T) {
	for _, c := range []struct {
		row  Row
		want string
	}{
		{Row{Relation: near, Measured: 6.6791, Exact: 6.682114, Tolerance: 0.03}, "6.679 6.682 0.030"},
		{Row{Relation: near, Measured: 0.0399431, Exact: 0.039943, Tolerance: 1e-5}, "0.039943 0.039943 0.000010"},
		{Row{Relation: near, Measured: 1.2504, Exact: 1, Tolerance: 0.25}, "1.2504 1.0000 0.2500"},
		{Row{Relation: near, Measured: 19998.3, Exact: 19998.274599, Tolerance: 20}, "19998 19998 20"},
		{Row{Relation: below, Measured: 0.42796, Exact: 0.428}, "0.42796 < 0.42800 –"},
		{Row{Relation: above, Measured: -12.3, Exact: -50}, "−12.3 > −50.0 –"},
		{Row{Relation: above, Measured: 3, Exact: 0}, "3.00 > 0.00 –"},
		{Row{Relation: near, Measured: Number(math.NaN()), Exact: 1, Tolerance: 0.1}, "NaN 1.00 0.10"},
		{Row{Relation: near, Measured: 1e-20, Exact: 2e-20, Tolerance: 1e-20}, "1e−20 2e−20 1e−20"},
		{Row{Relation: yes, Measured: 0, Exact: 1}, "false true –"},
	} {
		c.row.Held = c.row.holds()
		m, e, tol := c.row.cells()
		if got := m + " " + e + " " + tol; got != c.want {
			t.Errorf("%+v is shown as %q, want %q", c.row, got, c.want)
		}
	}
}

func TestOpenKeepsWhatEarlierCellsClaimed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "claims.jsonl")
	open := func() *Ledger {
		t.Helper()
		l, err := Open(file)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	a := open()
	a.Near("one", 1, 1, 0.1)
	a.Near("two", math.Inf(1), 1, 0.1)

	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"name":"torn","relation":"near","mea`) // killed while writing
	f.Close()

	b := open()
	b.Near("three", 1, 1, 0.1)
	b.Near("one", 5, 1, 0.1)
	rows := open().Rows()
	got, _ := json.Marshal(rows)
	want := `[{"name":"one","relation":"near","measured":5,"exact":1,"tolerance":0.1,"held":false},` +
		`{"name":"two","relation":"near","measured":"+Inf","exact":1,"tolerance":0.1,"held":false},` +
		`{"name":"three","relation":"near","measured":1,"exact":1,"tolerance":0.1,"held":true}]`
	if string(got) != want {
		t.Errorf("rows of the third cell:\n%s\nwant:\n%s", got, want)
	}
}

func TestTruncationAnywhereLosesAtMostTheLastRow(t *testing.T) {
	var whole bytes.Buffer
	l := New(&whole)
	l.Near("one", 1, 1, 0.1)
	l.Near("two", 2, 1, 0.1)
	first := bytes.IndexByte(whole.Bytes(), '\n')
	for end := range whole.Len() {
		file := filepath.Join(t.TempDir(), "claims.jsonl")
		if err := os.WriteFile(file, whole.Bytes()[:end], 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := Open(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(l.Rows()); end >= first && n < 1 || n > 2 {
			t.Fatalf("cut at %d of %d: %d rows", end, whole.Len(), n)
		}
	}
}

func TestAVerdictInTheFileIsNotBelieved(t *testing.T) {
	file := filepath.Join(t.TempDir(), "claims.jsonl")
	os.WriteFile(file, []byte(`{"name":"x","relation":"near","measured":9,"exact":1,"tolerance":0.1,"held":true}`+"\n"), 0o600)
	l, err := Open(file)
	if err != nil || l.Err() == nil {
		t.Errorf("a miss marked as held passed (%v)", err)
	}
}

func TestClaimsFromManyGoroutines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "claims.jsonl")
	l, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() { l.Equal(fmt.Sprintf("claim %d", i%32), float64(i), float64(i)) })
	}
	wg.Wait()
	again, err := Open(file)
	if err != nil || len(l.Rows()) != 32 || len(again.Rows()) != 32 {
		t.Errorf("%d rows in memory, %d in the file (%v); want 32 of each", len(l.Rows()), len(again.Rows()), err)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestAClaimThatCannotBeWrittenIsAnError(t *testing.T) {
	if _, err := New(brokenWriter{}).True("x", true); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("error %v, want the writer's", err)
	}
}

// A cell is a process; these are cells of one session.
func TestCellsOfASession(t *testing.T) {
	if cell := os.Getenv("CLAIM_TEST_CELL"); cell != "" {
		runCell(cell)
		os.Exit(0)
	}
	cases := []struct {
		name   string
		cells  []string
		fails  bool
		stdout string
		stderr string
	}{
		{name: "all held", cells: []string{"hold", "table"}, stdout: "1 of 1 claims held"},
		{name: "a miss", cells: []string{"hold", "miss", "table"}, fails: true, stdout: "1 of 2 claims held", stderr: "the missed one"},
		{name: "a miss measured again", cells: []string{"miss", "repair", "table"}, stdout: "1 of 1 claims held"},
		{name: "nothing claimed", cells: []string{"table"}, fails: true, stderr: "nothing was claimed"},
	}
	for _, c := range cases {
		dir := t.TempDir()
		var stdout, stderr bytes.Buffer
		for i, cell := range c.cells {
			stdout.Reset()
			stderr.Reset()
			cmd := exec.Command(os.Args[0], "-test.run=^TestCellsOfASession$")
			cmd.Env = append(os.Environ(), "CLAIM_TEST_CELL="+cell, "GONB_TMP_DIR="+dir)
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			if last := i == len(c.cells)-1; (err != nil) != (last && c.fails) {
				t.Errorf("%s: cell %q ended with %v: %s", c.name, cell, err, &stderr)
			}
		}
		if !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) || c.stderr == "" && stderr.Len() > 0 {
			t.Errorf("%s: stdout %q, stderr %q", c.name, &stdout, &stderr)
		}
		if strings.Contains(stderr.String(), "goroutine") {
			t.Errorf("%s: a miss must be told in words, not as a stack: %s", c.name, &stderr)
		}
	}
}

func runCell(cell string) {
	switch cell {
	case "hold":
		Near("the one that holds", 1, 1, 0.1)
	case "miss":
		Near("the missed one", 2, 1, 0.1)
	case "repair":
		Near("the missed one", 1, 1, 0.1)
	case "table":
		Table()
	}
}

func TestTableCarriesItsRowsForPrograms(t *testing.T) {
	l := New(nil)
	b := l.bundle()
	if text, _ := json.Marshal(b.Data[MIME]); string(text) != "[]" {
		t.Errorf("no claims are stored as %s, want an empty list", text)
	}
	l.Near("a < b & c", 1, 1, 0.1)
	b = l.bundle()
	for _, want := range []string{"<caption>1 of 1 claims held</caption>", `scope="row"`, "a &lt; b &amp; c", "✓ held"} {
		if !strings.Contains(b.HTML, want) {
			t.Errorf("the table lacks %q:\n%s", want, b.HTML)
		}
	}
}

// A table of claims that were measured at other parameters says so.
func TestTableNamesParameters(t *testing.T) {
	t.Setenv("GIBBS_PARAM_SEED", "7")
	l := New(nil)
	if _, err := l.Equal("one", 1, 1); err != nil {
		t.Fatal(err)
	}
	if text := l.bundle().Text; !strings.Contains(text, "1 of 1 claims held, with seed=7") {
		t.Errorf("the caption lacks the parameter:\n%s", text)
	}
}
