package ckpt

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// saveAll opens a folder and saves steps from+1 to to, until one fails. It
// returns the last step acknowledged.
func saveAll(on disk, from, to int64) (d *Dir, acked int64, err error) {
	acked = from
	if d, err = openOn(on, home, Options{}); err != nil {
		return nil, acked, err
	}
	for step := from + 1; step <= to; step++ {
		if err := d.Save(sample(step)); err != nil {
			return d, acked, err
		}
		acked = step
	}
	return d, acked, nil
}

// recovered opens a folder as a new process would and returns what is wrong: the
// newest checkpoint must be the last one acknowledged or the one after it, exact
// to the bit; nothing may be damaged or left over; and saving must go on.
func recovered(on disk, m *memDisk, acked int64) error {
	d, err := openOn(on, home, Options{})
	if err != nil {
		return err
	}
	got, err := d.Latest()
	if errors.Is(err, ErrNone) && acked == 0 {
		got, err = &Snapshot{}, nil
	}
	if err != nil {
		return fmt.Errorf("step %d was acknowledged: %w", acked, err)
	}
	if got.Step != acked && got.Step != acked+1 {
		return fmt.Errorf("step %d was acknowledged, step %d was found", acked, got.Step)
	}
	if got.Step > 0 {
		if err := same(got, sample(got.Step)); err != nil {
			return err
		}
	}
	if len(d.Damaged()) > 0 {
		return fmt.Errorf("damaged: %v", d.Damaged())
	}
	for name := range m.now {
		if strings.HasSuffix(name, ".tmp") {
			return fmt.Errorf("left over: %s", name)
		}
	}
	next := got.Step + 1
	if err := d.Save(sample(next)); err != nil {
		return err
	}
	if got, err = d.Latest(); err != nil {
		return err
	}
	return same(got, sample(next))
}

// powerLoss loses power at every operation of a run of four saves, seeds times
// each with another choice of what survives, and returns the first violation and
// the number of losses tried.
func powerLoss(plant bug, seeds int) (tried int, err error) {
	for n := 1; ; n++ {
		for seed := range uint64(seeds) {
			m := newMemDisk()
			m.arm(n, true, errPower)
			_, acked, err := saveAll(plant(m), 0, 4)
			if err == nil && !m.fired {
				return tried, nil
			}
			m.lose(rand.New(rand.NewPCG(uint64(n), seed)))
			tried++
			if err := recovered(plant(m), m, acked); err != nil {
				return tried, fmt.Errorf("power lost at operation %d: %w", n, err)
			}
		}
	}
}

// faults makes every operation of a save fail, once and for good, with each
// error, and returns the first violation and the number of failures tried.
func faults(plant bug) (tried int, err error) {
	for _, failure := range failures {
		for _, persistent := range []bool{false, true} {
			for n := 1; ; n++ {
				m := newMemDisk()
				d, acked, err := saveAll(plant(m), 0, 2)
				if err != nil {
					return tried, err
				}
				m.arm(n, persistent, failure)
				saveErr := d.Save(sample(3))
				if !m.fired {
					break
				}
				tried++
				m.disarm()
				if saveErr == nil {
					acked = 3
				}
				if err := afterFault(plant, m, d, saveErr, acked, persistent); err != nil {
					return tried, fmt.Errorf("%v at operation %d, persistent %v: %w", failure, n, persistent, err)
				}
			}
		}
	}
	return tried, nil
}

// afterFault returns what is wrong after a Save met a fault.
func afterFault(plant bug, m *memDisk, d *Dir, saveErr error, acked int64, persistent bool) error {
	if saveErr != nil && !strings.Contains(saveErr.Error(), home) {
		return fmt.Errorf("error without the path: %w", saveErr)
	}
	got, err := d.Latest()
	if err != nil {
		return err
	}
	if err := same(got, sample(got.Step)); err != nil {
		return err
	}
	if got.Step != acked && got.Step != acked+1 {
		return fmt.Errorf("step %d was acknowledged, step %d was found", acked, got.Step)
	}
	if len(d.Damaged()) > 0 {
		return fmt.Errorf("damaged: %v", d.Damaged())
	}
	for name := range m.now {
		if strings.HasSuffix(name, ".tmp") && !persistent { // a disk that fails for good cannot remove either
			return fmt.Errorf("left over: %s", name)
		}
	}
	return recovered(plant(m), m, acked)
}

func TestPowerLossAtEveryOperation(t *testing.T) {
	seeds := 8
	if testing.Short() {
		seeds = 2
	}
	tried, err := powerLoss(correct, seeds)
	t.Logf("%d power losses", tried)
	if err != nil {
		t.Error(err)
	}
	for _, name := range []string{"no rename", "no file sync", "no dir sync", "prune first", "keep litter"} {
		if _, err := powerLoss(bugs[name], seeds); err == nil {
			t.Errorf("planted bug %q was not found", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
}

func TestFaultAtEveryOperation(t *testing.T) {
	tried, err := faults(correct)
	t.Logf("%d faults", tried)
	if err != nil {
		t.Error(err)
	}
	for _, name := range []string{"no rename", "prune first", "keep litter"} {
		if _, err := faults(bugs[name]); err == nil {
			t.Errorf("planted bug %q was not found", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
}

// While loading, a fault gives an error or a whole checkpoint. It never makes
// checkpoints that are there look as if there were none, and never hides them
// once it is over.
func TestFaultWhileLoading(t *testing.T) {
	for _, failure := range failures {
		for _, persistent := range []bool{false, true} {
			for n := 1; ; n++ {
				m := newMemDisk()
				d, _, err := saveAll(m, 0, 2)
				if err != nil {
					t.Fatal(err)
				}
				m.arm(n, persistent, failure)
				got, err := d.Latest()
				if !m.fired {
					break
				}
				m.disarm()
				switch {
				case err == nil && same(got, sample(got.Step)) != nil:
					t.Errorf("%v at operation %d: %v", failure, n, same(got, sample(got.Step)))
				case errors.Is(err, ErrNone):
					t.Errorf("%v at operation %d: %v", failure, n, err)
				}
				if got, err = d.Latest(); err != nil || got.Step != 2 {
					t.Errorf("%v at operation %d: afterwards %v, %v", failure, n, got, err)
				}
			}
		}
	}
}

// A disk that says it wrote what it did not is found by reading back.
func TestLyingDisk(t *testing.T) {
	m := newMemDisk()
	d := mustOpen(t, m, Options{Keep: 1})
	mustSave(t, d, 1)
	d.disk = lying{m}
	if err := d.Save(sample(2)); err == nil {
		t.Error("a lost byte was not found")
	}
	if got, err := d.Latest(); err != nil || got.Step != 1 {
		t.Errorf("Latest = %v, %v; want step 1", got, err)
	}
}

// lying swaps the last byte of what it writes.
type lying struct{ disk }

func (d lying) create(path string) (file, error) {
	f, err := d.disk.create(path)
	return lyingFile{f}, err
}

type lyingFile struct{ file }

func (f lyingFile) Write(p []byte) (int, error) {
	q := append([]byte{}, p...)
	q[len(q)-1] ^= 1
	return f.file.Write(q)
}
