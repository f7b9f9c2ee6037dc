//go:build !linux

package main

import "errors"

// onCores calls start. Only Linux can hold a program to some of the cores.
func onCores(n int, start func() error) error {
	if n != 0 {
		return errors.New("a program is held to some of the cores on Linux only")
	}
	return start()
}
