package ckpt

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

func TestSaveAndLoadAreExact(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b")
	d, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	mustSave(t, d, 1, 2, 3)
	fromDir, err := d.Latest()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	fromPath, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []*Snapshot{fromDir, fromPath} {
		if err := same(got, sample(3)); err != nil {
			t.Error(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(path, "*"))
	if err != nil || len(files) != 3 {
		t.Errorf("the folder holds %v, want the lock and 2 checkpoints (%v)", files, err)
	}
	if err := d.Save(sample(4)); err == nil {
		t.Error("a closed folder was saved to")
	}
}

func TestEqualSnapshotsGiveEqualFiles(t *testing.T) {
	a, b := newMemDisk(), newMemDisk()
	for _, m := range []*memDisk{a, b} {
		mustSave(t, mustOpen(t, m, Options{}), 5)
	}
	name := fileName(1, whole)
	if string(a.now[name].data) != string(b.now[name].data) {
		t.Error("one snapshot gave two different files")
	}
}

func TestNone(t *testing.T) {
	d, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Latest(); !errors.Is(err, ErrNone) {
		t.Errorf("empty folder: %v, want ErrNone", err)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, ErrNone) {
		t.Errorf("no folder: %v, want ErrNone", err)
	}
}

func TestSecondWriterIsRefused(t *testing.T) {
	path := t.TempDir()
	d, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(path, Options{})
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("second Open: %v, want ErrLocked with the path", err)
	}
	if err := errors.Join(d.Close(), d.Close()); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path, Options{})
	if err != nil {
		t.Fatalf("Open after Close: %v", err)
	}
	again.Close()
}

func TestOpenRefusesWhatIsNoFolder(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{plain, filepath.Join(plain, "below")} {
		if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), plain) {
			t.Errorf("Open(%s) = %v, want an error with the path", path, err)
		}
	}
	if _, err := Open(t.TempDir(), Options{Keep: -1}); err == nil {
		t.Error("Keep -1 was accepted")
	}
}

// A NaN or an infinity anywhere in any float tensor is refused by name, and the
// last checkpoint stays (50 places, as a run that diverges would give them).
func TestNonFiniteIsRefused(t *testing.T) {
	m := newMemDisk()
	d := mustOpen(t, m, Options{Keep: 1})
	mustSave(t, d, 1)
	bad := []float64{math.NaN(), math.Inf(1), math.Inf(-1)}
	for i := range 50 {
		s := sample(2)
		values := make([]float32, 21)
		values[i%21] = float32(bad[i%3])
		s.Tensors["/dense/weights"] = tensors.FromFlatDataAndDimensions(values, 3, 7)
		err := d.Save(s)
		if err == nil || !strings.Contains(err.Error(), "/dense/weights") {
			t.Fatalf("place %d: Save = %v, want an error that names the tensor", i, err)
		}
	}
	got, err := d.Latest()
	if err != nil {
		t.Fatal(err)
	}
	if err := same(got, sample(1)); err != nil {
		t.Error(err)
	}
	mustSave(t, d, 3)
}

func TestSaveRefuses(t *testing.T) {
	d := mustOpen(t, newMemDisk(), Options{MaxBytes: 4096})
	one := tensors.FromScalar(float32(1))
	gone := tensors.FromScalar(float32(1))
	gone.MustFinalizeAll()
	for name, s := range map[string]*Snapshot{
		"negative step": {Step: -1},
		"reserved name": {Tensors: map[string]*tensors.Tensor{digestKey: one}},
		"not UTF-8":     {Tensors: map[string]*tensors.Tensor{"\xff": one}},
		"nil tensor":    {Tensors: map[string]*tensors.Tensor{"a": nil}},
		"finalized":     {Tensors: map[string]*tensors.Tensor{"a": gone}},
		"complex":       {Tensors: map[string]*tensors.Tensor{"a": tensors.FromScalar(complex64(1))}},
		"own metadata":  {Meta: map[string]string{stepKey: "9"}},
		"over MaxBytes": {Tensors: map[string]*tensors.Tensor{"a": tensors.FromValue(make([]float64, 512))}},
		"rank 33":       {Tensors: map[string]*tensors.Tensor{"a": tensors.FromFlatDataAndDimensions([]int8{1}, ones(33)...)}},
	} {
		if err := d.Save(s); err == nil || !strings.HasPrefix(err.Error(), "ckpt: ") {
			t.Errorf("%s: Save = %v, want an error of the package", name, err)
		}
	}
	if _, err := d.Latest(); !errors.Is(err, ErrNone) {
		t.Errorf("a refused snapshot left something: %v", err)
	}
}

func ones(n int) []int {
	dims := make([]int, n)
	for i := range dims {
		dims[i] = 1
	}
	return dims
}

// A disk that is full after any number of bytes: the error tells it and names the
// folder, nothing is left over, the old checkpoint is whole, and with room again
// the save works. Once the missing space is known beforehand, once it is not.
func TestFullDisk(t *testing.T) {
	for _, hidden := range []bool{false, true} {
		m := newMemDisk()
		d := mustOpen(t, m, Options{Keep: 1})
		mustSave(t, d, 1)
		used := m.used()
		const points = 100
		for i := range int64(points) {
			m.capacity, m.hidden = used+used*i/points, hidden
			err := d.Save(sample(2))
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), home) {
				t.Fatalf("room for %d of %d bytes: Save = %v, want ENOSPC with the path", used*i/points, used, err)
			}
			if len(m.now) != 1 {
				t.Fatalf("left over: %v", m.now)
			}
			got, err := d.Latest()
			if err != nil {
				t.Fatal(err)
			}
			if err := same(got, sample(1)); err != nil {
				t.Fatal(err)
			}
		}
		m.capacity = 0
		mustSave(t, d, 3)
	}
}

// Readers without the lock always find a whole checkpoint, and never an older
// one than before, while a writer that keeps only one saves.
func TestLoadWhileSaving(t *testing.T) {
	path := t.TempDir()
	d, err := Open(path, Options{Keep: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	mustSave(t, d, 1)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for last := int64(0); ; {
				got, err := Load(path)
				if err == nil {
					err = same(got, sample(got.Step))
				}
				if err == nil && got.Step < last {
					err = fmt.Errorf("step %d after %d", got.Step, last)
				}
				if err != nil {
					t.Error(err)
					return
				}
				last = got.Step
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for step := int64(2); step <= 25; step++ {
		mustSave(t, d, step)
	}
	close(done)
	readers.Wait()
}
