package ckpt

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

// turns is how often each of two racing writers opens, advances, saves, closes.
const turns = 3

// saveInTurns makes its turns when the barrier, its input, closes, and prints how
// often it found the folder locked.
func saveInTurns(path string, open func(string) (*Dir, error)) error {
	if _, err := io.ReadAll(os.Stdin); err != nil {
		return err
	}
	refused := 0
	for range turns {
		d, err := open(path)
		for ; errors.Is(err, ErrLocked); d, err = open(path) {
			refused++
			time.Sleep(200 * time.Microsecond)
		}
		if err != nil {
			return err
		}
		s, err := d.Latest()
		if errors.Is(err, ErrNone) {
			s, err = first(), nil
		}
		if err != nil {
			return err
		}
		if err := errors.Join(d.Save(advance(s)), d.Close()); err != nil {
			return err
		}
	}
	fmt.Println("refused", refused)
	return nil
}

// locked opens a folder as it should be, unlocked is a planted bug.
func locked(path string) (*Dir, error)   { return Open(path, Options{}) }
func unlocked(path string) (*Dir, error) { return openOn(osDisk{}, path, Options{}) }

// race lets two writers loose on one folder and returns what is wrong afterwards:
// every step of both must be there, in one chain. It counts the refusals.
func race(path, bugName string) (refused int, err error) {
	var writers [2]*exec.Cmd
	var barriers [2]io.WriteCloser
	var outs [2]io.Reader
	for i := range writers {
		if writers[i], barriers[i], outs[i], err = start("race", path, bugName); err != nil {
			return 0, err
		}
	}
	for _, b := range barriers {
		b.Close()
	}
	for i, w := range writers {
		text, readErr := io.ReadAll(outs[i])
		n := 0
		fmt.Sscanf(string(text), "refused %d", &n)
		refused += n
		if waitErr := w.Wait(); waitErr != nil || readErr != nil {
			err = errors.Join(err, waitErr, readErr, errors.New(string(text)))
		}
	}
	if err != nil {
		return refused, err
	}
	want := first()
	for range len(writers) * turns {
		want = advance(want)
	}
	got, err := Load(path)
	if err != nil {
		return refused, err
	}
	return refused, same(got, want)
}

func TestTwoWritersRace(t *testing.T) {
	n, refused := count(races), 0
	for range n {
		r, err := race(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		refused += r
	}
	t.Logf("%d races, %d refusals", n, refused)
	if testing.Short() {
		return
	}
	found := slices.ContainsFunc(make([]error, 20), func(error) bool {
		_, err := race(t.TempDir(), "no lock")
		return err != nil
	})
	if !found {
		t.Error(`planted bug "no lock" was not found in 20 races`)
	}
}
