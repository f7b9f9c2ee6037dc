package notebook

import (
	"testing"

	"gibbs/lib/claim"
)

func failed(value string, traceback ...string) Output {
	return Output{Kind: Failed, EName: "ERROR", EValue: value, Traceback: traceback}
}

// The outputs are those of GoNB 0.11.4 and of our launcher.
func TestFailure(t *testing.T) {
	for _, test := range []struct {
		name  string
		cells []Cell
		want  string
	}{
		{"nothing wrong", []Cell{code("%%", 1, stdout("exit status 1\n"), stderr("warning\n"))}, ""},
		{
			"compiler", []Cell{code("%%\nx := 1\nfoo(2)", 1, failed("# gonb_1\n./main.go:11:1: undefined: foo\n",
				"# gonb_1", "Cell[1]: Line 3\nfunc main() {\nfoo(2)\n^\n\n}\n\n\x1b[31mundefined: foo\x1b[0m", ""))},
			"cell 1 (x := 1), line 3: undefined: foo",
		},
		{
			"compiler, as HTML", []Cell{code("%%\nfoo(2)", 1, display("text/html",
				`<span class="gonb-err-hover-area"><span class="gonb-cell-line-info">Cell[1]: Line 2</span> <span class="gonb-err-location">/tmp/main.go:11:1: </span></span>undefined: &lt;foo<div>`), failed("exit status 1", "exit status 1"))},
			"cell 1 (foo(2)), line 2: undefined: <foo",
		},
		{
			"panic in an earlier cell's function", []Cell{code("func f(a []int) {", 1), code("%%\nfmt.Println()\nf(nil)", 2, stdout("before\n"),
				stderr("panic: index out of range\n\ngoroutine 1 [running]:\nmain.f(...)\n\t \x1b[7m[[ Cell [1] Line 2 ]]\x1b[0m main.go:9\nmain.main()\n\t \x1b[7m[[ Cell [2] Line 3 ]]\x1b[0m main.go:16\n"),
				stderr("exit status 2\n"), failed("exit status 2"))},
			"cell 2 (fmt.Println()), line 3: panic: index out of range (in cell 1, line 2)",
		},
		{"panic without a place", []Cell{code("%%", 1, stderr("panic: out\n\ngoroutine 1\n"), failed("exit status 2"))}, "cell 1 (%%): panic: out"},
		{"exit", []Cell{code("%%\nos.Exit(3)", 1, stderr("exit status 3\n"), failed("exit status 3"))}, "cell 1 (os.Exit(3)): exit status 3"},
		{"exit with a word", []Cell{code("%%", 1, stderr("claim: 1 missed\nexit status 1\n"), failed("exit status 1"))}, "cell 1 (%%): claim: 1 missed (exit status 1)"},
		{"shell, reported by the launcher", []Cell{code("\n!false", 1, stderr("exit status 1\n"), failed("line 2: !false: exit status 1"))}, "cell 1 (!false), line 2: !false: exit status 1"},
		{"shell, called a success", []Cell{code("!kill -9 $$", 1, stderr("signal: killed\n"))}, "cell 1 (!kill -9 $$): signal: killed"},
		{"test", []Cell{code("func TestSum(t *testing.T) {", 1, stdout("=== RUN   TestSum\n    main_test.go:10: not 3\n--- FAIL: TestSum (0.00s)\nFAIL\n"), stderr("exit status 1\n"), failed("exit status 1"))}, "cell 1 (func TestSum(t *testing.T) {): TestSum failed: not 3"},
		{"the first of two", []Cell{code("a", 1, failed("one")), code("b", 2, failed("two"))}, "cell 1 (a): one"},
	} {
		got := ""
		if f := (&Notebook{Cells: test.cells}).Failure(); f != nil {
			got = f.Error()
		}
		if got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
	}
}

func TestAt(t *testing.T) {
	nb := &Notebook{Cells: []Cell{{Kind: Markdown}, code("\nfor {", 0)}}
	if got := nb.At(1, "slow").Error(); got != "cell 1 (for {): slow" {
		t.Errorf("At(1) = %q", got)
	}
	if got := nb.At(0, "no kernel").Error(); got != "no kernel" {
		t.Errorf("At(0) = %q", got)
	}
}

func TestClaimsTypeIsTheLibrarys(t *testing.T) {
	if ClaimsType != claim.MIME {
		t.Errorf("ClaimsType = %q, but lessons write %q", ClaimsType, claim.MIME)
	}
}

func TestClaims(t *testing.T) {
	row := func(held bool) map[string]any {
		return map[string]any{"name": "mean", "measured": "NaN", "exact": 1, "tolerance": 0.5, "relation": "≈", "held": held}
	}
	table := func(rows ...any) Output { return display(ClaimsType, rows) }
	for _, test := range []struct {
		name        string
		cells       []Cell
		held, total int
		want        string
	}{
		{"held", []Cell{code("a", 1, table(row(true))), code("b", 2, table(row(true), row(true)))}, 3, 3, ""},
		{"as text", []Cell{code("a", 1, display(ClaimsType, `[{"name":"x","held":true}]`))}, 1, 1, ""},
		{"missed", []Cell{code("a", 1, table(row(true), row(false))), code("b", 2, table(row(true)))}, 2, 3, "cell 1: a claim was missed: mean: measured NaN, exact 1, tolerance 0.5"},
		{"not in the last cell", []Cell{code("a", 1, table(row(true))), code("b", 2)}, 1, 1, "cell 2: the last code cell shows no truth table (claim.Table)"},
		{"empty", []Cell{code("a", 1, table())}, 0, 0, "cell 1: the last code cell shows no truth table (claim.Table)"},
		{"unreadable", []Cell{code("a", 1, display(ClaimsType, "{"))}, 0, 0, "cell 1: notebook: claims record: unexpected end of JSON input"},
		{"no code", nil, 0, 0, "the notebook has no code"},
	} {
		claims, err := (&Notebook{Cells: test.cells}).Claims()
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != test.want || Held(claims) != test.held || len(claims) != test.total {
			t.Errorf("%s: %d of %d, %q; want %d of %d, %q", test.name, Held(claims), len(claims), got, test.held, test.total, test.want)
		}
	}
}
