package backend

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gibbs/lib/backend/pjrt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute"
)

func Example() {
	b, err := Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	sum := MustNewExec(b, func(x *Node) *Node { return ReduceAllSum(x) })
	fmt.Println(sum.MustCall1([]float32{1, 2, 3}).Value())
	// Output: 6
}

// TestChoose goes through what users ask for and what is there. A damaged plugin
// is an error in every mode that would use it: no silent fall back to another.
func TestChoose(t *testing.T) {
	empty, damaged := t.TempDir(), t.TempDir()
	plugin, known := pjrt.PluginFor(XLACPU)
	if known {
		path := plugin.Path(damaged)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("not a plugin"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name, home, gibbs, gomlx string
		want                     string // the backend, or a part of the error after "!"
		xla                      bool   // needs XLA linked in and a known plugin
	}{
		{"nothing there", empty, "", "", Go, false},
		{"auto, nothing there", empty, "auto", "", Go, false},
		{"pure Go", empty, "go", "", Go, false},
		{"unknown name", empty, "tpu", "", `!GIBBS_BACKEND="tpu" is none of`, false},
		{"not installed", empty, "xla-cpu", "", "!is not installed: run `go run ./kernels setup", true},
		{"damaged, asked for", damaged, "xla-cpu", "", "!will not be loaded", true},
		{"damaged, auto", damaged, "auto", "", "!will not be loaded", true},
		{"damaged, pure Go", damaged, "go", "", Go, false},
		{"CUDA not installed", empty, "xla-cuda", "", "!setup --backend xla-cuda", true},
		{"GoMLX's variable", damaged, "tpu", "go", Go, false},
		{"an unverified download", empty, "", "xla:cpu", "!download one unverified", false},
		{"go-xla's default", empty, "", "xla", "!download one unverified", false},
		{"a plugin by path", empty, "", "xla:/some/plugin.so,tf32=0", "xla:/some/plugin.so,tf32=0", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.xla && (!xlaLinked || !known) {
				t.Skip("this program has no XLA, or no plugin is known for this platform")
			}
			t.Setenv("GIBBS_HOME", test.home)
			t.Setenv("GIBBS_BACKEND", test.gibbs)
			t.Setenv("GIBBS_CUDA_PLUGIN", "")
			t.Setenv("GOMLX_BACKEND", test.gomlx)
			c, err := Choose()
			if message, failing := strings.CutPrefix(test.want, "!"); failing {
				if err == nil || !strings.Contains(err.Error(), message) {
					t.Errorf("got %v, error %v; want an error with %q", c, err, message)
				}
				return
			}
			if err != nil || c.Name != test.want || c.Why == "" {
				t.Errorf("got %+v, error %v; want %s with a reason", c, err, test.want)
			}
		})
	}
}

// TestTheOpenBackendIsSaid prints what the package's tests, and those of the
// library, ran on.
func TestTheOpenBackendIsSaid(t *testing.T) {
	c, err := Choose()
	if err != nil {
		t.Fatal(err)
	}
	t.Log(c)
}

// TestInline looks at what go-xla is told while a program is compiled: options for the
// serial backend alone, none where others hold, and none left afterwards.
func TestInline(t *testing.T) {
	b, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("XLA_FLAGS", "")
	told := func(b compute.Backend) (options string) {
		if err := Inline(b, func() error { options = os.Getenv("XLA_DEBUG_OPTIONS"); return nil }); err != nil {
			t.Error(err)
		}
		return options
	}
	if options := told(b); options != "" {
		t.Errorf("the process's backend: %s", options)
	}
	if left := os.Getenv("XLA_DEBUG_OPTIONS"); left != "" {
		t.Errorf("left behind: %s", left)
	}
	want := errors.New("no program")
	if got := Inline(Serial(b), func() error { return want }); got != want {
		t.Errorf("an error of the compilation: got %v", got)
	}
	one := Serial(b)
	if one == b {
		t.Skipf("the rest needs XLA on the processor, and %s runs here", b.Name())
	}
	if options := told(one); !strings.Contains(options, "small_while_loop") {
		t.Errorf("the serial backend: %q", options)
	}
	t.Setenv("XLA_FLAGS", "--xla_dump_to=")
	if options := told(one); options != "" {
		t.Errorf("with XLA_FLAGS: %s", options)
	}
}
