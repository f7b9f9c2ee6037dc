//go:build cgo && !noxla && ((linux && (amd64 || arm64)) || (darwin && arm64))

package mcmc

import (
	"strings"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/pjrt"
	"github.com/google/go-cmp/cmp"
)

// twoDevices opens XLA with the processor as two devices.
func twoDevices(t *testing.T) compute.Backend {
	t.Helper()
	c, err := backend.Choose()
	if err != nil || c.Name != backend.XLACPU {
		t.Skipf("the backend is %s (%v), and only %s can be opened with two devices here", c.Name, err, backend.XLACPU)
	}
	b, err := xla.NewWithOptions(c.Plugin, pjrt.NamedValuesMap{"cpu_device_count": int64(2)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// TestDevices checks that five chains on two devices are word for word the two and the
// three that the devices would make alone, with keys of their own, also block by block.
func TestDevices(t *testing.T) {
	b, kernel := twoDevices(t), HMC{Target: prob.StandardNormal(2), LeapfrogSteps: 3}
	given := Sampling{Dim: 2, Chains: 5, Warmup: 60, Draws: 600, Seed: 4, Devices: 2}
	all, err := Sample(t.Context(), b, kernel, given)
	if err != nil {
		t.Fatal(err)
	}
	c, err := given.withDefaults(b, kernel)
	if err != nil {
		t.Fatal(err)
	}
	var parts []*Draws
	for d, rows := range [][2]int{{0, 2}, {2, 5}} {
		share := c
		share.Start, share.Chains = rowsOf(c.Start, rows[0], rows[1]), rows[1]-rows[0]
		part, err := sampleOn(t.Context(), b, compute.DeviceNum(1-d), rng.NewHost(c.Seed).Fold(int64(2+d)).Key(), kernel, share)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part)
	}
	if diff := cmp.Diff(join(parts), all); diff != "" {
		t.Errorf("two devices differ from one after the other (-alone +together):\n%.2000s", diff)
	}
	if cmp.Equal(all.X[0], all.X[2]) {
		t.Error("both devices made the same chain")
	}

	streamed, least := newDraws(5), 0
	given.Progress = func(done, _ int) { least = max(least, done) }
	given.Each = func(block *Draws) error {
		streamed = streamed.then(block)
		return nil
	}
	if _, err := Sample(t.Context(), b, kernel, given); err != nil {
		t.Fatal(err)
	}
	if least != 660 || !cmp.Equal(streamed.X, all.X) || !cmp.Equal(streamed.Energy, all.Energy) {
		t.Errorf("block by block: %d transitions told of 660, or other draws", least)
	}
	given.Devices = 3
	if _, err := Sample(t.Context(), b, kernel, given); err == nil || !strings.Contains(err.Error(), "Devices 3") {
		t.Errorf("three devices of two: %v", err)
	}
}
