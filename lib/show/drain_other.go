//go:build !linux

package show

import "time"

// drainStdout gives the kernel time to read what the cell printed; only Linux can
// tell when it has.
func drainStdout() { time.Sleep(5 * time.Millisecond) }
