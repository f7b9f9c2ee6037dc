package setup

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"gibbs/kernels/file"
	"gibbs/lib/backend/pjrt"
)

// cudaRequirements is the hash-locked list of the CUDA plugin and NVIDIA's libraries.
//
//go:embed requirements-cuda.txt
var cudaRequirements string

// treeStep brings a plugin whose libraries lie beside it, as pip lays them out: the
// plugin finds them from its own place. The list that it was made of is kept in it.
func (j *job) treeStep(p pjrt.Plugin) step {
	dir := p.Dir(j.Home)
	made := filepath.Join(dir, "requirements.txt")
	return step{
		name: "plugin",
		what: fmt.Sprintf("XLA: PJRT plugin %s %s for %s, and NVIDIA's libraries", p.Package, p.Version, p.Platform),
		need: 10e9,
		done: func() bool {
			return fileKey(made) == key(cudaRequirements) && p.Verify(j.Home) == nil
		},
		do: func(ctx context.Context) (string, error) {
			list, tree := filepath.Join(j.temp(), "requirements.txt"), filepath.Join(j.temp(), "tree")
			if err := os.WriteFile(list, []byte(cudaRequirements), 0o644); err != nil {
				return "", err
			}
			if err := pip(ctx, j.Python(), j.temp(), "install", "--no-deps", "--no-cache-dir", "--no-compile", "--target", tree, "-r", list); err != nil {
				return "", err
			}
			// Beside the plugin go-xla looks for a folder nvidia and names it to XLA, which
			// finds ptxas and libdevice in it.
			if err := os.Symlink(filepath.Join("..", "nvidia", "cu13"), filepath.Join(tree, filepath.FromSlash(path.Dir(path.Dir(p.Member))), "nvidia")); err != nil {
				return "", err
			}
			if err := os.Rename(list, filepath.Join(tree, filepath.Base(made))); err != nil {
				return "", err
			}
			if err := os.RemoveAll(dir); err != nil {
				return "", err
			}
			if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
				return "", err
			}
			if err := os.Rename(tree, dir); err != nil {
				return "", err
			}
			if err := file.SyncDir(filepath.Dir(dir)); err != nil {
				return "", err
			}
			return "SHA-256 as pinned", p.Verify(j.Home)
		},
	}
}
