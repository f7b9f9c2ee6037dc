package launch

import (
	"os"
	"testing"
)

// TestWarmMakesTheFirstCellShort catches a list that is not complete, or is kept
// for another state than the one in which cells are built.
func TestWarmMakesTheFirstCellShort(t *testing.T) {
	root, _ := cellModule(t)
	t.Setenv("GIBBS_HOME", t.TempDir())
	flags := os.Getenv("GOFLAGS") + " -tags=noxla"
	t.Setenv("GOFLAGS", "")
	if err := Warm(t.Context(), Options{Backend: "go"}, root, []string{"fmt", "gibbs/lib/word", "strings"}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOFLAGS", flags)
	t.Setenv(flagsVariable, flags)
	for _, name := range []string{"go.mod", "go.sum"} { // as GoNB makes its module
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if code, err := shim(os.Getenv(realGoVariable), []string{"mod", "init", "gonb_cell"}); code != 0 || err != nil {
		t.Fatalf("go mod init ended with %d, %v", code, err)
	}
	if printed, short := runCell(t, `strings.ToUpper("x")`); !short || printed != "oneX" {
		t.Errorf("the first cell printed %q, the short way: %v", printed, short)
	}
	if _, short := runCell(t, `html.EscapeString("x")`); short {
		t.Error("a cell with an import that was not warmed took the short way")
	}
}

func TestWarmSaysWhatDoesNotCompile(t *testing.T) {
	root, _ := cellModule(t)
	t.Setenv("GIBBS_HOME", t.TempDir())
	if err := Warm(t.Context(), Options{Backend: "go"}, root, []string{"gibbs/lib/none"}); err == nil {
		t.Error("a package that does not exist was warmed")
	}
}
