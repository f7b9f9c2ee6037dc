package launch

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// delimiter stands between a message's routing identities and its body.
var delimiter = []byte("<IDS|MSG>")

// message is one message of Jupyter's wire protocol, its parts still in JSON.
type message struct {
	identities                        [][]byte
	header, parent, metadata, content []byte
	buffers                           [][]byte

	id, kind, parentID string // decoded from header and parent
}

// headerFields are the fields of a header that the proxy reads.
type headerFields struct {
	ID   string `json:"msg_id"`
	Kind string `json:"msg_type"`
}

// parseMessage reads the frames of a message. Those from outside must carry a
// valid signature and whole JSON; an empty key is Jupyter's way to say that
// messages are not signed.
func parseMessage(frames [][]byte, key []byte, outside bool) (*message, error) {
	i := 0
	for i < len(frames) && !bytes.Equal(frames[i], delimiter) {
		i++
	}
	if len(frames) < i+6 {
		return nil, fmt.Errorf("launch: malformed message of %d frames", len(frames))
	}
	m := &message{
		identities: frames[:i],
		header:     frames[i+2], parent: frames[i+3], metadata: frames[i+4], content: frames[i+5],
		buffers: frames[i+6:],
	}
	if outside && len(key) > 0 && !hmac.Equal(frames[i+1], m.signature(key)) {
		return nil, errors.New("launch: message with a wrong signature")
	}
	var header, parent headerFields
	if err := json.Unmarshal(m.header, &header); err != nil {
		return nil, fmt.Errorf("launch: message header: %w", err)
	}
	if err := json.Unmarshal(m.parent, &parent); err != nil {
		return nil, fmt.Errorf("launch: message parent: %w", err)
	}
	if outside && (!json.Valid(m.metadata) || !json.Valid(m.content)) {
		return nil, errors.New("launch: message body is no JSON")
	}
	m.id, m.kind, m.parentID = header.ID, header.Kind, parent.ID
	return m, nil
}

// signature is the hex HMAC-SHA256 of the message's four parts.
func (m *message) signature(key []byte) []byte {
	if len(key) == 0 {
		return nil
	}
	mac := hmac.New(sha256.New, key)
	for _, part := range [][]byte{m.header, m.parent, m.metadata, m.content} {
		mac.Write(part)
	}
	return []byte(hex.EncodeToString(mac.Sum(nil)))
}

// frames is the message as it goes over the wire, signed.
func (m *message) frames(key []byte) [][]byte {
	out := append([][]byte{}, m.identities...)
	out = append(out, delimiter, m.signature(key), m.header, m.parent, m.metadata, m.content)
	return append(out, m.buffers...)
}

// set replaces fields of the content.
func (m *message) set(fields map[string]any) error {
	content := map[string]any{}
	if err := json.Unmarshal(m.content, &content); err != nil {
		return fmt.Errorf("launch: content of %s: %w", m.kind, err)
	}
	for name, value := range fields {
		content[name] = value
	}
	var err error
	m.content, err = json.Marshal(content)
	return err
}

// reply makes a message that answers a request: with the request's identities
// for a reply, with a topic for what is published.
func (m *message) reply(kind string, identities [][]byte, content map[string]any) *message {
	var session struct {
		Session string `json:"session"`
	}
	_ = json.Unmarshal(m.header, &session)
	id := make([]byte, 16)
	_, _ = rand.Read(id) // crypto/rand never fails
	header, _ := json.Marshal(map[string]string{
		"msg_id":   hex.EncodeToString(id),
		"msg_type": kind,
		"session":  session.Session,
		"username": "gibbs",
		"date":     time.Now().UTC().Format(time.RFC3339Nano),
		"version":  "5.3",
	})
	body, _ := json.Marshal(content)
	return &message{
		identities: identities,
		header:     header, parent: m.header, metadata: []byte("{}"), content: body,
		id: hex.EncodeToString(id), kind: kind, parentID: m.id,
	}
}

// publish makes a message for the iopub socket about a request.
func (m *message) publish(kind string, content map[string]any) *message {
	return m.reply(kind, [][]byte{[]byte("kernel." + kind)}, content)
}
