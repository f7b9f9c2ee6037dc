package file

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "new", "greeting")
	for _, text := range []string{"good morning", "hello"} {
		err := Replace(path, 0o644, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
		if err != nil {
			panic(err)
		}
	}
	text, _ := os.ReadFile(path)
	fmt.Printf("%s\n", text)
	// Output: hello
}

// TestAFailedWriteChangesNothing: the old bytes stay, and nothing lies beside them.
func TestAFailedWriteChangesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	err := Replace(path, 0o644, func(w io.Writer) error {
		_, _ = io.WriteString(w, "ha")
		return full
	})
	text, _ := os.ReadFile(path)
	entries, _ := os.ReadDir(dir)
	if !errors.Is(err, full) || string(text) != "old" || len(entries) != 1 {
		t.Errorf("error %v, the file holds %q, %d entries; want %v, old, 1", err, text, len(entries), full)
	}
}
