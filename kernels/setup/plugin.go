package setup

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"

	"gibbs/lib/backend/pjrt"
)

// digits are the 1,797 handwritten digits of 8×8 pixels (Alpaydin and Kaynak,
// 1998), which scikit-learn's wheel carries. One wheel is pinned for all
// platforms: the file in it is data.
var digits = wheel{
	Package:     "scikit-learn",
	Version:     "1.7.2",
	WheelSHA256: "e5bf3d930aee75a65478df91ac1225ff89cd28e9ac7bd1196853a9229b6adb0b",
	Pip:         []string{"--python-version", "3.12", "--platform", "manylinux2014_x86_64"},
	Member:      "sklearn/datasets/data/digits.csv.gz",
	SHA256:      "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22",
}

func (j *job) digitsStep() step {
	return step{
		name: "digits",
		what: "handwritten digits, out of scikit-learn's wheel",
		need: 20e6,
		done: func() bool {
			sum, err := pjrt.FileSHA256(j.Digits())
			return err == nil && sum == digits.SHA256
		},
		do: func(ctx context.Context) (string, error) { return "", digits.fetch(ctx, j.Layout, j.Digits()) },
	}
}

// Backends are the values of Options.Backend.
var Backends = []string{"auto", "go", "xla-cpu", "xla-cuda"}

// pluginSteps returns the step that brings the backend's PJRT plugin, if it
// needs one, or a *Fault where Gibbs may not bring it.
func (j *job) pluginSteps() ([]step, error) {
	if !slices.Contains(Backends, j.Backend) {
		return nil, fmt.Errorf("setup: backend %q is none of auto, go, xla-cpu, xla-cuda", j.Backend)
	}
	backend := j.Backend
	if backend == "auto" {
		backend = "xla-cpu"
	}
	plugin, known := pjrt.PluginFor(backend)
	switch {
	case j.Backend == "go":
		return nil, nil
	case known && plugin.Tree:
		return []step{j.treeStep(plugin)}, nil
	case known:
		return []step{j.pluginStep(plugin)}, nil
	case j.UnverifiedPlugin:
		return []step{j.unverifiedStep(backend)}, nil
	case j.Unverified(backend) != "", j.Backend == "auto":
		return nil, nil // auto: pure Go on this platform
	}
	return nil, &Fault{Step: "plugin",
		What: fmt.Sprintf("Gibbs knows no hash of a PJRT plugin for %s on %s/%s, and installs nothing that it cannot verify", backend, runtime.GOOS, runtime.GOARCH),
		Do: "name a plugin that you trust (GOMLX_BACKEND=xla:/absolute/path/of/plugin.so), " +
			"or run `go run ./kernels setup --backend " + backend + " --unverified-plugin`, which lets go-xla's installer download one, unverified",
		Still: "everything, on the pure-Go backend: `go run ./kernels setup --backend go`"}
}

// pluginStep brings a plugin that the table knows.
func (j *job) pluginStep(p pjrt.Plugin) step {
	w := wheel{Package: p.Package, Version: p.Version, WheelSHA256: p.WheelSHA256, Member: p.Member, SHA256: p.SHA256}
	return step{
		name: "plugin",
		what: fmt.Sprintf("XLA: PJRT plugin %s %s for %s", p.Package, p.Version, p.Platform),
		need: 400e6,
		done: func() bool { return p.Verify(j.Home) == nil },
		do: func(ctx context.Context) (string, error) {
			remark := "SHA-256 as pinned"
			if _, err := os.Stat(p.Path(j.Home)); err == nil {
				remark = "replaced one whose SHA-256 was not the pinned one"
			}
			if err := w.fetch(ctx, j.Layout, p.Path(j.Home)); err != nil {
				return "", err
			}
			_ = os.Remove(p.Path(j.Home) + ".verdict")
			return remark, p.Verify(j.Home)
		},
	}
}
