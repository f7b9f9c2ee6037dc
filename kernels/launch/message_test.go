package launch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
)

var testKey = []byte("a key")

// sampleMessage is a whole message with two identities and one buffer.
func sampleMessage() *message {
	return &message{
		identities: [][]byte{[]byte("client"), {0, 1}},
		header:     []byte(`{"msg_id":"7","msg_type":"execute_request","session":"s"}`),
		parent:     []byte(`{}`), metadata: []byte(`{"m":1}`), content: []byte(`{"code":"x"}`),
		buffers: [][]byte{[]byte("raw")},
	}
}

func TestMessageSurvivesTheWire(t *testing.T) {
	for _, key := range [][]byte{testKey, nil} {
		m, err := parseMessage(sampleMessage().frames(key), key, true)
		if err != nil {
			t.Fatalf("key %q: %v", key, err)
		}
		if m.id != "7" || m.kind != "execute_request" || m.parentID != "" {
			t.Errorf("key %q: decoded id %q, kind %q, parent %q", key, m.id, m.kind, m.parentID)
		}
		if got, want := m.frames(key), sampleMessage().frames(key); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("key %q: the frames changed on the way: %q, want %q", key, got, want)
		}
	}
}

// One flipped bit anywhere in the signature or in a signed part is an attack.
func TestEverySignedByteIsGuarded(t *testing.T) {
	frames := sampleMessage().frames(testKey)
	for i := 3; i <= 7; i++ { // behind two identities and the delimiter
		for j := range frames[i] {
			frames[i][j] ^= 1
			if _, err := parseMessage(frames, testKey, true); err == nil {
				t.Errorf("frame %d with byte %d changed passed", i, j)
			}
			frames[i][j] ^= 1
		}
	}
	if _, err := parseMessage(frames, testKey, true); err != nil {
		t.Fatalf("the unchanged message: %v", err)
	}
	if _, err := parseMessage(sampleMessage().frames([]byte("b key")), testKey, true); err == nil {
		t.Error("a message signed with another key passed")
	}
	if _, err := parseMessage(sampleMessage().frames(nil), testKey, true); err == nil {
		t.Error("an unsigned message passed")
	}
}

func TestMalformedMessagesAreErrors(t *testing.T) {
	whole := sampleMessage().frames(nil)
	for n := range len(whole) - 1 { // the last frame, a buffer, may be missing
		if _, err := parseMessage(whole[:n], nil, true); err == nil {
			t.Errorf("a message of %d frames passed", n)
		}
	}
	undelimited := append([][]byte{}, whole...)
	undelimited[2] = []byte("<IDS|MSG")
	if _, err := parseMessage(undelimited, nil, true); err == nil {
		t.Error("a message without delimiter passed")
	}
	for part := 4; part <= 7; part++ { // header, parent, metadata, content
		for _, bad := range []string{"", "{", `"`, "{}{}", "\xff"} {
			frames := append([][]byte{}, whole...)
			frames[part] = []byte(bad)
			if _, err := parseMessage(frames, nil, true); err == nil {
				t.Errorf("frame %d = %q passed", part, bad)
			}
		}
	}
}

func TestSetKeepsOtherFields(t *testing.T) {
	m := sampleMessage()
	m.content = []byte(`{"a":1,"b":"two"}`)
	if err := m.set(map[string]any{"b": 3}); err != nil {
		t.Fatal(err)
	}
	if got := string(m.content); got != `{"a":1,"b":3}` {
		t.Errorf("content = %s", got)
	}
	m.content = []byte("[]")
	if err := m.set(map[string]any{"b": 3}); err == nil {
		t.Error("a content that is no object was changed")
	}
}

func TestReplyAnswersItsRequest(t *testing.T) {
	request, err := parseMessage(sampleMessage().frames(testKey), testKey, true)
	if err != nil {
		t.Fatal(err)
	}
	reply := request.reply("execute_reply", request.identities, map[string]any{"status": "ok"})
	got, err := parseMessage(reply.frames(testKey), testKey, true)
	if err != nil {
		t.Fatal(err)
	}
	if got.parentID != request.id || got.kind != "execute_reply" || !bytes.Equal(got.identities[0], request.identities[0]) {
		t.Errorf("reply of kind %q to %q with identities %q", got.kind, got.parentID, got.identities)
	}
	var header struct {
		Session string `json:"session"`
	}
	if err := json.Unmarshal(got.header, &header); err != nil || header.Session != "s" {
		t.Errorf("session %q, %v; want the request's", header.Session, err)
	}
	if topic := request.publish("stream", nil).identities; len(topic) != 1 || string(topic[0]) != "kernel.stream" {
		t.Errorf("published under %q", topic)
	}
}

// FuzzParseMessage splits its input into frames at each newline. Whatever comes,
// parsing returns, and what it takes from outside is signed, whole, and the same
// after another turn over the wire.
func FuzzParseMessage(f *testing.F) {
	for _, key := range [][]byte{nil, testKey} {
		f.Add(bytes.Join(sampleMessage().frames(key), []byte("\n")), key != nil)
	}
	f.Add([]byte("<IDS|MSG>\n\n{}\n{}\n{}\n{}"), false)
	f.Add([]byte("\n<IDS|MSG>\n<IDS|MSG>\n\n\n\n\n"), true)
	f.Fuzz(func(t *testing.T, input []byte, signed bool) {
		var key []byte
		if signed {
			key = testKey
		}
		frames := bytes.Split(input, []byte("\n"))
		m, err := parseMessage(frames, key, true)
		if err != nil {
			return
		}
		again, err := parseMessage(m.frames(key), key, true)
		if err != nil {
			t.Fatalf("taken once, refused the second time: %v", err)
		}
		if again.id != m.id || again.kind != m.kind || again.parentID != m.parentID || !bytes.Equal(again.content, m.content) {
			t.Fatalf("changed on the way: %+v, then %+v", m, again)
		}
		if e := newExecution(m); len(e.shell) > len(e.code) {
			t.Fatalf("%d shell lines among %d", len(e.shell), len(e.code))
		}
	})
}
