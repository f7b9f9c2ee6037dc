package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// idx writes the IDX format: a header with these sizes, then values.
func idx(values []byte, sizes ...uint32) []byte {
	b := []byte{0, 0, 8, byte(len(sizes))}
	for _, size := range sizes {
		b = binary.BigEndian.AppendUint32(b, size)
	}
	return append(b, values...)
}

func TestReadIDX(t *testing.T) {
	values := []byte{1, 2, 3, 4, 5, 6}
	plain := idx(values, 1, 2, 3)
	for name, content := range map[string][]byte{"plain": plain, "gzipped": packed(t, string(plain)).Bytes()} {
		dims, got, err := ReadIDX(bytes.NewReader(content), 6)
		if err != nil || !slices.Equal(dims, []int{1, 2, 3}) || !bytes.Equal(got, values) {
			t.Errorf("%s: %v %v %v", name, dims, got, err)
		}
	}
	for name, c := range map[string]struct {
		content []byte
		message string
	}{
		"empty":            {nil, "header"},
		"short magic":      {[]byte{0, 0, 8}, "header"},
		"first byte":       {append([]byte{1}, plain[1:]...), "want 000008"},
		"second byte":      {append([]byte{0, 7}, plain[2:]...), "want 000008"},
		"floats":           {append([]byte{0, 0, 0x0D}, plain[3:]...), "want 000008"},
		"no axes":          {[]byte{0, 0, 8, 0, 1}, "axes"},
		"5 axes":           {idx(values, 1, 1, 1, 2, 3), "axes"},
		"sizes cut":        {plain[:14], "sizes of 3 axes"},
		"a size of 0":      {idx(nil, 3, 0), "must be positive"},
		"beyond limit":     {idx(make([]byte, 7), 7), "at most 6"},
		"overflow":         {idx(values, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF), "at most 6"},
		"values cut":       {plain[:len(plain)-1], "cut"},
		"values too many":  {append(slices.Clone(plain), 7), "after the last value"},
		"error page":       {[]byte("<!DOCTYPE html><html>503</html>"), "want 000008"},
		"gzip cut":         {packed(t, string(plain)).Bytes()[:20], "IDX"},
		"gzip header only": {[]byte{0x1f, 0x8b, 8}, "IDX"},
	} {
		if _, _, err := ReadIDX(bytes.NewReader(c.content), 6); err == nil || !strings.Contains(err.Error(), c.message) || !strings.HasPrefix(err.Error(), "data: ") {
			t.Errorf("%s: error %v, want one with %q", name, err, c.message)
		}
	}
}

// TestReadIDXAllocates: a header that promises 2 GiB over 6 bytes must not cost
// 2 GiB.
func TestReadIDXAllocates(t *testing.T) {
	content := idx([]byte{1, 2, 3, 4, 5, 6}, 1<<31)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, _, err := ReadIDX(bytes.NewReader(content), 1<<40); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 1<<20 {
		t.Errorf("%d bytes allocated for a file of 14", bytes)
	}
}

// FuzzReadIDX: whatever is read either has the size that its header says or is an error.
func FuzzReadIDX(f *testing.F) {
	plain := idx([]byte{1, 2, 3, 4, 5, 6}, 2, 3)
	f.Add(plain)
	f.Add(plain[:9])
	f.Add(idx(nil, 0xFFFFFFFF, 0xFFFFFFFF))
	f.Add(packed(f, string(plain)).Bytes())
	f.Fuzz(func(t *testing.T, content []byte) {
		const limit = 1 << 20
		dims, values, err := ReadIDX(bytes.NewReader(content), limit)
		if err != nil {
			return
		}
		product := 1
		for _, d := range dims {
			product *= d
		}
		if product != len(values) || product > limit || len(dims) < 1 || len(dims) > maxIDXAxes {
			t.Errorf("dims %v, %d values", dims, len(values))
		}
	})
}

// tinyMNIST is a set of four files like MNIST's: 3 training and 2 test images of 2×2.
func tinyMNIST(t *testing.T) (files [4]File, contents [4][]byte) {
	contents = [4][]byte{
		idx([]byte{0, 51, 102, 255, 1, 2, 3, 4, 5, 6, 7, 8}, 3, 2, 2), idx([]byte{7, 0, 9}, 3),
		idx([]byte{9, 9, 9, 9, 8, 8, 8, 8}, 2, 2, 2), idx([]byte{1, 2}, 2),
	}
	for i, content := range contents {
		files[i] = pin(t, []string{"train-images", "train-labels", "test-images", "test-labels"}[i], content)
	}
	return files, contents
}

// pin makes the table's row for a content.
func pin(t *testing.T, name string, content []byte) File {
	gz := packed(t, string(content)).Bytes()
	return File{name, int64(len(content)), sum(content), int64(len(gz)), sum(gz)}
}

func sum(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

func TestLoadIDXSets(t *testing.T) {
	files, contents := tinyMNIST(t)
	dir := t.TempDir()
	write := func(name string, content []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := loadIDXSets(dir, files); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "DownloadMNIST") {
		t.Errorf("empty folder: %v", err)
	}
	for i, f := range files { // half of them packed
		if i%2 == 0 {
			write(f.Name, contents[i])
		} else {
			write(f.Name+".gz", packed(t, string(contents[i])).Bytes())
		}
	}
	train, test, err := loadIDXSets(dir, files)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(train.Row(0), []float32{0, 0.2, 0.4, 1}) || !slices.Equal(train.Labels, []int32{7, 0, 9}) ||
		!slices.Equal(train.Shape, []int{2, 2}) || test.Len() != 2 {
		t.Errorf("train %+v, test %+v", train, test)
	}

	flip := func(b []byte, i int) []byte { b = bytes.Clone(b); b[i] ^= 1; return b }
	gz := packed(t, string(contents[1])).Bytes()
	for name, c := range map[string]struct {
		file    string
		content []byte
		message string
	}{
		"flipped pixel":   {files[0].Name, flip(contents[0], 20), "SHA-256"},
		"cut images":      {files[0].Name, contents[0][:20], "has 20 bytes"},
		"flipped gzip":    {files[1].Name + ".gz", flip(gz, len(gz)-6), "train-labels.gz"},
		"other content":   {files[1].Name + ".gz", packed(t, "other").Bytes(), "does not hold"},
		"bomb":            {files[1].Name + ".gz", packed(t, strings.Repeat("\x00", 1<<20)).Bytes(), "does not hold"},
		"not gzip at all": {files[1].Name + ".gz", []byte("<html>"), "train-labels.gz"},
	} {
		whole, err := os.ReadFile(filepath.Join(dir, c.file))
		if err != nil {
			t.Fatal(err)
		}
		write(c.file, c.content)
		if _, _, err := loadIDXSets(dir, files); err == nil || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.message)
		}
		write(c.file, whole)
	}

	// Whole files that do not belong together.
	for name, labels := range map[string][]byte{"too few labels": idx([]byte{7, 0}, 2), "label 10": idx([]byte{7, 0, 10}, 3), "labels of two axes": idx([]byte{7, 0, 9}, 3, 1)} {
		wrong := files
		wrong[1] = pin(t, "wrong-labels", labels)
		write("wrong-labels", labels)
		if _, _, err := loadIDXSets(dir, wrong); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestMNISTTable: the table's sizes are those of 60,000 and 10,000 examples.
func TestMNISTTable(t *testing.T) {
	for i, want := range []int64{16 + 60000*28*28, 8 + 60000, 16 + 10000*28*28, 8 + 10000} {
		if f := MNIST[i]; f.Bytes != want || len(f.SHA256) != 64 || len(f.PackedSum) != 64 {
			t.Errorf("%+v", f)
		}
	}
	if dir := os.Getenv("GIBBS_MNIST"); dir == "" {
		t.Skip("GIBBS_MNIST names no folder with MNIST: its files are not read here")
	} else if train, test, err := LoadMNIST(dir); err != nil || train.Len() != 60000 || test.Len() != 10000 {
		t.Errorf("MNIST in %s: %v", dir, err)
	}
}
