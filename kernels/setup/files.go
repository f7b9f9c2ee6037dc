package setup

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"gibbs/kernels/file"
)

// writeText replaces a file by a short text.
func writeText(path, text string) error {
	return file.Replace(path, 0o644, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// readText returns a file's text, or "" where it cannot be read.
func readText(path string) string {
	text, _ := os.ReadFile(path)
	return strings.TrimSpace(string(text))
}

// isProgram reports whether path is an executable file that is not empty.
func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 && info.Size() > 0
}

// key is a short name for contents: equal parts give equal keys.
func key(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		sum := sha256.Sum256([]byte(part))
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// fileKey is the key of files' contents. A file that cannot be read counts as empty.
func fileKey(files ...string) string {
	parts := make([]string, len(files))
	for i, file := range files {
		text, _ := os.ReadFile(file)
		parts[i] = string(text)
	}
	return key(parts...)
}

// size adds up the bytes of the files under a folder; what vanishes meanwhile
// does not count.
func size(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}

// freeBytes returns what a user may still write under the nearest existing
// folder upwards from dir.
func freeBytes(dir string) (int64, bool) {
	for {
		var stat unix.Statfs_t
		err := unix.Statfs(dir, &stat)
		if err == nil {
			return int64(stat.Bavail) * int64(stat.Bsize), true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return 0, false
		}
		dir = parent
	}
}

// enoughDisk refuses a step that cannot end well for want of space.
func enoughDisk(home string, s step) error {
	free, known := freeBytes(home)
	if !known || free >= s.need {
		return nil
	}
	return &Fault{Step: s.name, What: s.what + " needs " + megabytes(s.need) + " in " + home + ", where " + megabytes(free) + " are free",
		Do: "free some space, or set GIBBS_HOME to a folder on another disk"}
}
