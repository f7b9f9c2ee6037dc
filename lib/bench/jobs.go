package main

import (
	"fmt"
	"maps"
)

// atStep1000 is the exact law of unadjusted Langevin chains on the two-mode mixture
// after 1,000 steps of 0.01 from (10, 10): x₁ from the transition kernel on a grid,
// to its last digit's place; x₂ is Gaussian with variance (1 − 0.99²⁰⁰⁰)/(1 − 0.01/2).
var atStep1000 = map[string]float64{"P(x₁ < 0)": 0.2862, "mean of x₁": 0.955, "variance of x₂": 1.005025}

// jobs are all jobs, in the order in which they run.
var jobs = []Job{
	{
		Name:  "normals",
		What:  "1,000 steps of a compiled loop, 20,000 float32 normals each, their squares summed",
		Aim:   "3 times JAX",
		Sides: []Side{ours, jax, torch},
		Cases: []Case{{Settings: map[string]any{"steps": 1000, "numbers": 20_000}}},
		Exact: map[string]float64{"E z²": 1, "Var z²": 2},
	},
	{
		Name:  "langevin",
		What:  "10,000 chains × 1,000 unadjusted Langevin steps of 0.01 on the two-mode mixture, float32",
		Aim:   "5 times JAX",
		Sides: []Side{ours, jax, blackjax, torch, torchPlain},
		Cases: []Case{{Settings: langevinCase(10_000)}},
		Exact: atStep1000,
	},
	{
		Name:  "langevin-scaling",
		What:  "the same with 100 to 100,000 chains, held to 1 and to 2 cores",
		Aim:   "cost linear in chains; the second core is worth 1.8 times",
		Sides: []Side{ours, jax},
		Cases: scaling(),
		Exact: atStep1000,
	},
	{
		Name:  "sampler",
		What:  "the same target, step and start: one program, a dispatch for each step, goroutines in plain Go",
		Aim:   "one program more than 2 times a dispatch for each step at 10,000 chains; 1,000 samples: the time",
		Sides: []Side{ours, plain, goroutines},
		Cases: []Case{
			{Name: "1,000 chains", Settings: langevinCase(1000)},
			{Name: "10,000 chains", Settings: langevinCase(10_000)},
		},
		Exact: atStep1000,
	},
	{
		Name:  "dsm-train",
		What:  "1,000 steps of denoising score matching: MLP 2-64-64-2, tanh, batch 128 drawn anew, Adam, σ = 0.5",
		Aim:   "1.3 times JAX",
		Sides: []Side{ours, jax, sklearn, torch, torchPlain},
		Cases: []Case{{Settings: map[string]any{"steps": 1000, "batch": 128, "sigma": 0.5, "hidden": []int{64, 64}, "learning_rate": 1e-3}}},
	},
	{
		Name:  "ncsn-sample",
		What:  "5,000 chains × 10 levels × 100 steps of annealed Langevin dynamics with one trained network, 64-64 units",
		Aim:   "1.5 times JAX",
		Sides: []Side{ours, jax},
		Cases: []Case{{Settings: map[string]any{"chains": 5000, "levels": 10, "steps": 100, "sigma_max": 5, "sigma_min": 0.01, "rate": 0.1}}},
	},
	{
		Name:  "ebm-train",
		What:  "1,000 updates of a neural energy, MLP 2-64-64-1, tanh, batch 128 drawn anew, 20 Langevin steps for negatives, Adam",
		Aim:   "1.5 times JAX",
		Sides: []Side{ours, jax},
		Cases: []Case{{Settings: map[string]any{"updates": 1000, "batch": 128, "hidden": []int{64, 64}, "transitions": 20, "step_size": 0.02, "learning_rate": 1e-3}}},
	},
	{
		Name:  "hopfield-retrieve",
		What:  "one step of a modern Hopfield memory: 1,024 queries to 100,000 patterns of 256 numbers, softmax at β = 12",
		Aim:   "the best of the others",
		Sides: []Side{ours, jax, torch, torchPlain},
		Cases: []Case{{Settings: map[string]any{"patterns": 100_000, "dim": 256, "queries": 1024, "beta": 12, "noise": 0.02}}},
	},
	{
		Name:  "ising-heatbath",
		What:  "1,000 heat-bath sweeps of a 256×256 Ising lattice at τ = 2, sublattice after sublattice",
		Aim:   "2 times JAX",
		Sides: []Side{ours, jax, numba},
		Cases: []Case{{Settings: map[string]any{"l": 256, "sweeps": 1000, "tau": 2}}},
		Exact: map[string]float64{"energy of a spin": -1.7455646, "magnetisation": 0.9113194},
	},
	{
		Name:  "rbm-pcd",
		What:  "persistent contrastive divergence, 256 hidden units: 5 epochs of 1,797 digits of 8×8, one of 10,000 pictures of 28×28",
		Aim:   "5 times scikit-learn, 1.5 times JAX",
		Sides: []Side{ours, jax, sklearn},
		Cases: []Case{
			{Name: "8×8, batch 10", Settings: pcdCase("digits", 1797, 5, 10)},
			{Name: "8×8, batch 100", Settings: pcdCase("digits", 1797, 5, 100)},
			{Name: "28×28, batch 10", Settings: pcdCase("pictures", 10_000, 1, 10)},
			{Name: "28×28, batch 100", Settings: pcdCase("pictures", 10_000, 1, 100)},
		},
	},
	{
		Name:  "nuts-eight-schools",
		What:  "NUTS, 4 chains × 1,000 transitions of warm-up and 1,000 draws, eight schools not centred, float64: seconds for 1,000 effective samples",
		Aim:   afterAndFrom,
		Sides: []Side{ours, blackjax, numpyro},
		Cases: chainCases(1000, "eight_schools", 10, map[string]any{"chains": 4, "warmup": 1000, "draws": 1000, "accept": 0.8, "leapfrogs": 0}),
	},
	{
		Name:  "nuts-gauss100",
		What:  "the same of a normal law in 100 dimensions that all depend on each other, standard deviations 0.1 to 1",
		Aim:   afterAndFrom,
		Sides: []Side{ours, blackjax, numpyro},
		Cases: chainCases(1000, "normal", 100, map[string]any{"chains": 4, "warmup": 1000, "draws": 1000, "accept": 0.8, "leapfrogs": 0}),
	},
	{
		Name:  "hmc-logistic",
		What:  "the same by HMC, trajectories of 8 leapfrog steps, of a logistic regression with 25 coefficients and 1,000 rows",
		Aim:   afterAndFrom,
		Sides: []Side{ours, blackjax, numpyro},
		Cases: chainCases(1000, "logistic", 25, map[string]any{"chains": 4, "warmup": 1000, "draws": 1000, "accept": 0.8, "leapfrogs": 8}),
	},
	{
		Name:  "rwm-many",
		What:  "random-walk Metropolis, 10,000 chains × 500 steps of burn-in and 1,000 steps, every 50th kept, 10-D normal law, float32: seconds for 100,000 effective samples",
		Aim:   afterAndFrom,
		Sides: []Side{ours, jax, blackjax},
		Cases: chainCases(100_000, "walk", 10, map[string]any{"chains": 10_000, "burn_in": 500, "thin": 50, "draws": 20}),
	},
	{
		Name:    "cell",
		What:    "a changed cell that compiles and runs a small graph, from the request to the kernel being idle",
		Aim:     "3 times stock GoNB",
		Measure: cell,
	},
	{
		Name:    "notebook",
		What:    "lesson 02 and its JAX twin, headless through nbconvert, nothing trained before",
		Aim:     "no slower than the twin",
		Measure: headless,
	},
}

const afterAndFrom = "2 times BlackJAX after the warm-up, 1 time from nothing"

// chainCases are the two ways to count the seconds of chains: those of the draws, and all
// from a program that is not compiled yet.
func chainCases(samples float64, target string, dim int, settings map[string]any) []Case {
	law := laws(target, dim)
	both := []Case{{Name: "after warm-up"}, {Name: "from nothing"}}
	for i := range both {
		fresh := i == 1
		both[i].Settings = map[string]any{"target": target, "dim": dim, "fresh": fresh, "devices": 1}
		maps.Copy(both[i].Settings, settings)
		both[i].Effective = &Effective{Law: law, Samples: samples, Setup: fresh}
	}
	return both
}

func langevinCase(chains int) map[string]any {
	return map[string]any{"chains": chains, "steps": 1000, "step_size": 0.01}
}

func pcdCase(data string, examples, epochs, batch int) map[string]any {
	return map[string]any{"data": data, "examples": examples, "epochs": epochs, "batch": batch, "hidden": 256, "learning_rate": 0.05}
}

func scaling() (cases []Case) {
	for _, chains := range []int{100, 1000, 10_000, 100_000} {
		for _, cores := range []int{1, 2} {
			cases = append(cases, Case{Name: fmt.Sprintf("%d chains, %d cores", chains, cores), Cores: cores, Settings: langevinCase(chains)})
		}
	}
	return cases
}
