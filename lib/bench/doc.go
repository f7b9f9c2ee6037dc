// Bench times Gibbs and its peers at the same jobs, side by side.
//
//	go run ./lib/bench                            # everything but PyTorch
//	go run ./lib/bench -job langevin -n 15        # jobs by a regular expression
//	go run ./lib/bench -peer 'jax|torch' -json bench.json
//
// The peers are JAX with Optax, BlackJAX, NumPyro, scikit-learn and PyTorch, pinned and
// locked by hash, in environments of their own under .gibbs/peers, made on first
// use. PyTorch takes part only if -peer names it: the package index offers it with
// CUDA alone, 5.4 GB. Peers are written as their users would at their best: one
// compiled program, scan, vectorised; each is a small program in peers/.
//
// Every side runs in a process of its own. The sides of a job first do it once
// unseen, which traces and compiles ("first call" in the table). Then their answers
// are compared: each is a set of estimates with standard errors, from other random
// words, so two that compute the same thing differ by more than 4.89 standard errors
// with probability 1e-6; where the exact value is known, each is held to that too.
// Sides that disagree are not timed. Then they run in turn, ours, peer, ours, peer,
// so that what the machine does besides burdens all alike.
//
// Chains are timed by what their draws are worth: the seconds of a run are those of so
// many effective samples, the least of all parameters, in the bulk. Every side leaves its
// draws in a file, and this program computes from them sizes, means and standard errors
// for all alike. "After warm-up" are the seconds of the draws; "from nothing" has those of
// compilation and warm-up too.
//
// How to read it: median and range are of the timed runs, from the call to the
// numbers being on the host; ratio is the peer's time over ours, pair by pair, so
// that above 1 we are faster. Cores is what a side may use. Compare ratios of one
// run, not times of two. On a busy machine trust neither.
package main
