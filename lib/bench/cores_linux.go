package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// onCores calls start on a thread that is held to the first n of the cores that
// this process may use, so that what it starts is too. n = 0 holds to nothing. The
// goroutine must be locked to its thread.
func onCores(n int, start func() error) error {
	if n == 0 {
		return start()
	}
	var all, few unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return err
	}
	if all.Count() < n {
		return fmt.Errorf("%d cores asked for, %d may be used", n, all.Count())
	}
	for core := 0; few.Count() < n; core++ {
		if all.IsSet(core) {
			few.Set(core)
		}
	}
	if err := unix.SchedSetaffinity(0, &few); err != nil {
		return err
	}
	defer func() { _ = unix.SchedSetaffinity(0, &all) }()
	return start()
}
