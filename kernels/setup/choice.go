package setup

import "slices"

// Remember makes a backend the one that later set-ups bring when they are not
// told any.
func Remember(l Layout, backend string) error { return writeText(l.stamp("backend"), backend+"\n") }

// remembered returns what Remember was told last, or auto.
func remembered(l Layout) string {
	if backend := readText(l.stamp("backend")); slices.Contains(Backends, backend) {
		return backend
	}
	return "auto"
}
