// Command clangevin is the native Langevin sampler as a shared library with a C
// interface, for any language that can call C:
//
//	go build -buildmode=c-shared -ldflags="-s -w" -o libgibbs_langevin.so ./lib/mcmc/clangevin
//	cc program.c -I lib/mcmc/clangevin -L . -lgibbs_langevin
//
// The interface, with ownership, threads and errors, is described in
// gibbs_langevin.h: use it, and not the header that go build writes beside the
// library. The same seed gives the same numbers as package native in Go. Programs
// of testdata show it called from C with several threads and from Python.
//
// Without cgo the package builds as a program that does nothing.
package main

// main is never called in a shared library.
func main() {}
