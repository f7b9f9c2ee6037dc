package setup

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKernelspecs(t *testing.T) {
	l, _ := fakeWorld(t)
	if _, err := ensure(l, Options{}); err != nil {
		t.Fatal(err)
	}
	for name, backend := range map[string]string{"gibbs": "auto", "gibbs-go": "go", "gibbs-xla-cpu": "xla-cpu", "gibbs-xla-cuda": "xla-cuda"} {
		var k kernelJSON
		text, err := os.ReadFile(filepath.Join(l.Kernelspec(name), "kernel.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &k); err != nil {
			t.Fatal(err)
		}
		want := []string{l.Bin("gibbs"), "kernel", "--backend", backend, "{connection_file}"}
		if strings.Join(k.Argv, " ") != strings.Join(want, " ") {
			t.Errorf("%s: argv %q, want %q", name, k.Argv, want)
		}
		if k.Language != "go" || k.InterruptMode != "message" || k.Env["GIBBS_BACKEND"] != backend || k.Env["GIBBS_HOME"] != l.Home || k.DisplayName == "" {
			t.Errorf("%s: %+v", name, k)
		}
		if _, err := os.Stat(k.Argv[0]); err != nil {
			t.Errorf("%s starts a program that is not there: %v", name, err)
		}
	}
}

func TestUserKernelspecsOfOthersStay(t *testing.T) {
	l, dir := fakeWorld(t)
	theirs := filepath.Join(dir, "user", "kernels", "gibbs", "kernel.json")
	put(t, theirs, `{"argv": ["their-kernel"], "metadata": {}}`)
	_, err := ensure(l, Options{User: true})
	wantFault(t, err, "kernels", "not ours", filepath.Dir(theirs))
	if readText(theirs) != `{"argv": ["their-kernel"], "metadata": {}}` {
		t.Error("their kernelspec was changed")
	}
}

func TestClean(t *testing.T) {
	l, dir := fakeWorld(t)
	ctx := t.Context()
	if err := Clean(ctx, l, io.Discard); err != nil {
		t.Errorf("nothing there: %v", err)
	}
	if _, err := ensure(l, Options{User: true}); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "user", "kernels", "gibbs-go", "kernel.json")
	put(t, foreign, `{"metadata": {"gibbs": {"home": "/another/.gibbs"}}}`)
	if err := Clean(ctx, l, io.Discard); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(l.Home); !os.IsNotExist(err) {
		t.Errorf("%s is still there", l.Home)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "user", "kernels", "*"))
	if len(left) != 1 || left[0] != filepath.Dir(foreign) {
		t.Errorf("user's kernelspecs left: %q, want the foreign one", left)
	}
	for name, home := range map[string]string{"another folder": filepath.Join(dir, "modules"), "the repository": l.Root, "above it": dir} {
		if err := Clean(ctx, Layout{Root: l.Root, Home: home}, io.Discard); err == nil {
			t.Errorf("%s was removed", name)
		}
	}
}

func TestLogo(t *testing.T) {
	for _, n := range []int{32, 64} {
		img, err := png.Decode(bytes.NewReader(logoPNG(n)))
		if err != nil {
			t.Fatal(err)
		}
		if b := img.Bounds(); b.Dx() != n || b.Dy() != n {
			t.Errorf("logo of %v pixels, want %d", b, n)
		}
		if _, _, _, a := img.At(0, 0).RGBA(); a != 0 {
			t.Error("the corner is not transparent")
		}
		ball := logoRest()
		if r, _, b, _ := img.At(int(ball.x*float64(n)), int(ball.y*float64(n))).RGBA(); r < 2*b {
			t.Error("the ball is not orange")
		}
	}
	decoder := xml.NewDecoder(bytes.NewReader(logoSVG()))
	for {
		if _, err := decoder.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// A plugin that the user vouches for is named by the kernels of its backend, and
// by no other.
func TestUnverifiedPlugin(t *testing.T) {
	l, _ := fakeWorld(t)
	plugin := filepath.Join(l.Home, "plugins", "unverified-xla-cuda", "nvidia", "pjrt_c_api_cuda_plugin.so")
	put(t, plugin, "a library")
	if got := l.Unverified("xla-cuda"); got != plugin {
		t.Fatalf("Unverified = %q, want %q", got, plugin)
	}
	if _, err := ensure(l, Options{Backend: "xla-cuda"}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"gibbs": "", "gibbs-go": "", "gibbs-xla-cpu": "", "gibbs-xla-cuda": "xla:" + plugin} {
		var k kernelJSON
		if err := json.Unmarshal([]byte(readText(filepath.Join(l.Kernelspec(name), "kernel.json"))), &k); err != nil {
			t.Fatal(err)
		}
		if got := k.Env["GOMLX_BACKEND"]; got != want {
			t.Errorf("%s: GOMLX_BACKEND=%q, want %q", name, got, want)
		}
	}
}
