package launch

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Warm compiles and links a cell with these imports, as a kernel of o.Backend
// would, so that the first cell of a lesson is as quick as its tenth. The packages
// that it finds are kept in env.Home, and compiled in Go's build cache.
func Warm(ctx context.Context, o Options, root string, imports []string) error {
	private, err := os.MkdirTemp("", "gibbs-warm-")
	if err != nil {
		return fmt.Errorf("launch: %w", err)
	}
	defer os.RemoveAll(private)
	environ, err := kernelEnv(o, root, private)
	if err != nil {
		return err
	}
	dir := filepath.Join(private, "cell")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("launch: %w", err)
	}
	var source bytes.Buffer
	source.WriteString("package main\n\n")
	for _, path := range imports {
		fmt.Fprintf(&source, "import _ %q\n", path)
	}
	source.WriteString("\nfunc main() {}\n")
	if err := os.WriteFile(filepath.Join(dir, "main.go"), source.Bytes(), 0o600); err != nil {
		return fmt.Errorf("launch: %w", err)
	}
	// A build lists only packages that it found compiled: the second lists them
	// all, and has a name of its own because it would not link what is there.
	build := func(name string) []string { return []string{"build", "-o", filepath.Join(private, name)} }
	for _, args := range [][]string{{"mod", "init", "cell"}, build("first"), build("second")} {
		cmd := exec.CommandContext(ctx, filepath.Join(private, "bin", "go"), args...)
		cmd.Dir, cmd.Env = dir, environ
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("launch: warming %s: go %s: %w\n%s", o.Backend, args[0], err, out)
		}
	}
	return nil
}
