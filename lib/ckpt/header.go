package ckpt

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// The format's limits and reserved names. The limits bound what a hostile header
// can cost; the largest model that GoMLX's examples train is far below them.
const (
	format     = "1"      // version, in the metadata
	maxHeader  = 16 << 20 // bytes
	maxEntries = 1 << 16  // tensors, and metadata keys
	maxRank    = 32
	maxSpan    = 1 << 50 // elements of a tensor, zero dimensions counted as one

	metadataKey = "__metadata__"
	digestKey   = "__sha256__"
	ownPrefix   = "gibbs."
	formatKey   = ownPrefix + "format"
	stepKey     = ownPrefix + "step"
)

// errNewer says that a header is of a later format, so it is not damaged.
var errNewer = errors.New("written by a newer version: use that one to read it")

// header is what a file says about its tensors.
type header struct {
	step      int64
	meta      map[string]string
	entries   []entry // in the file's order, without the digest
	dataBytes int64   // of all tensors and the digest
}

// entry is one tensor of a file.
type entry struct {
	name  string
	shape shapes.Shape
	begin int64 // offset of its first byte after the header
	bytes int64
}

// dtypeNames are the dtypes that can be saved, by the format's names.
var dtypeNames = map[string]dtypes.DType{
	"BOOL": dtypes.Bool,
	"I8":   dtypes.Int8, "I16": dtypes.Int16, "I32": dtypes.Int32, "I64": dtypes.Int64,
	"U8": dtypes.Uint8, "U16": dtypes.Uint16, "U32": dtypes.Uint32, "U64": dtypes.Uint64,
	"F16": dtypes.Float16, "BF16": dtypes.BFloat16, "F32": dtypes.Float32, "F64": dtypes.Float64,
}

// nameOf returns the format's name of a dtype, or "" if it has none.
func nameOf(d dtypes.DType) string {
	for name, dtype := range dtypeNames {
		if dtype == d {
			return name
		}
	}
	return ""
}

// tensorJSON is an entry as the header writes it.
type tensorJSON struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// formatHeader returns the JSON of a snapshot's header, padded with spaces to a
// multiple of 8 bytes. Tensors lie in the order of falling element size, then of
// name, so that each is aligned and equal snapshots give equal files.
func formatHeader(s *Snapshot) ([]byte, error) {
	meta := map[string]string{formatKey: format, stepKey: strconv.FormatInt(s.Step, 10)}
	for key, value := range s.Meta {
		if strings.HasPrefix(key, ownPrefix) || !utf8.ValidString(key) || !utf8.ValidString(value) {
			return nil, fmt.Errorf("ckpt: metadata key %q: must be UTF-8 and not begin with %q", key, ownPrefix)
		}
		meta[key] = value
	}
	out := map[string]any{metadataKey: meta}
	names := slices.Collect(maps.Keys(s.Tensors))
	for _, name := range names {
		switch t := s.Tensors[name]; {
		case name == metadataKey || name == digestKey || !utf8.ValidString(name):
			return nil, fmt.Errorf("ckpt: tensor name %q is reserved or not UTF-8", name)
		case !t.Ok():
			return nil, fmt.Errorf("ckpt: tensor %q has no value: it is nil or was finalized", name)
		case nameOf(t.DType()) == "":
			return nil, fmt.Errorf("ckpt: tensor %q: dtype %s cannot be saved", name, t.DType())
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(s.Tensors[b].DType().Size(), s.Tensors[a].DType().Size()), strings.Compare(a, b))
	})
	end := int64(0)
	for _, name := range names {
		shape := s.Tensors[name].Shape()
		begin := end
		end += shape.ByteSize()
		out[name] = tensorJSON{nameOf(shape.DType), append([]int{}, shape.Dimensions...), [2]int64{begin, end}}
	}
	out[digestKey] = tensorJSON{"U8", []int{sha256.Size}, [2]int64{end, end + sha256.Size}}
	text, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("ckpt: header: %w", err)
	}
	return append(text, strings.Repeat(" ", -len(text)&7)...), nil
}

// parseHeader reads a header, which may be hostile. What it accepts is within the
// limits above, has no name twice, and its tensors lie end to end from offset 0
// with the digest last.
func parseHeader(text []byte) (*header, error) {
	if len(text) > maxHeader {
		return nil, damagef("header of %d bytes; at most %d are allowed", len(text), maxHeader)
	}
	root, err := parseJSON(text)
	if err != nil {
		return nil, err
	}
	top, ok := root.(object)
	if !ok {
		return nil, damagef("header is not a JSON object")
	}
	h := &header{}
	if err := h.readMeta(top[metadataKey]); err != nil {
		return nil, err
	}
	delete(top, metadataKey)
	for name, value := range top {
		e, err := parseEntry(name, value)
		if err != nil {
			return nil, damagef("tensor %q: %v", name, err)
		}
		h.entries = append(h.entries, e)
	}
	slices.SortFunc(h.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.bytes, b.bytes), strings.Compare(a.name, b.name))
	})
	for _, e := range h.entries {
		if e.begin != h.dataBytes {
			return nil, damagef("tensor %q begins at %d, not at %d where the one before ends", e.name, e.begin, h.dataBytes)
		}
		h.dataBytes += e.bytes
	}
	last := len(h.entries) - 1
	if last < 0 || h.entries[last].name != digestKey || h.entries[last].bytes != sha256.Size {
		return nil, damagef("the last tensor is not %s of %d bytes", digestKey, sha256.Size)
	}
	h.entries = h.entries[:last]
	return h, nil
}

// readMeta takes the metadata of a header: format, step, and the user's own.
func (h *header) readMeta(value any) error {
	fields, ok := value.(object)
	if !ok {
		return damagef("%s is missing or not an object", metadataKey)
	}
	h.meta = make(map[string]string, len(fields))
	for key, value := range fields {
		if h.meta[key], ok = value.(string); !ok {
			return damagef("metadata %q is not a string", key)
		}
	}
	if got := h.meta[formatKey]; got != format {
		return fmt.Errorf("format %q, this version reads %q: %w", got, format, errNewer)
	}
	step, err := strconv.ParseInt(h.meta[stepKey], 10, 64)
	if err != nil || step < 0 {
		return damagef("step %q is not a number from 0", h.meta[stepKey])
	}
	h.step = step
	delete(h.meta, formatKey)
	delete(h.meta, stepKey)
	return nil
}

// parseEntry reads one tensor's line of a header.
func parseEntry(name string, value any) (e entry, err error) {
	fields, ok := value.(object)
	if !ok || len(fields) != 3 {
		return e, errors.New("not an object of dtype, shape, data_offsets")
	}
	dtypeName, _ := fields["dtype"].(string)
	dtype, ok := dtypeNames[dtypeName]
	if !ok {
		return e, fmt.Errorf("dtype %q is not known", dtypeName)
	}
	shape, ok := fields["shape"].([]int64)
	if !ok || len(shape) > maxRank {
		return e, fmt.Errorf("shape is not a list of at most %d numbers", maxRank)
	}
	offsets, ok := fields["data_offsets"].([]int64)
	if !ok || len(offsets) != 2 {
		return e, errors.New("data_offsets are not two numbers")
	}
	dims, span, elements := make([]int, len(shape)), int64(1), int64(1)
	for i, d := range shape {
		if d > maxSpan/span {
			return e, fmt.Errorf("shape %v is too large", shape)
		}
		dims[i], span, elements = int(d), span*max(d, 1), elements*d
	}
	e = entry{name: name, shape: shapes.Make(dtype, dims...), begin: offsets[0], bytes: elements * int64(dtype.Size())}
	if e.bytes != offsets[1]-offsets[0] {
		return e, fmt.Errorf("shape %v of %s has %d bytes, offsets %v do not", shape, dtypeName, e.bytes, offsets)
	}
	return e, nil
}
