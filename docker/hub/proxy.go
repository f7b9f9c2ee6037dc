package main

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gibbs/kernels/child"
	"gibbs/kernels/setup"
)

// The proxy's packages, each with its hash.
//
//go:embed package.json
var proxyPackage []byte

//go:embed package-lock.json
var proxyLock []byte

// ensureProxy brings configurable-http-proxy and returns its program. The folder's
// name holds the key of its contents; it is renamed to its place when it is whole.
func ensureProxy(ctx context.Context, l setup.Layout, out io.Writer) (string, error) {
	dir := filepath.Join(l.Home, fmt.Sprintf("hub-proxy-%.8x", sha256.Sum256(append(proxyPackage, proxyLock...))))
	program := filepath.Join("node_modules", ".bin", "configurable-http-proxy")
	if _, err := os.Stat(filepath.Join(dir, program)); err == nil {
		return filepath.Join(dir, program), nil
	}
	fmt.Fprintln(out, "  proxy       configurable-http-proxy, for the Hub")
	temp, err := os.MkdirTemp(l.Home, ".proxy-")
	if err != nil {
		return "", fmt.Errorf("hub: %w", err)
	}
	defer os.RemoveAll(temp)
	for name, text := range map[string][]byte{"package.json": proxyPackage, "package-lock.json": proxyLock} {
		if err := os.WriteFile(filepath.Join(temp, name), text, 0o644); err != nil {
			return "", fmt.Errorf("hub: %w", err)
		}
	}
	npm := child.Command{Dir: temp, Name: "npm", Args: []string{"ci", "--ignore-scripts", "--no-audit", "--no-fund"}}
	if _, err := npm.Output(ctx); err != nil {
		return "", fmt.Errorf("hub: bringing the proxy: %w; it needs Node.js 20 or later with npm (Debian, Ubuntu: apt install nodejs npm)", err)
	}
	if err := os.Rename(temp, dir); err != nil {
		return "", fmt.Errorf("hub: %w", err)
	}
	return filepath.Join(dir, program), nil
}
