// Package launch runs GoNB as a Jupyter kernel and gives it what it lacks.
//
// Three processes make a kernel. Jupyter starts the front; the front starts the
// guard in a session of its own; the guard starts GoNB. Front and guard watch
// each other: whichever is killed, the other ends everything that the kernel
// started and removes its private folder. The guard adopts orphans, so that no
// process of a cell escapes it.
//
// The guard stands between Jupyter and GoNB as a proxy of the five sockets:
//
//	interrupt   signals every process of the cell, compilers and shell children
//	            too: SIGINT, and SIGKILL to what is left after GraceInterrupt
//	failure     turns a cell whose shell command failed into an error, which
//	            GoNB reports as success, and aborts the cells queued behind it
//	floods      cuts a cell's output at OutputLimit and says so
//	memory      ends a cell that outgrows MemoryLimit
//	signatures  drops messages that are malformed or not signed with the key
//
// GoNB finds a `go` of ours first on its PATH (see shim.go): it seeds a cell's
// module with the repository's versions and never downloads for a build.
//
// Variables, besides those of package env:
//
//	GIBBS_MEMORY_LIMIT  bytes that a cell's processes may hold together, such as
//	                    2GiB; default: four fifths of the machine or its cgroup
//	GIBBS_OUTPUT_LIMIT  bytes of text that a cell may print; default 1MiB
//	GIBBS_KERNEL_LOG    a file for GoNB's own log; default: thrown away
package launch
