package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
)

// DownloadMNIST gets the four packed files of MNIST from a mirror, base + "/" +
// name + ".gz" (https://storage.googleapis.com/cvdf-datasets/mnist is one), into
// dir, which it creates. A file that is there and whole is not fetched again. It
// is the only function of this package that uses the network.
//
// A file gets its name only after it came with status 200 and had exactly the
// size and SHA-256 of [MNIST]; so a folder never holds a part or an error page
// under that name, wherever the process was stopped. ctx bounds the time.
func DownloadMNIST(ctx context.Context, base, dir string) error {
	return download(ctx, base, dir, MNIST[:])
}

func download(ctx context.Context, base, dir string, files []File) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	for _, f := range files {
		path := filepath.Join(dir, f.Name+".gz")
		if _, err := readVerified(path, f.PackedBytes, f.PackedSum); err == nil {
			continue
		}
		source, err := url.JoinPath(base, f.Name+".gz")
		if err != nil {
			return fmt.Errorf("data: download: %w", err)
		}
		if err := fetch(ctx, source, path, f.PackedBytes, f.PackedSum); err != nil {
			return fmt.Errorf("data: download of %s: %w", source, err)
		}
	}
	return nil
}

// fetch writes what a URL serves to path if it has the given size and SHA-256.
func fetch(ctx context.Context, source, path string, size int64, sum string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, source, nil)
	if err != nil {
		return err
	}
	// Else the transport would unpack what a server marks as gzip-encoded.
	request.Header.Set("Accept-Encoding", "identity")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answers %s", response.Status)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(store(temp, response.Body, size, sum), temp.Chmod(0o644), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

// store copies body to f, checks size and SHA-256, and syncs.
func store(f *os.File, body io.Reader, size int64, sum string) error {
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, hash), io.LimitReader(body, size+1))
	if err != nil {
		return fmt.Errorf("after %d of %d bytes: %w", n, size, err)
	}
	if n != size {
		return fmt.Errorf("%s bytes, want %d: an error page or another file", atMost(n, size), size)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != sum {
		return fmt.Errorf("SHA-256 %s, want %s: another file", got, sum)
	}
	return f.Sync()
}

// atMost writes a count that was cut off at size + 1.
func atMost(n, size int64) string {
	if n > size {
		return fmt.Sprint("more than ", size)
	}
	return fmt.Sprint(n)
}

// syncFolder makes a rename durable. Platforms that cannot sync folders answer
// with an error that means no loss.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = f.Sync()
	return f.Close()
}
