package show

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// drainStdout waits until the kernel has read what the cell printed. Prints and
// displays reach it by two pipes; without the wait a display can overtake the
// print before it, and the saved order would change from run to run.
func drainStdout() {
	const limit, pause = time.Second, time.Millisecond
	for begun := time.Now(); time.Since(begun) < limit; {
		waiting, err := unix.IoctlGetInt(int(os.Stdout.Fd()), unix.TIOCINQ)
		time.Sleep(pause) // from read to published
		if err != nil || waiting == 0 {
			return
		}
	}
}
