package env

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func Example() {
	os.Setenv("GIBBS_QUICK", "1")
	defer os.Unsetenv("GIBBS_QUICK")
	fmt.Println(Pick(1000, 50))
	// Output: 50
}

func TestRootFromFindsTheModuleUpwards(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "notebooks", "2-score")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := RootFrom(deep); !errors.Is(err, ErrNoRoot) {
		t.Fatalf("no module: got error %v, want ErrNoRoot", err)
	}
	write := func(dir, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(root, "// a comment\nmodule gibbs\n\ngo 1.26.0\n")
	write(filepath.Join(root, "notebooks"), "module other\n")
	got, err := RootFrom(deep)
	if err != nil || got != root {
		t.Fatalf("RootFrom = %q, %v; want %q", got, err, root)
	}
}

func TestHomeAndRootFollowTheVariables(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("GIBBS_ROOT", dir)
	if got, err := Root(); err != nil || got != dir {
		t.Errorf("Root = %q, %v; want %q", got, err, dir)
	}
	t.Setenv("GIBBS_HOME", "")
	if got, err := Home(); err != nil || got != filepath.Join(dir, ".gibbs") {
		t.Errorf("Home = %q, %v; want .gibbs in %q", got, err, dir)
	}
	t.Setenv("GIBBS_HOME", filepath.Join(dir, "elsewhere"))
	if got, err := Home(); err != nil || got != filepath.Join(dir, "elsewhere") {
		t.Errorf("Home = %q, %v; want elsewhere in %q", got, err, dir)
	}
}

func TestQuick(t *testing.T) {
	for value, want := range map[string]bool{"": false, "0": false, "1": true, "true": true, "maybe": false} {
		t.Setenv("GIBBS_QUICK", value)
		if Quick() != want {
			t.Errorf("GIBBS_QUICK=%q: Quick() = %v, want %v", value, Quick(), want)
		}
	}
}
