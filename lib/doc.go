// Package lib is the map of Gibbs. It holds no code: read it, then open the
// package that you need.
//
// # Foundations
//
//	env      what the surroundings say: the repository, .gibbs, quick runs, parameters of lessons
//	backend  chooses, verifies and opens the GoMLX backend, and says why
//	rng      random words by integer operations: equal on every backend
//	prob     densities with exact log Z, score, moments and sampler
//	data     point sets and digits, verified and offline
//	net      small networks that can be applied many times in one graph
//	ckpt     crash-safe checkpoints and artefacts keyed by what made them
//	loop     repeats a step inside one compiled program, or from Go where that cannot be
//	fit      training: objective + data → trained store, resumable bit for bit
//	path     noise schedules, and the conversions between score, ε, x₀ and v
//	solve    Euler, Heun, Runge–Kutta and Euler–Maruyama: ODE and SDE steps
//	diag     what a result is worth: R̂, ESS, MCSE, two-sample tests, distances, image quality
//	show     figures with alt text, tables, progress
//	claim    the truth table: measured · exact · tolerance · verdict
//
// # Lectures
//
//	mcmc     Markov chains: Metropolis, Gibbs, Langevin, HMC, ChEES and NUTS, replica exchange, exact laws; in plain Go and for C too
//	posterior Bayesian models in their own terms: parameters with bounds, priors, draws to files
//	energy   Gibbs laws: tempering, log Z by quadrature and annealing, training of neural energies
//	hopfield associative memories: classical, dense, modern (attention), continuous-time
//	rbm      restricted Boltzmann machines: exact, CD, PCD, tempering, bounds on log Z
//	ising    spins on a lattice: exact answers, local and cluster samplers, mean fields
//	score    score matching (ISM, ESM, SSM, DSM), Tweedie's denoiser, Fisher divergence
//	ncsn     noise ladders, noise-conditional scores, annealed Langevin dynamics
//	bench    the same jobs side by side with JAX, PyTorch and others: go run ./lib/bench
//
// # Vocabulary
//
// One word for one thing, in every package:
//
//	LogProb    log p(x), up to a stated constant (never "log density")
//	Score      ∇ₓ log p(x); never a metric
//	energy     E(x) with log p(x) = −E(x)/τ − log Z
//	rng        a graph's random state; seed is the int64 that it grows from
//	batch      the leading axis of examples; chains, the leading axis of samplers
//	event      the axes of one example; dim, the size of a flat event
//	sigma, σ   standard deviation of Gaussian noise, in the data's units
//	x̃          noisy data x + σ·ε with ε ~ N(0, I); x₀ is clean data
//	denoiser   an estimate of E[x₀ | x̃]
//	step       one optimiser update, or one transition of a sampler
//
// # Signs
//
// E is energy and log p = −E/τ − log Z. A score points uphill: Score = ∇ log p
// = −∇E/τ. Diffusion time runs from data (t = 0) to noise (t = 1); what runs
// the other way says so.
//
// # Two worlds
//
// Functions that build graphs take and return *graph.Node and panic on misuse,
// as GoMLX's do. Everything on the host returns an error that begins with the
// package's name and says what to do. The dtype of a result is its input's;
// float32 unless a claim needs float64.
package lib
