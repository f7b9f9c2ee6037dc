// Package lessons gives a reader copies of the lessons that are theirs to change.
// Many readers can so share one repository that none of them may write.
package lessons

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gibbs/kernels/file"
)

// manifest, in the folder of the copies, says what each copy was when it was
// handed out: a copy that still is that has not been changed.
const manifest = ".lessons.json"

// Result says what became of the copies; the paths are relative to the folder.
type Result struct {
	New     []string // were not there: new lessons, and those that the reader removed
	Updated []string // had not been changed, and the lesson had
	Kept    []string // were changed by the reader, and the lesson was changed too
}

// Copy brings the folder of copies up to date with that of the lessons. It never
// touches a copy that its reader changed. A reader who wants a lesson as it is now
// removes or renames the copy.
func Copy(from, to string) (Result, error) {
	var r Result
	handed := map[string]string{}
	if text, err := os.ReadFile(filepath.Join(to, manifest)); err == nil {
		_ = json.Unmarshal(text, &handed) // what is not known counts as changed, and is kept
	}
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != from && strings.HasPrefix(d.Name(), ".") && d.IsDir():
			return filepath.SkipDir
		case !d.Type().IsRegular() || strings.HasPrefix(d.Name(), "."):
			return nil
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		return r.one(path, filepath.Join(to, name), filepath.ToSlash(name), handed)
	})
	if err == nil {
		err = file.Replace(filepath.Join(to, manifest), 0o600, func(w io.Writer) error { return json.NewEncoder(w).Encode(handed) })
	}
	if err != nil {
		return r, fmt.Errorf("lessons: %w", err)
	}
	return r, nil
}

// one brings a single copy up to date.
func (r *Result) one(lesson, copied, name string, handed map[string]string) error {
	text, err := os.ReadFile(lesson)
	if err != nil {
		return err
	}
	theirs, err := os.ReadFile(copied)
	_, gone := os.Lstat(copied)
	now := digest(text)
	switch {
	case err == nil && bytes.Equal(theirs, text):
		handed[name] = now
		return nil
	case errors.Is(gone, fs.ErrNotExist):
		r.New = append(r.New, name)
	case err == nil && handed[name] == digest(theirs):
		r.Updated = append(r.Updated, name)
	default: // changed, or something else of that name
		if handed[name] != now {
			r.Kept = append(r.Kept, name)
		}
		return nil
	}
	handed[name] = now
	return file.Replace(copied, 0o600, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
