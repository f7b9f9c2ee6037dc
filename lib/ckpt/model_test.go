package ckpt

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// stored is what the model knows of one finished checkpoint.
type stored struct {
	number  int64
	step    int64
	damaged bool
}

// machine runs a folder beside a model of it: the finished checkpoints, oldest
// first.
type machine struct {
	disk  *memDisk
	dir   *Dir
	keep  int
	step  int64
	files []*stored
	known map[int64]*stored // all that ever were, by number
}

// expected returns the step that a load must give, and whether there is one.
func (m *machine) expected() (step int64, ok bool) {
	for _, f := range slices.Backward(m.files) {
		if !f.damaged {
			return f.step, true
		}
	}
	return 0, false
}

// check compares what a load gave with the model.
func (m *machine) check(t *rapid.T, got *Snapshot, err error) {
	step, ok := m.expected()
	switch {
	case !ok && !errors.Is(err, ErrNone):
		t.Fatalf("got %v, %v; want ErrNone", got, err)
	case ok && err != nil:
		t.Fatalf("want step %d: %v", step, err)
	case ok:
		if err := same(got, sample(step)); err != nil {
			t.Fatal(err)
		}
	}
}

// reopen opens the folder as a new process does.
func (m *machine) reopen(t *rapid.T) {
	var err error
	if m.dir, err = openOn(m.disk, home, Options{Keep: m.keep}); err != nil {
		t.Fatal(err)
	}
}

// saved tells the model of a finished save.
func (m *machine) saved(number int64) {
	m.known[number] = &stored{number: number, step: m.step}
	m.files = append(m.files, m.known[number])
	m.files = m.files[max(0, len(m.files)-m.keep):]
}

// crash loses power somewhere in a save. The model learns from the folder whether
// the new checkpoint is there. What was there before must be there still, but for
// what pruning may remove; what was removed and not made durable may come back.
func (m *machine) crash(t *rapid.T) {
	m.step++
	number, before := m.dir.next, m.files
	m.known[number] = &stored{number: number, step: m.step}
	m.disk.arm(rapid.IntRange(1, 25).Draw(t, "operation"), true, errPower)
	err := m.dir.Save(sample(m.step))
	m.disk.lose(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
	m.reopen(t)
	numbers, listErr := newestFirst(m.disk, home)
	if listErr != nil {
		t.Fatal(listErr)
	}
	arrived := slices.Contains(numbers, number)
	if err == nil && !arrived {
		t.Fatalf("step %d was acknowledged and is gone", m.step)
	}
	if arrived {
		before = before[max(0, len(before)-m.keep+1):]
	}
	m.files = nil
	for _, n := range slices.Backward(numbers) {
		m.files = append(m.files, m.known[n])
	}
	for _, f := range before {
		if !slices.Contains(m.files, f) {
			t.Fatalf("checkpoint %d is gone, only %v are left", f.number, numbers)
		}
	}
}

// TestStateMachine runs random sequences of saves, power losses, damage, loads
// and reopenings against the model.
func TestStateMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{disk: newMemDisk(), known: map[int64]*stored{}, keep: rapid.IntRange(1, 4).Draw(t, "keep")}
		m.reopen(t)
		t.Repeat(map[string]func(*rapid.T){
			"save": func(t *rapid.T) {
				m.step++
				number := m.dir.next
				if err := m.dir.Save(sample(m.step)); err != nil {
					t.Fatal(err)
				}
				m.saved(number)
			},
			"crash": m.crash,
			"damage": func(t *rapid.T) {
				if len(m.files) == 0 {
					t.Skip("nothing to damage")
				}
				f := m.files[rapid.IntRange(0, len(m.files)-1).Draw(t, "file")]
				node := m.disk.now[fileName(f.number, whole)]
				if len(node.data) == 0 || f.damaged {
					t.Skip("damaged already")
				}
				at := rapid.IntRange(0, len(node.data)-1).Draw(t, "at")
				if rapid.Bool().Draw(t, "cut") {
					node.data = node.data[:at]
				} else {
					node.data[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
				}
				node.synced = slices.Clone(node.data)
				f.damaged = true
			},
			"latest": func(t *rapid.T) {
				got, err := m.dir.Latest()
				m.check(t, got, err)
				for len(m.files) > 0 && m.files[len(m.files)-1].damaged {
					m.files = m.files[:len(m.files)-1]
				}
			},
			"load":   func(t *rapid.T) { got, err := loadFrom(m.disk, home); m.check(t, got, err) },
			"reopen": m.reopen,
			"": func(t *rapid.T) {
				for name := range m.disk.now {
					if strings.HasSuffix(name, ".tmp") {
						t.Fatalf("left over: %s", name)
					}
				}
			},
		})
	})
}
