package setup

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gibbs/lib/backend/pjrt"
)

// TestPluginWithLibraries catches a plugin without the libraries beside it, one that
// is not the pinned one, and one that stays when the list of libraries changes.
func TestPluginWithLibraries(t *testing.T) {
	l, dir := fakeWorld(t)
	p := pjrt.Plugin{Backend: "xla-cuda", Platform: runtime.GOOS + "/" + runtime.GOARCH, Package: "fake-cuda", Version: "1",
		Member: "plugins/cuda/plugin.so", SHA256: sha256Hex([]byte("the plugin")), Tree: true}
	pjrt.Plugins = append(pjrt.Plugins, p)
	library := filepath.Join("nvidia", "cu13", "lib.so")
	put(t, filepath.Join(dir, "tree", p.Member), "the plugin")
	put(t, filepath.Join(dir, "tree", library), "the library")
	there := func() bool {
		_, err := os.Stat(filepath.Join(p.Dir(l.Home), library))
		_, beside := os.Stat(filepath.Join(p.Dir(l.Home), "plugins", "nvidia"))
		return err == nil && beside == nil && p.Verify(l.Home) == nil
	}
	if _, err := ensure(l, Options{}); err != nil || there() {
		t.Fatalf("auto brought the plugin, or failed: %v", err)
	}
	if _, err := ensure(l, Options{Backend: "xla-cuda"}); err != nil || !there() {
		t.Fatalf("the plugin is not whole: %v", err)
	}
	if out, err := ensure(l, Options{Backend: "xla-cuda"}); err != nil || out != "" {
		t.Errorf("a second set-up said %q, %v", out, err)
	}

	old := cudaRequirements
	t.Cleanup(func() { cudaRequirements = old })
	cudaRequirements += "# newer\n"
	library = filepath.Join("nvidia", "cu13", "newer.so")
	put(t, filepath.Join(dir, "tree", library), "a newer library")
	if _, err := ensure(l, Options{Backend: "xla-cuda"}); err != nil || !there() {
		t.Errorf("a changed list changed nothing: %v", err)
	}

	put(t, p.Path(l.Home), "damaged, and longer")
	if _, err := ensure(l, Options{Backend: "xla-cuda"}); err != nil || !there() {
		t.Errorf("a damaged plugin stayed: %v", err)
	}
	put(t, filepath.Join(dir, "tree", p.Member), "another plugin")
	put(t, p.Path(l.Home), "damaged once more")
	if _, err := ensure(l, Options{Backend: "xla-cuda"}); err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("a plugin that is not the pinned one was taken: %v", err)
	}
}

// TestTheCUDALockFitsTheTable keeps the list and the table of plugins together.
func TestTheCUDALockFitsTheTable(t *testing.T) {
	for _, p := range pjrt.Plugins {
		if !p.Tree {
			continue
		}
		_, after, found := strings.Cut(cudaRequirements, p.Package+"=="+p.Version+" ")
		own, _, _ := strings.Cut(after, "==")
		if !found || !strings.Contains(own, "sha256:"+p.WheelSHA256) {
			t.Errorf("requirements-cuda.txt does not lock %s %s to the wheel %s", p.Package, p.Version, p.WheelSHA256)
		}
	}
	if !strings.Contains(cudaRequirements, "nvidia-cudnn-cu13==") || strings.Contains(cudaRequirements, "jax-cuda13-plugin") {
		t.Error("the list lacks NVIDIA's libraries, or holds the Python half of the plugin")
	}
}
