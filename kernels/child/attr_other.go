//go:build unix && !linux

package child

import "syscall"

// Attr puts a program in a process group of its own. Only Linux tells a child
// that its parent died; elsewhere the signal is not used.
func Attr(syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
