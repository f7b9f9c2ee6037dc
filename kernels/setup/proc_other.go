//go:build !linux

package setup

import "syscall"

// dieWithParent does nothing: only Linux tells a child that its parent died.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}
