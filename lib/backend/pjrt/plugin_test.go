package pjrt

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func Example() {
	p := Plugin{Package: "xla-cpu-pjrt", Version: "0.0.1", Member: "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so"}
	fmt.Println(filepath.ToSlash(p.Path(".gibbs")))
	// Output: .gibbs/plugins/xla-cpu-pjrt-0.0.1/xla_cpu_pjrt.so
}

// install writes a library of the given content under a new home.
func install(t *testing.T, content string) (home string, p Plugin) {
	t.Helper()
	sum := sha256.Sum256([]byte(content))
	p = Plugin{Package: "p", Version: "1", Member: "a/b.so", SHA256: hex.EncodeToString(sum[:])}
	home = t.TempDir()
	if err := os.MkdirAll(filepath.Dir(p.Path(home)), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, p.Path(home), content)
	return home, p
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyRefusesEveryFlippedByte(t *testing.T) {
	content := "a library of some bytes"
	home, p := install(t, content)
	if err := p.Verify(home); err != nil {
		t.Fatal(err)
	}
	for i := range content {
		flipped := []byte(content)
		flipped[i] ^= 1
		write(t, p.Path(home), string(flipped))
		later := time.Now().Add(time.Duration(i+1) * time.Second)
		if err := os.Chtimes(p.Path(home), later, later); err != nil {
			t.Fatal(err)
		}
		if err := p.Verify(home); err == nil || !strings.Contains(err.Error(), "will not be loaded") {
			t.Errorf("byte %d flipped: error %v", i, err)
		}
	}
}

// TestVerifyHashesOnce makes the file unreadable after the first verdict: a second
// call that read it would fail. A new time asks for a new verdict.
func TestVerifyHashesOnce(t *testing.T) {
	home, p := install(t, "library")
	if err := p.Verify(home); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(p.Path(home))
	if err != nil {
		t.Fatal(err)
	}
	write(t, p.Path(home), "LIBRARY") // as long, and given the same time below
	if err := os.Chtimes(p.Path(home), info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(home); err != nil {
		t.Errorf("a file of known size and time was hashed again: %v", err)
	}
	later := info.ModTime().Add(time.Second)
	if err := os.Chtimes(p.Path(home), later, later); err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(home); err == nil {
		t.Error("a file of a new time was not hashed again")
	}
}

func TestVerifyWithoutTheLibrary(t *testing.T) {
	if err := (Plugin{Package: "p", Version: "1", Member: "b.so"}).Verify(t.TempDir()); err == nil {
		t.Error("a library that is not there was verified")
	}
}

// TestTheTableIsWhole checks that every entry can be used.
func TestTheTableIsWhole(t *testing.T) {
	for _, p := range Plugins {
		for field, value := range map[string]string{"WheelSHA256": p.WheelSHA256, "SHA256": p.SHA256} {
			if raw, err := hex.DecodeString(value); err != nil || len(raw) != sha256.Size {
				t.Errorf("%s %s: %s is no SHA-256: %q", p.Package, p.Version, field, value)
			}
		}
		if p.Backend == "" || p.Version == "" || p.Member == "" || !strings.Contains(p.Platform, "/") {
			t.Errorf("an incomplete entry: %+v", p)
		}
	}
}
