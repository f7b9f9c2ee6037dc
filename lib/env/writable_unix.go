//go:build unix

package env

import "golang.org/x/sys/unix"

// writable reports whether the system lets this user write in dir: its mode, and
// whether its disk is mounted to be read only.
func writable(dir string) bool { return unix.Access(dir, unix.W_OK) == nil }
