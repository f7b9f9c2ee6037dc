package ckpt

import (
	"fmt"
	"slices"
	"testing"
)

// twoSaved returns a disk with the samples of steps 1 and 2, and the name of the
// newer file.
func twoSaved() (*memDisk, string, error) {
	m := newMemDisk()
	_, _, err := saveAll(m, 0, 2)
	return m, fileName(2, whole), err
}

// fallsBack changes the newest of two checkpoints and returns what is wrong: both
// ways of loading must give the older one, exactly, and the damage be reported.
func fallsBack(plant bug, m *memDisk, name string, change func([]byte) []byte) error {
	m = m.clone()
	m.now[name].data = change(m.now[name].data)
	got, err := loadFrom(plant(m), home)
	if err != nil {
		return fmt.Errorf("Load: %w", err)
	}
	if err := same(got, sample(1)); err != nil {
		return fmt.Errorf("Load: %w", err)
	}
	d, err := openOn(plant(m), home, Options{})
	if err != nil {
		return err
	}
	if got, err = d.Latest(); err != nil {
		return fmt.Errorf("Latest: %w", err)
	}
	if err := same(got, sample(1)); err != nil {
		return fmt.Errorf("Latest: %w", err)
	}
	if bad := d.Damaged(); len(bad) != 1 || bad[0].Path != home+"/"+fileName(2, setAside) || bad[0].Err == nil {
		return fmt.Errorf("Damaged = %v", bad)
	}
	if m.now[name] != nil || m.now[fileName(2, setAside)] == nil {
		return fmt.Errorf("not set aside: %v", m.now)
	}
	return nil
}

// flipBits flips n bits, one at a time and spread evenly over the whole file, and
// returns the violations.
func flipBits(plant bug, n int) (violations []error, err error) {
	m, name, err := twoSaved()
	if err != nil {
		return nil, err
	}
	bits := 8 * len(m.now[name].data)
	for i := range n {
		bit := i * bits / n
		if err := fallsBack(plant, m, name, func(data []byte) []byte {
			data[bit/8] ^= 1 << (bit % 8)
			return data
		}); err != nil {
			violations = append(violations, fmt.Errorf("bit %d of %d: %w", bit, bits, err))
		}
	}
	return violations, nil
}

func TestEveryFlippedBitIsFound(t *testing.T) {
	n := count(flips)
	violations, err := flipBits(correct, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d flips, %d loaded in silence or without falling back", n, len(violations))
	for _, v := range violations[:min(3, len(violations))] {
		t.Error(v)
	}
	const few = 200
	violations, err = flipBits(bugs["no checksum"], few)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("planted bug, no checksum: %d of %d flips loaded", len(violations), few)
	if len(violations) == 0 {
		t.Error(`planted bug "no checksum" was not found`)
	}
}

func TestEveryTruncationIsFound(t *testing.T) {
	m, name, err := twoSaved()
	if err != nil {
		t.Fatal(err)
	}
	n, size := count(cuts), len(m.now[name].data)
	for i := range n {
		keep := i * size / n
		if err := fallsBack(correct, m, name, func(data []byte) []byte { return data[:keep] }); err != nil {
			t.Errorf("%d of %d bytes kept: %v", keep, size, err)
		}
	}
	t.Logf("%d truncations of a file of %d bytes", n, size)
	for name, change := range map[string]func([]byte) []byte{
		"one more byte": func(data []byte) []byte { return append(data, 0) },
		"twice":         func(data []byte) []byte { return append(data, data...) },
		"zeros":         func(data []byte) []byte { return make([]byte, len(data)) },
		"two swapped":   func(data []byte) []byte { slices.Reverse(data[size/2:]); return data },
	} {
		if err := fallsBack(correct, m, fileName(2, whole), change); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
