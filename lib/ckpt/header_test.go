package ckpt

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const (
	goodMeta   = `"__metadata__":{"gibbs.format":"1","gibbs.step":"3"}`
	goodDigest = `"__sha256__":{"dtype":"U8","shape":[32],"data_offsets":[8,40]}`
	goodTensor = `"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`
)

// hostile headers, by what is wrong with them.
var hostile = map[string]string{
	"empty":             ``,
	"null":              `null`,
	"list":              `[]`,
	"number":            `7`,
	"cut":               `{` + goodMeta,
	"no metadata":       `{` + goodTensor + `,` + goodDigest + `}`,
	"null metadata":     `{"__metadata__":null,` + goodTensor + `,` + goodDigest + `}`,
	"number as text":    `{"__metadata__":{"gibbs.format":1,"gibbs.step":"3"},` + goodTensor + `,` + goodDigest + `}`,
	"negative step":     `{"__metadata__":{"gibbs.format":"1","gibbs.step":"-3"},` + goodTensor + `,` + goodDigest + `}`,
	"huge step":         `{"__metadata__":{"gibbs.format":"1","gibbs.step":"99999999999999999999"},` + goodTensor + `,` + goodDigest + `}`,
	"no step":           `{"__metadata__":{"gibbs.format":"1"},` + goodTensor + `,` + goodDigest + `}`,
	"no digest":         `{` + goodMeta + `,` + goodTensor + `}`,
	"digest not last":   `{` + goodMeta + `,"__sha256__":{"dtype":"U8","shape":[32],"data_offsets":[0,32]},"a":{"dtype":"F32","shape":[2],"data_offsets":[32,40]}}`,
	"short digest":      `{` + goodMeta + `,` + goodTensor + `,"__sha256__":{"dtype":"U8","shape":[31],"data_offsets":[8,39]}}`,
	"repeated name":     `{` + goodMeta + `,` + goodTensor + `,` + goodTensor + `,` + goodDigest + `}`,
	"repeated metadata": `{` + goodMeta + `,` + goodMeta + `,` + goodTensor + `,` + goodDigest + `}`,
	"repeated field":    `{` + goodMeta + `,"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]},` + goodDigest + `}`,
	"unknown field":     `{` + goodMeta + `,"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":"y"},` + goodDigest + `}`,
	"other case":        `{` + goodMeta + `,"a":{"DType":"F32","shape":[2],"data_offsets":[0,8]},` + goodDigest + `}`,
	"null tensor":       `{` + goodMeta + `,"a":null,` + goodDigest + `}`,
	"null shape":        `{` + goodMeta + `,"a":{"dtype":"F32","shape":null,"data_offsets":[0,8]},` + goodDigest + `}`,
	"unknown dtype":     `{` + goodMeta + `,"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]},` + goodDigest + `}`,
	"negative dim":      `{` + goodMeta + `,"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]},` + goodDigest + `}`,
	"two negative dims": `{` + goodMeta + `,"a":{"dtype":"F32","shape":[-2,-1],"data_offsets":[0,8]},` + goodDigest + `}`,
	"fraction":          `{` + goodMeta + `,"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]},` + goodDigest + `}`,
	"exponent":          `{` + goodMeta + `,"a":{"dtype":"F32","shape":[2e0],"data_offsets":[0,8]},` + goodDigest + `}`,
	"product overflows": `{` + goodMeta + `,"a":{"dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,8]},` + goodDigest + `}`,
	"huge empty":        `{` + goodMeta + `,"a":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]},` + goodTensor + `,` + goodDigest + `}`,
	"dim over int64":    `{` + goodMeta + `,"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]},` + goodDigest + `}`,
	"wrong bytes":       `{` + goodMeta + `,"a":{"dtype":"F64","shape":[2],"data_offsets":[0,8]},` + goodDigest + `}`,
	"backwards":         `{` + goodMeta + `,"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]},` + goodDigest + `}`,
	"hole":              `{` + goodMeta + `,"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},` + goodDigest + `}`,
	"overlap":           `{` + goodMeta + `,` + goodTensor + `,"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},` + goodDigest + `}`,
	"three offsets":     `{` + goodMeta + `,"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]},` + goodDigest + `}`,
	"deep":              `{` + goodMeta + `,"a":{"dtype":{"x":{}},"shape":[2],"data_offsets":[0,8]},` + goodDigest + `}`,
	"deep lists":        strings.Repeat(`[`, 1<<16),
	"rank 33":           `{` + goodMeta + `,"a":{"dtype":"F32","shape":[` + strings.Repeat("1,", 32) + `2],"data_offsets":[0,8]},` + goodDigest + `}`,
	"more after it":     `{` + goodMeta + `,` + goodTensor + `,` + goodDigest + `} {}`,
	"not UTF-8":         "{" + goodMeta + ",\"\xff\":" + `{"dtype":"F32","shape":[2],"data_offsets":[0,8]},` + goodDigest + `}`,
}

func TestHostileHeaders(t *testing.T) {
	good := `{` + goodMeta + `,` + goodTensor + `,` + goodDigest + `}   `
	if h, err := parseHeader([]byte(good)); err != nil || h.step != 3 || len(h.entries) != 1 || h.dataBytes != 40 {
		t.Fatalf("the good header: %+v, %v", h, err)
	}
	for name, text := range hostile {
		if h, err := parseHeader([]byte(text)); err == nil || !isDamage(err) {
			t.Errorf("%s: %+v, %v; want damage", name, h, err)
		}
		if _, err := decodeSigned(fileOf(text, make([]byte, 8))); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

// Names never become paths, so one that tries to climb is only a name.
func TestNamesAreNotPaths(t *testing.T) {
	m := newMemDisk()
	mustSave(t, mustOpen(t, m, Options{}), 1)
	got, err := loadFrom(m, home)
	if err != nil || got.Tensors["../../etc/x"] == nil || len(m.now) != 1 {
		t.Errorf("%v, %v, files %v", got, err, m.now)
	}
}

func TestTooManyEntries(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{` + goodMeta)
	for i := range maxEntries + 2 {
		fmt.Fprintf(&b, `,"%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`, i)
	}
	b.WriteString(`,` + strings.ReplaceAll(strings.ReplaceAll(goodDigest, "8,", "0,"), "40", "32") + `}`)
	if _, err := parseHeader([]byte(b.String())); err == nil || !strings.Contains(err.Error(), "entries") {
		t.Errorf("%d entries: %v", maxEntries+4, err)
	}
}

// A later format is an error, not damage: the file must not be set aside.
func TestNewerFormatIsLeftAlone(t *testing.T) {
	m := newMemDisk()
	d := mustOpen(t, m, Options{})
	text := strings.Replace(`{`+goodMeta+`,`+goodTensor+`,`+goodDigest+`}`, `"1"`, `"2"`, 1)
	m.now[fileName(1, whole)] = &inode{data: fileOf(text, make([]byte, 8))}
	if _, err := d.Latest(); !errors.Is(err, errNewer) || len(d.Damaged()) > 0 {
		t.Errorf("Latest = %v, damaged %v", err, d.Damaged())
	}
}

// fileOf returns a file with that header and those bytes, and a right digest.
func fileOf(header string, data []byte) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	out = append(append(out, header...), data...)
	sum := sha256.Sum256(out)
	return append(out, sum[:]...)
}

// decodeSigned decodes a file whose digest is right.
func decodeSigned(data []byte) (*Snapshot, error) {
	size := int64(len(data))
	if _, err := checkSum(bytes.NewReader(data), size); err != nil {
		return nil, err
	}
	return decode(bytes.NewReader(data), size)
}

// A file of 1 MB that declares 1 GiB, a header of 2^64 bytes, and 32 MiB of
// zeros cost little memory to refuse.
func TestDeclaredSizesAllocateNothing(t *testing.T) {
	const declared = 1 << 30
	header := fmt.Sprintf(`{%s,"a":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]},"__sha256__":{"dtype":"U8","shape":[32],"data_offsets":[%d,%d]}}`,
		goodMeta, declared/4, declared, declared, declared+32)
	long := fileOf("", make([]byte, 1<<20))
	binary.LittleEndian.PutUint64(long, math.MaxUint64)
	sum := sha256.Sum256(long[:len(long)-sha256.Size])
	copy(long[len(long)-sha256.Size:], sum[:])
	path := t.TempDir()
	file := filepath.Join(path, fileName(1, whole))
	for name, write := range map[string]func() error{
		"tensor": func() error { return os.WriteFile(file, fileOf(header, make([]byte, 1<<20)), 0o644) },
		"header": func() error { return os.WriteFile(file, long, 0o644) },
		"zeros":  func() error { return errors.Join(os.WriteFile(file, nil, 0o644), os.Truncate(file, 32<<20)) },
	} {
		if err := write(); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := read(osDisk{}, file, DefaultMaxBytes)
		runtime.ReadMemStats(&after)
		used := after.TotalAlloc - before.TotalAlloc
		t.Logf("%s: %v; %d bytes allocated", name, err, used)
		if err == nil || !isDamage(err) || used > 1<<20 {
			t.Errorf("%s: error %v, %d bytes allocated", name, err, used)
		}
	}
}

// FuzzHeader feeds the header's parser. What it accepts must be consistent.
func FuzzHeader(f *testing.F) {
	f.Add([]byte(`{` + goodMeta + `,` + goodTensor + `,` + goodDigest + `}`))
	for _, text := range hostile {
		f.Add([]byte(text))
	}
	text, err := formatHeader(sample(3))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := parseHeader(text)
		if err != nil {
			return
		}
		end := int64(0)
		for _, e := range h.entries {
			if e.begin != end || e.bytes != e.shape.ByteSize() || e.bytes < 0 {
				t.Fatalf("%q accepted with %+v at %d", text, e, end)
			}
			end += e.bytes
		}
		if h.dataBytes != end+sha256.Size || h.step < 0 {
			t.Fatalf("%q accepted with %+v", text, h)
		}
	})
}

// FuzzFile feeds whole files with a right digest. What loads must save, and load
// again as the same.
func FuzzFile(f *testing.F) {
	m := newMemDisk()
	mustSave(f, mustOpen(f, m, Options{}), 3)
	data := m.now[fileName(1, whole)].data
	f.Add(data[:len(data)-sha256.Size])
	good := fileOf(`{`+goodMeta+`,`+goodTensor+`,`+goodDigest+`}`, make([]byte, 8))
	f.Add(good[:len(good)-sha256.Size])
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := sha256.Sum256(body)
		s, err := decodeSigned(append(bytes.Clone(body), sum[:]...))
		if err != nil {
			return
		}
		d := mustOpen(t, newMemDisk(), Options{})
		if err := d.Save(s); err != nil {
			return // not finite, or metadata under our own prefix
		}
		again, err := d.Latest()
		if err != nil {
			t.Fatal(err)
		}
		if err := same(again, s); err != nil {
			t.Fatal(err)
		}
	})
}
