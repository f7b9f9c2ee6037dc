package launch

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestShellLines(t *testing.T) {
	for code, want := range map[string][]int{
		"":                                   nil,
		"%%\nfmt.Println(!true)":             nil,
		"!ls":                                {1},
		"  !ls\nx := 1\n\t!*go version":      {1, 3},
		"//gonb:!ls\n//gonb: !pwd":           {1, 2},
		"// !ls":                             nil,
		"%%bash\n!ls\nfalse":                 {1},
		"%%sh -e\nfalse":                     {1},
		"%%script python3\nraise SystemExit": {1},
		"%%writefile x\n!ls":                 {2}, // GoNB writes it and runs nothing: no failure can follow
		"%%bashful\n":                        nil,
		"x := 1\n%%bash\nfalse":              nil, // a cell magic stands in the first line only
	} {
		if got := shellLines(strings.Split(code, "\n")); !slices.Equal(got, want) {
			t.Errorf("%q: lines %v, want %v", code, got, want)
		}
	}
}

func TestShellFailureIsGoNBsOwnWord(t *testing.T) {
	for text, want := range map[string]string{
		"exit status 1\n":                  "exit status 1",
		"exit status 255\n":                "exit status 255",
		"^C\nexit status 130\n":            "exit status 130",
		"signal: killed\n":                 "signal: killed",
		"^C\nsignal: interrupt\n":          "signal: interrupt",
		"signal: aborted (core dumped)\n":  "signal: aborted (core dumped)",
		"exit status 1":                    "",
		"say: exit status 1\n":             "",
		"exit status 1\nand more\n":        "",
		"exit status one\n":                "",
		"signal: \n":                       "",
		"signal: killed\nsignal: killed\n": "",
		"make: *** [all] Error 1\n":        "",
	} {
		got := ""
		if match := shellFailure.FindStringSubmatch(text); match != nil {
			got = match[2]
		}
		if got != want {
			t.Errorf("%q: read %q, want %q", text, got, want)
		}
		if len(text) > longestStatus-len(`{"name":"stderr","text":""}`) {
			t.Errorf("%q is longer than what is read in a flood", text)
		}
	}
}

// cellOf is the execution of a cell with that code.
func cellOf(code string) *execution {
	content, _ := json.Marshal(map[string]string{"code": code})
	return newExecution(&message{header: []byte(`{"msg_id":"1"}`), content: content, id: "1"})
}

// printed is a message with text on a stream.
func printed(name, text string) *message {
	content, _ := json.Marshal(map[string]string{"name": name, "text": text})
	return &message{kind: "stream", content: content}
}

func textOf(t *testing.T, m *message) string {
	t.Helper()
	var content struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(m.content, &content); err != nil {
		t.Fatal(err)
	}
	return content.Text
}

// However the text falls into messages, exactly limit bytes pass, or up to three
// fewer where the cut would split a character, and one notice.
func TestStreamIsCutOnceAndExactly(t *testing.T) {
	text := strings.Repeat("aé€𝄞", 200) // characters of 1, 2, 3 and 4 bytes
	for limit := 1000; limit < 1010; limit++ {
		for _, chunk := range []int{1, 7, 10, 333, 1000, len(text)} {
			e := cellOf("x")
			var out strings.Builder
			dropped := 0
			for rest := text; rest != ""; {
				n := min(chunk, len(rest))
				for n < len(rest) && !utf8.RuneStart(rest[n]) {
					n++
				}
				if m := e.stream(printed("stdout", rest[:n]), int64(limit)); m != nil {
					out.WriteString(textOf(t, m))
				} else {
					dropped++
				}
				rest = rest[n:]
			}
			kept, notice, found := strings.Cut(out.String(), "\ngibbs: the output was cut after "+formatBytes(int64(limit)))
			if !found || strings.Contains(notice, "gibbs:") {
				t.Errorf("limit %d, chunks of %d: no notice, or more than one: …%.200q", limit, chunk, notice)
			}
			if !strings.HasPrefix(text, kept) || len(kept) > limit || len(kept) < limit-3 {
				t.Errorf("limit %d, chunks of %d: kept %d bytes, want the first", limit, chunk, len(kept))
			}
			if chunk < 333 && dropped == 0 {
				t.Errorf("limit %d, chunks of %d: nothing was dropped", limit, chunk)
			}
		}
	}
}

func TestStreamAtTheLimitIsWhole(t *testing.T) {
	e := cellOf("x")
	m := e.stream(printed("stdout", strings.Repeat("a", 100)), 100)
	if got := textOf(t, m); len(got) != 100 || e.cut {
		t.Errorf("a text of exactly the limit was cut to %d bytes", len(got))
	}
	if m := e.stream(printed("stdout", ""), 100); m == nil || e.cut {
		t.Error("an empty text after it was cut")
	}
	if m := e.stream(printed("stdout", "b"), 100); m == nil || !strings.HasPrefix(textOf(t, m), "\ngibbs: ") {
		t.Error("the first byte over the limit brought no notice")
	}
}

// A shell's failure is seen behind a flood too, where texts are dropped unread.
func TestShellFailureIsSeenBehindAFlood(t *testing.T) {
	e := cellOf("!yes; false")
	for range 3 {
		e.stream(printed("stdout", strings.Repeat("y\n", 500)), 100)
	}
	if e.stream(printed("stderr", "exit status 1\n"), 100) != nil {
		t.Error("the status was published behind the notice")
	}
	if want := "line 1: !yes; false: exit status 1"; e.failure != want {
		t.Errorf("failure %q, want %q", e.failure, want)
	}
}

func TestShellFailureNeedsAShellAndItsStream(t *testing.T) {
	for _, c := range []struct{ code, stream, want string }{
		{"!false", "stderr", "line 1: !false: exit status 1"},
		{"x := 1\n!true\n!false", "stderr", "a shell command of lines [2 3] failed: exit status 1"},
		{"!false", "stdout", ""},
		{"%%\nprintln(1)", "stderr", ""},
	} {
		e := cellOf(c.code)
		e.stream(printed(c.stream, "exit status 1\n"), 1000)
		if e.failure != c.want {
			t.Errorf("%q, %s: failure %q, want %q", c.code, c.stream, e.failure, c.want)
		}
	}
}

func TestLargeDisplayIsReplaced(t *testing.T) {
	small := &message{kind: "display_data", content: make([]byte, displayLimit)}
	if display(small) != small {
		t.Error("an output of exactly the limit was replaced")
	}
	large := &message{kind: "display_data", parent: []byte(`{"msg_id":"1"}`), parentID: "1", content: make([]byte, displayLimit+1)}
	got := display(large)
	if got.kind != "stream" || !strings.Contains(textOf(t, got), "an output of 16 MiB was dropped") {
		t.Errorf("a larger one became %s %s", got.kind, got.content)
	}
	if got.parentID != "1" || string(got.parent) != string(large.parent) {
		t.Errorf("the notice is about %s, not about the output's cell", got.parent)
	}
}

func TestStopOnError(t *testing.T) {
	for content, want := range map[string]bool{
		`{}`: true, `{"stop_on_error":true}`: true, `{"stop_on_error":false}`: false, `{"stop_on_error":"no"}`: true,
	} {
		e := newExecution(&message{content: []byte(content)})
		if got := e.stopsOthers(); got != want {
			t.Errorf("%s: %v, want %v", content, got, want)
		}
	}
	e := cellOf("x")
	for content, want := range map[string]bool{`{"status":"ok"}`: false, `{"status":"error"}`: true, `{"status":"aborted"}`: true, `{}`: true} {
		if e.reply = (&message{content: []byte(content)}); e.failed() != want {
			t.Errorf("reply %s: failed = %v, want %v", content, e.failed(), want)
		}
	}
}

func TestBytes(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "1000000": 1e6, "2GiB": 2 << 30, "512MiB": 512 << 20, "1.5KiB": 1536, "64 MB": 64e6, "3kB": 3000, "7B": 7, "0.5GB": 5e8,
	} {
		if got, err := parseBytes(text); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "GiB", "2 gigs", "2TiB", "1e40GiB", "NaN", "InfB", "-NaN", "0x10", "0.1"} {
		if got, err := parseBytes(text); err == nil {
			t.Errorf("%q became %d", text, got)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1 KiB", 1 << 20: "1 MiB", 3 << 29: "1.5 GiB", 1<<30 + 1: "1 GiB", 1023 << 20: "1023 MiB", 20123456789: "18.74 GiB"} {
		if got := formatBytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestLimitsNameTheirVariable(t *testing.T) {
	t.Setenv("GIBBS_MEMORY_LIMIT", "3MiB")
	t.Setenv("GIBBS_OUTPUT_LIMIT", "4kB")
	if l, err := limitsFromEnv(); err != nil || l != (limits{memory: 3 << 20, output: 4000}) {
		t.Errorf("limits %+v, %v", l, err)
	}
	for _, name := range []string{"GIBBS_MEMORY_LIMIT", "GIBBS_OUTPUT_LIMIT"} {
		t.Setenv(name, "much")
		if _, err := limitsFromEnv(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=much: error %v", name, err)
		}
		t.Setenv(name, "")
	}
	l, err := limitsFromEnv()
	if err != nil || l.output != defaultOutput || l.memory != machineMemory()/5*4 {
		t.Errorf("without variables: %+v, %v", l, err)
	}
}
