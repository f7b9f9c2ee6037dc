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

// What runs leave behind lies in Home, but not where a Home is shared with users
// who may only read it.
func TestState(t *testing.T) {
	home, cache := t.TempDir(), t.TempDir()
	t.Setenv("GIBBS_HOME", filepath.Join(home, "not", "made", "yet"))
	t.Setenv("GIBBS_STATE", "")
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache) // where systems look that know no XDG
	users, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := State(); err != nil || got != os.Getenv("GIBBS_HOME") {
		t.Errorf("State = %q, %v; want GIBBS_HOME, which can be made", got, err)
	}
	t.Setenv("GIBBS_HOME", home)
	if err := os.Chmod(home, 0o555); err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(users, "gibbs")
	if file, err := os.Create(filepath.Join(home, "probe")); err == nil { // as root, to whom no mode applies
		file.Close()
		want = home
	}
	if got, err := State(); err != nil || got != want {
		t.Errorf("State = %q, %v; want %q", got, err, want)
	}
	t.Setenv("GIBBS_HOME", filepath.Join(os.DevNull, "nowhere"))
	if got, err := State(); err != nil || got != filepath.Join(users, "gibbs") {
		t.Errorf("State = %q, %v; want the user's cache folder", got, err)
	}
	t.Setenv("GIBBS_STATE", filepath.Join(cache, "mine"))
	if got, err := State(); err != nil || got != filepath.Join(cache, "mine") {
		t.Errorf("State = %q, %v; want mine", got, err)
	}
}
