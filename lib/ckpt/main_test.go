package ckpt

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/gomlx/core/tensors"
)

// The full figures are those of one command:
//
//	go test ./lib/ckpt -timeout 30m -args -kills 1000 -flips 10000 -cuts 2000 -races 200 -rapid.checks 10000 -rapid.steps 50
var (
	kills = flag.Int("kills", 25, "times to kill a process that saves; a fifth with -short")
	flips = flag.Int("flips", 2000, "single bits to flip; a fifth with -short")
	cuts  = flag.Int("cuts", 400, "truncations; a fifth with -short")
	races = flag.Int("races", 10, "races of two writers; a fifth with -short")
)

// count returns a size, or a fifth of it with -short.
func count(n *int) int {
	if testing.Short() {
		return max(*n/5, 1)
	}
	return *n
}

func TestMain(m *testing.M) {
	flag.Parse()
	if role := os.Getenv("CKPT_TEST_ROLE"); role != "" {
		os.Exit(child(role))
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil))) // damage is reported thousands of times
	os.Exit(m.Run())
}

// sample returns a snapshot with all dtypes, a scalar and an empty tensor, whose
// values are functions of the step.
func sample(step int64) *Snapshot {
	n, x := int(step), float64(step)
	weights := make([]float32, 20*24)
	for i := range weights {
		weights[i] = float32(x) + 1/float32(i+1)
	}
	return &Snapshot{
		Step: step,
		Meta: map[string]string{"seed": fmt.Sprint(n * 7), "σ \"quoted\"\n": "½ <&>"},
		Tensors: map[string]*tensors.Tensor{
			"/dense/weights": tensors.FromFlatDataAndDimensions(weights, 20, 24),
			"/step":          tensors.FromScalar(step),
			"/#rngState":     tensors.FromValue([]uint64{uint64(n), 1<<64 - 1, 3}),
			"empty":          tensors.FromFlatDataAndDimensions([]float64{}, 0, 5),
			"../../etc/x":    tensors.FromValue([]float64{x, math.Copysign(0, -1), 5e-324}),
			"f16":            tensors.FromValue([]float16.Float16{float16.FromFloat32(1.5)}),
			"bf16":           tensors.FromValue([]bfloat16.BFloat16{bfloat16.FromFloat32(2.5), 0, 0}),
			"bool":           tensors.FromValue([]bool{true, false, n%2 == 0}),
			"i8":             tensors.FromValue([]int8{-128, 127}),
			"i16":            tensors.FromValue([][]int16{{-1}, {int16(n)}}),
			"i32":            tensors.FromScalar(int32(-n)),
			"u8":             tensors.FromValue([]uint8{255, 0}),
			"u16":            tensors.FromValue([]uint16{65535}),
			"u32":            tensors.FromValue([]uint32{uint32(n), 1<<32 - 1}),
		},
	}
}

// same returns how two snapshots differ, to the bit, or nil.
func same(got, want *Snapshot) error {
	if got.Step != want.Step {
		return fmt.Errorf("step %d, want %d", got.Step, want.Step)
	}
	if !maps.Equal(got.Meta, want.Meta) {
		return fmt.Errorf("metadata %v, want %v", got.Meta, want.Meta)
	}
	if len(got.Tensors) != len(want.Tensors) {
		return fmt.Errorf("%d tensors, want %d", len(got.Tensors), len(want.Tensors))
	}
	for name, w := range want.Tensors {
		g, ok := got.Tensors[name]
		if !ok || !g.Shape().Equal(w.Shape()) || !bytes.Equal(raw(g), raw(w)) {
			return fmt.Errorf("tensor %q is %v, want %v", name, g, w)
		}
	}
	return nil
}

// raw returns a copy of a tensor's bytes.
func raw(t *tensors.Tensor) (out []byte) {
	if err := t.ConstBytes(func(data []byte) { out = slices.Clone(data) }); err != nil {
		panic(err)
	}
	return out
}

// mustOpen opens the folder of a memDisk.
func mustOpen(t testing.TB, on disk, o Options) *Dir {
	t.Helper()
	d, err := openOn(on, home, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// mustSave saves the samples of the given steps.
func mustSave(t testing.TB, d *Dir, steps ...int64) {
	t.Helper()
	for _, step := range steps {
		if err := d.Save(sample(step)); err != nil {
			t.Fatalf("saving step %d: %v", step, err)
		}
	}
}
