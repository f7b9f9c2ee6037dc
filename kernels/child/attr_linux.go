package child

import "syscall"

// Attr puts a program in a process group of its own, and has the system send it
// the signal when the thread that started it ends: lock the thread
// (runtime.LockOSThread) for as long as the program is wanted.
func Attr(onParentDeath syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: onParentDeath}
}
