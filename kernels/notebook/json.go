package notebook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Parse reads the bytes of an .ipynb file. It accepts nbformat 4 only.
func Parse(raw []byte) (*Notebook, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // numbers come back as they were written
	var o object
	if err := decoder.Decode(&o.fields); err != nil {
		return nil, fmt.Errorf("not a notebook: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not a notebook: text follows the JSON object")
	}
	nb := &Notebook{
		Metadata: o.object("metadata"),
		Format:   o.number("nbformat"),
		Minor:    o.number("nbformat_minor"),
	}
	for i, fields := range o.objects("cells") {
		cell, err := parseCell(fields)
		if err != nil {
			return nil, fmt.Errorf("entry %d of cells: %w", i, err)
		}
		nb.Cells = append(nb.Cells, cell)
	}
	nb.rest = o.fields
	if o.err == nil && nb.Format != 4 {
		o.err = fmt.Errorf("nbformat is %d; only 4 can be read", nb.Format)
	}
	return nb, o.err
}

func parseCell(fields map[string]any) (Cell, error) {
	o := object{fields: fields}
	cell := Cell{
		Kind:     o.text("cell_type"),
		ID:       o.text("id"),
		Source:   o.text("source"),
		Metadata: o.object("metadata"),
	}
	switch cell.Kind {
	case Code:
		cell.Count = o.number("execution_count")
		for _, output := range o.objects("outputs") {
			cell.Outputs = append(cell.Outputs, parseOutput(output, &o))
		}
	case Markdown, Raw:
	default:
		return cell, fmt.Errorf("cell_type is %q", cell.Kind)
	}
	cell.rest = o.fields
	return cell, o.err
}

func parseOutput(fields map[string]any, parent *object) Output {
	o := object{fields: fields}
	out := Output{Kind: o.text("output_type")}
	switch out.Kind {
	case Stream:
		out.Name, out.Text = o.text("name"), o.text("text")
	case Display, Result:
		out.Data, out.Metadata = o.object("data"), o.object("metadata")
		for mime, value := range out.Data {
			if text, ok := joined(value); ok && !isJSON(mime) {
				out.Data[mime] = text
			}
		}
	case Failed:
		out.EName, out.EValue = o.text("ename"), o.text("evalue")
		out.Traceback = o.texts("traceback")
	}
	out.rest = o.fields
	if parent.err == nil {
		parent.err = o.err
	}
	return out
}

// Bytes returns the notebook as Jupyter writes it: sorted keys, one space of
// indentation, text split into lines, characters unescaped, a newline at the
// end.
func (nb *Notebook) Bytes() ([]byte, error) {
	cells := make([]any, len(nb.Cells))
	for i, cell := range nb.Cells {
		cells[i] = cell.fields()
	}
	whole := with(nb.rest, map[string]any{
		"cells": cells, "metadata": present(nb.Metadata),
		"nbformat": nb.Format, "nbformat_minor": nb.Minor,
	})
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(whole); err != nil {
		return nil, fmt.Errorf("notebook: encode: %w", err)
	}
	return unescapeSeparators(buffer.Bytes()), nil
}

func (c Cell) fields() map[string]any {
	known := map[string]any{"cell_type": c.Kind, "source": lines(c.Source), "metadata": present(c.Metadata)}
	if c.ID != "" {
		known["id"] = c.ID
	}
	if c.Kind == Code {
		outputs := make([]any, len(c.Outputs))
		for i, output := range c.Outputs {
			outputs[i] = output.fields()
		}
		known["outputs"] = outputs
		known["execution_count"] = nil
		if c.Count > 0 {
			known["execution_count"] = c.Count
		}
	}
	return with(c.rest, known)
}

func (o Output) fields() map[string]any {
	known := map[string]any{"output_type": o.Kind}
	switch o.Kind {
	case Stream:
		known["name"], known["text"] = o.Name, lines(o.Text)
	case Display, Result:
		data := make(map[string]any, len(o.Data))
		for mime, value := range o.Data {
			data[mime] = value
			if text, ok := value.(string); ok && splits(mime) {
				data[mime] = lines(text)
			}
		}
		known["data"], known["metadata"] = data, present(o.Metadata)
	case Failed:
		known["ename"], known["evalue"] = o.EName, o.EValue
		known["traceback"] = append([]string{}, o.Traceback...)
	}
	return with(o.rest, known)
}

// isJSON reports whether a MIME type's value is JSON and not text.
func isJSON(mime string) bool {
	return mime == "application/json" || strings.HasPrefix(mime, "application/") && strings.HasSuffix(mime, "+json")
}

// splits reports whether Jupyter stores the text of a MIME type line by line.
func splits(mime string) bool {
	return strings.HasPrefix(mime, "text/") || mime == "image/svg+xml" || mime == "application/javascript"
}

// lines cuts a text after each line end, with the line ends of Python's
// str.splitlines, which is what Jupyter uses.
func lines(text string) []string {
	out := []string{}
	start := 0
	for i, r := range text {
		switch r {
		case '\r':
			if strings.HasPrefix(text[i+1:], "\n") {
				continue
			}
		case '\n', '\v', '\f', '\x1c', '\x1d', '\x1e', '\u0085', '\u2028', '\u2029':
		default:
			continue
		}
		end := i + utf8.RuneLen(r)
		out = append(out, text[start:end])
		start = end
	}
	if start < len(text) {
		out = append(out, text[start:])
	}
	return out
}

// unescapeSeparators writes U+2028 and U+2029 as themselves: encoding/json
// escapes the two always, Jupyter never.
func unescapeSeparators(raw []byte) []byte {
	if !bytes.Contains(raw, []byte(`\u202`)) {
		return raw
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		switch {
		case raw[i] != '\\':
			out = append(out, raw[i])
		case bytes.HasPrefix(raw[i:], []byte(`\u2028`)), bytes.HasPrefix(raw[i:], []byte(`\u2029`)):
			out = utf8.AppendRune(out, rune(0x2028+int(raw[i+5]-'8')))
			i += 5
		default: // an escape of two bytes or more: its second byte starts no other
			out = append(out, raw[i], raw[i+1])
			i++
		}
	}
	return out
}
