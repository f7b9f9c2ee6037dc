// Package pjrt is the table of PJRT plugins that Gibbs trusts: version ×
// platform → SHA-256. It stands apart from package backend, which links GoMLX,
// so that the command line stays small.
package pjrt

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// Plugin is one PJRT plugin that Gibbs knows: where its wheel comes from and
// what its bytes must be.
type Plugin struct {
	Backend     string // the backend that it serves: xla-cpu or xla-cuda
	Platform    string // GOOS/GOARCH
	Package     string // distribution on PyPI
	Version     string // exact version
	WheelSHA256 string // hex digest of the wheel
	Member      string // path of the library inside the wheel
	SHA256      string // hex digest of the library
	Tree        bool   // the wheel is kept whole, with the libraries that it loads beside it
}

// Plugins is the table version × platform → SHA-256. What is not in it is not
// loaded unless GOMLX_BACKEND names it outright.
var Plugins = []Plugin{{
	Backend:     "xla-cpu",
	Platform:    "linux/amd64",
	Package:     "xla-cpu-pjrt",
	Version:     "0.0.1",
	WheelSHA256: "55837b6b7b47daa717f2d9a5a03563ea0ceaa338d06a81a1e2d3f060d960decc",
	Member:      "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so",
	SHA256:      "88c3f28c5900f48ad4a82cab9e79bba9537809743395e341485f8794268820dc",
}, {
	Backend:     "xla-cuda",
	Platform:    "linux/amd64",
	Package:     "jax-cuda13-pjrt",
	Version:     "0.10.2",
	WheelSHA256: "a97e9cabe0e21d8dbcc70bd909ca1c34cd546d3ce2d94b4cd907a8d4f6179f6a",
	Member:      "jax_plugins/xla_cuda13/xla_cuda_plugin.so",
	SHA256:      "4443b8c89bd43923dcb895efc95058c65682de1724ec5a66854a96d4731e4228",
	Tree:        true,
}}

// PluginFor returns the plugin of a backend on this platform, if Gibbs knows one.
func PluginFor(name string) (Plugin, bool) {
	for _, p := range Plugins {
		if p.Backend == name && p.Platform == runtime.GOOS+"/"+runtime.GOARCH {
			return p, true
		}
	}
	return Plugin{}, false
}

// Dir returns the plugin's folder under the folder for generated files.
func (p Plugin) Dir(home string) string {
	return filepath.Join(home, "plugins", p.Package+"-"+p.Version)
}

// Path returns where the plugin's library lies under the folder for generated files.
func (p Plugin) Path(home string) string {
	if p.Tree {
		return filepath.Join(p.Dir(home), filepath.FromSlash(p.Member))
	}
	return filepath.Join(p.Dir(home), filepath.Base(p.Member))
}

// verdict is a hash that was computed for a file of this size and time.
type verdict struct {
	Size    int64  `json:"size"`
	ModTime int64  `json:"mtime_ns"`
	SHA256  string `json:"sha256"`
}

// Verify checks that the library under home has the table's SHA-256. The file is
// hashed once; later calls compare its size and modification time with the
// verdict stored beside it, so that opening a backend costs nothing.
func (p Plugin) Verify(home string) error {
	path := p.Path(home)
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("pjrt: plugin %s %s: %w", p.Package, p.Version, err)
	}
	seen := verdict{Size: info.Size(), ModTime: info.ModTime().UnixNano()}
	var stored verdict
	if text, err := os.ReadFile(path + ".verdict"); err == nil && json.Unmarshal(text, &stored) == nil &&
		stored.Size == seen.Size && stored.ModTime == seen.ModTime {
		seen.SHA256 = stored.SHA256
	} else if seen.SHA256, err = FileSHA256(path); err != nil {
		return err
	} else if text, err := json.Marshal(seen); err == nil {
		// A read-only home only means that the next call hashes again.
		_ = os.WriteFile(path+".verdict", text, 0o644)
	}
	if seen.SHA256 != p.SHA256 {
		return fmt.Errorf("pjrt: plugin %s has SHA-256 %s, want %s: it is damaged or was replaced and will not be loaded; "+
			"remove it and run `go run ./kernels setup`", path, seen.SHA256, p.SHA256)
	}
	return nil
}

// FileSHA256 returns the hex SHA-256 of a file.
func FileSHA256(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("pjrt: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("pjrt: reading %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
