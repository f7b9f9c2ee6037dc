//go:build linux || darwin

package ckpt

import "golang.org/x/sys/unix"

// free asks for the space that a process without privileges may use.
func (osDisk) free(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
