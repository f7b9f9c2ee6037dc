// Package show puts figures, tables, images and progress before the reader: in
// a notebook as rich output that survives export, elsewhere as plain text.
//
// Only this package draws, and only it talks to the notebook's front end. Each
// output is one bundle of the same thing in several formats, from which a viewer
// picks the best that it knows:
//
//	text/html    a <figure> whose <img> holds the SVG, with the alt text
//	image/png    the same picture, for exports that know no HTML (PDF)
//	text/plain   the alt text, or the table in aligned columns
//
// The SVG travels as an image and not inline because JupyterLab removes inline
// SVG from a notebook that the reader has not yet run (it is untrusted), while
// it keeps images and their alt text. Bytes are equal from run to run: no times,
// no random names.
//
// Functions named for what they show (Figure, Images, Table, Markdown, Progress) are for
// notebooks: they display, and panic on misuse. Draw, DrawImages and the methods
// SVG and PNG return errors instead.
//
// # Colours
//
// Data is grey, a model is blue, a target is orange, everywhere. Figures bring
// their own opaque, slightly off-white card, so they look the same on a light and
// a dark page; each of the three colours has a contrast of at least 3:1 against
// the card, against white and against a page of #111. Colour is never the only
// sign: targets are dashed or crosses, and series carry labels.
package show

import (
	"encoding/gob"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
)

// Bundle is one output in several formats. Text is required; the others may be
// empty. It is what packages beside this one need to show something of their own.
type Bundle struct {
	Text     string // shown outside a notebook, and read by whatever knows no more
	HTML     string
	Markdown string // LaTeX between dollar signs is set
	PNG      []byte

	// Data holds machine-readable values by MIME type; a type that ends in
	// "+json" is stored in the notebook as JSON. Values are what encoding/json
	// can marshal.
	Data map[string]any
}

// JSON values cross the pipe to the kernel inside interfaces, which gob refuses
// unless both ends know the types.
func init() {
	gob.Register(map[string]any{})
	gob.Register([]any{})
}

// InNotebook reports whether this program runs as a cell of a GoNB kernel, with
// or without a browser.
func InNotebook() bool { return gonbui.IsNotebook }

// Display shows a bundle: in a notebook all of its formats, elsewhere its text
// on the standard output. It returns when the kernel has the output, so what
// the cell displays or prints next comes after it.
func Display(b Bundle) error {
	if !InNotebook() {
		_, err := fmt.Fprintln(os.Stdout, b.Text)
		return err
	}
	return b.send("")
}

// send gives the bundle to the kernel. A displayID that was used before replaces
// what it showed.
func (b Bundle) send(displayID string) error {
	data := map[protocol.MIMEType]any{protocol.MIMETextPlain: b.Text}
	if b.HTML != "" {
		data[protocol.MIMETextHTML] = b.HTML
	}
	if b.Markdown != "" {
		data[protocol.MIMETextMarkdown] = b.Markdown
	}
	if len(b.PNG) > 0 {
		data[protocol.MIMEImagePNG] = b.PNG
	}
	for mime, value := range b.Data {
		plain, err := plainJSON(value)
		if err != nil {
			return fmt.Errorf("show: %s: %w", mime, err)
		}
		data[protocol.MIMEType(mime)] = plain
	}
	drainStdout()
	gonbui.SendData(&protocol.DisplayData{Data: data, DisplayID: displayID})
	Sync()
	if err := gonbui.Error(); err != nil {
		return fmt.Errorf("show: the kernel no longer takes output; run the cell again: %w", err)
	}
	return nil
}

// plainJSON turns a value into the maps, slices and scalars that JSON knows, the
// only ones that may cross the pipe.
func plainJSON(value any) (any, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var plain any
	err = json.Unmarshal(text, &plain)
	return plain, err
}

// syncLimit bounds the wait for the kernel's acknowledgement, which takes
// milliseconds: a kernel that is going away must not hold the cell for ever.
const syncLimit = 10 * time.Second

// Sync waits until the kernel has taken every output sent so far. Call it before
// a cell ends by os.Exit; Display calls it by itself.
func Sync() {
	if !InNotebook() {
		return
	}
	done := make(chan struct{})
	go func() {
		gonbui.Sync()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(syncLimit):
	}
}

// Markdown shows text as Markdown, with LaTeX between dollar signs.
func Markdown(text string) {
	must(Display(Bundle{Text: text, Markdown: text}))
}

// must ends a notebook function that cannot do its work.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
