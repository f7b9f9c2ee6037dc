package main

import (
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"gibbs/kernels/setup"
	"gibbs/lib/backend/pjrt"
)

// goModule is a module, and the Go release as Go's own scanners name it.
func goModule(path, version string) component {
	return component{Name: path, Version: version, URL: "pkg:golang/" + path + "@" + url.PathEscape(version)}
}

// modules are those that the repository requires: cells are made of them.
func modules(l setup.Layout) ([]component, error) {
	cmd := exec.Command("go", "list", "-m", "-f", "{{if not .Main}}{{with .Replace}}{{.Path}} {{.Version}}{{else}}{{.Path}} {{.Version}}{{end}}{{end}}", "all")
	cmd.Dir = l.Root
	out, err := output(cmd)
	if err != nil {
		return nil, err
	}
	found := []component{goModule("stdlib", strings.TrimPrefix(runtime.Version(), "go"))}
	for line := range strings.Lines(out) {
		if path, version, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			found = append(found, goModule(path, version))
		}
	}
	return found, nil
}

// programs are the modules that the programs in .gibbs/bin hold.
func programs(l setup.Layout) ([]component, error) {
	files, err := filepath.Glob(l.Bin("*"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no programs in %s: run `go run ./kernels setup` first", filepath.Dir(l.Bin("*")))
	}
	var found []component
	for _, file := range files {
		info, err := buildinfo.ReadFile(file)
		if err != nil {
			return nil, err
		}
		found = append(found, linked(info)...)
	}
	return found, nil
}

// linked are the modules that one program was linked from, and its own.
func linked(info *debug.BuildInfo) []component {
	found := []component{goModule("stdlib", strings.TrimPrefix(info.GoVersion, "go"))}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		found = append(found, goModule(info.Main.Path, v))
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		found = append(found, goModule(m.Path, m.Version))
	}
	return found
}

// pypi is a Python package; its URL holds the name in normal form (PEP 503).
func pypi(name, version string) component {
	normal := strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(name))
	return component{Name: name, Version: version, URL: "pkg:pypi/" + normal + "@" + url.PathEscape(version)}
}

// python are the packages of the Python environment.
func python(l setup.Layout) ([]component, error) {
	out, err := output(exec.Command(l.Python(), "-I", "-m", "pip", "--disable-pip-version-check", "list", "--format=json"))
	if err != nil {
		return nil, err
	}
	var listed []struct{ Name, Version string }
	if err := json.Unmarshal([]byte(out), &listed); err != nil {
		return nil, fmt.Errorf("pip list: %w", err)
	}
	var found []component
	for _, p := range listed {
		found = append(found, pypi(p.Name, p.Version))
	}
	return found, nil
}

// plugins are the PJRT plugins, verified, and the libraries that came with them.
func plugins(l setup.Layout) ([]component, error) {
	var found []component
	for _, p := range pjrt.Plugins {
		if _, err := os.Stat(p.Path(l.Home)); err != nil {
			continue
		}
		if err := p.Verify(l.Home); err != nil {
			return nil, err
		}
		c := pypi(p.Package, p.Version)
		c.SHA256 = p.SHA256
		found = append(found, c)
	}
	infos, _ := filepath.Glob(filepath.Join(l.Home, "plugins", "*", "*.dist-info"))
	for _, info := range infos {
		name, version, ok := strings.Cut(strings.TrimSuffix(filepath.Base(info), ".dist-info"), "-")
		if !ok {
			return nil, fmt.Errorf("%s does not name a package and its version", info)
		}
		found = append(found, pypi(name, version))
	}
	return found, nil
}

// debian are the packages that dpkg knows; on another base there are none.
func debian(setup.Layout) ([]component, error) {
	out, err := output(exec.Command("dpkg-query", "-W", "-f", "${Package} ${Version} ${Architecture}\n"))
	if errors.Is(err, exec.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []component
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) == 3 {
			found = append(found, component{Name: f[0], Version: f[1],
				URL: fmt.Sprintf("pkg:deb/debian/%s@%s?arch=%s", url.PathEscape(f[0]), url.PathEscape(f[1]), f[2])})
		}
	}
	return found, nil
}

// output runs a command; its error holds what the command said.
func output(cmd *exec.Cmd) (string, error) {
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", fmt.Errorf("%s: %w\n%s", cmd, err, exit.Stderr)
	}
	return string(out), err
}
