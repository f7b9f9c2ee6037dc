"""What every peer shares: the conversation with the bench, and its statistics.

The bench starts a peer with one argument, the settings as JSON, and reads lines
of JSON: first what runs here, with the seconds of the first call, which traces
and compiles; then, for each line with a seed on stdin, the seconds of a call and
what it computed. The clock runs from the call until the numbers are there.
"""
import json
import os
import sys
import time

import numpy as np


def settings():
    return json.loads(sys.argv[1])


def serve(versions, run, answer):
    """run(seed) does the job; answer(result) is {quantity: (value, standard error)}."""
    def timed(seed):
        start = time.perf_counter()
        result = run(seed)
        return time.perf_counter() - start, result

    first, _ = timed(0)
    say({"versions": versions, "threads": len(os.sched_getaffinity(0)), "first_seconds": first})
    for line in sys.stdin:
        seconds, result = timed(int(line))
        say({"seconds": seconds, "answer": {name: {"value": float(v), "error": float(e)} for name, (v, e) in answer(result).items()}})


def serve_draws(versions, run):
    """run(seed) returns the seconds of compilation and warm-up, those of the draws, and the
    draws [chains, draws, dim], which the bench judges."""
    o = settings()
    path = os.path.join(o["folder"], f"draws-{os.getpid()}.f64")

    def message(seed):
        setup, seconds, x = run(seed)
        x = np.asarray(x, np.float64)
        x.tofile(path)
        return {"seconds": seconds, "draws": {"setup": setup, "file": path, "shape": x.shape}}

    first = message(0)
    say({"versions": versions, "threads": len(os.sched_getaffinity(0)), "first_seconds": first["seconds"] + first["draws"]["setup"]})
    for line in sys.stdin:
        say(message(int(line)))


def say(message):
    print(json.dumps(message), flush=True)


def mean(x):
    """The mean of independent numbers and its standard error."""
    x = np.asarray(x, np.float64).ravel()
    return x.mean(), x.std(ddof=1) / np.sqrt(x.size)


def variance(x):
    """The variance of independent numbers and its standard error, from the fourth moment."""
    x = np.asarray(x, np.float64).ravel()
    centred = (x - x.mean()) ** 2
    return centred.mean(), centred.std(ddof=1) / np.sqrt(x.size)


def plane(x):
    """What a sample of the plane [n, 2] is judged by."""
    x = np.asarray(x)
    return {
        "mean of x₁": mean(x[:, 0]),
        "P(x₁ < 0)": mean(x[:, 0] < 0),
        "mean of |x₁|": mean(np.abs(x[:, 0])),
        "variance of x₂": variance(x[:, 1]),
    }


# The standard deviation of D_F(q‖s) between seeds after 1,000 steps of batch 128,
# from 60 runs of the JAX side.
BETWEEN_SEEDS = 0.01


def trained(network, losses, sigma):
    """What a network trained on ½ N((−2, 0), I) + ½ N((2, 0), I) is judged by."""
    random = np.random.default_rng(1)
    v = 1 + sigma**2
    x = random.normal(size=(20_000, 2)) * np.sqrt(v) + np.outer(random.choice([-2, 2], 20_000), [1, 0])
    exact = np.stack([(2 * np.tanh(2 * x[:, 0] / v) - x[:, 0]) / v, -x[:, 1] / v], 1)
    off = np.asarray(network(x.astype(np.float32))) - exact
    value, error = mean(np.asarray(losses)[len(losses) // 2 :])
    return {
        "mean loss, second half": (value, np.hypot(error, 2 * BETWEEN_SEEDS)),
        "D_F(q‖s)": (0.5 * np.mean(np.sum(off**2, 1)), BETWEEN_SEEDS),
    }


def sphere(n, d):
    """n points of the unit sphere in d dimensions, float32 [n, d]."""
    x = np.random.default_rng(1).standard_normal((n, d))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def queries(stored, n, noise, seed):
    """n patterns, and points near them."""
    near = stored[seed % 8 * n :][:n]
    return near, near + noise * np.random.default_rng(seed).standard_normal(near.shape, np.float32)


def recalled(result):
    """What recalled states are judged by."""
    near, states = (np.asarray(x, np.float64) for x in result)
    return {
        "distance from the pattern": mean(np.linalg.norm(states - near, axis=1)),
        "component along it": mean(np.sum(states * near, 1)),
    }


# The standard deviations of one 256×256 lattice's answers at τ = 2: τ√(C/N) with
# Onsager's C, and from 40 runs of the JAX side.
BETWEEN_LATTICES = 0.0067, 0.0033


def magnet(spins):
    """What a lattice of spins ±1 is judged by."""
    bonds = spins * (np.roll(spins, 1, 0) + np.roll(spins, 1, 1))
    return {
        "energy of a spin": (-bonds.mean(), BETWEEN_LATTICES[0]),
        "magnetisation": (spins.mean(), BETWEEN_LATTICES[1]),
    }


def pictures(o):
    """The pictures that our side wrote, float32 [examples, pixels]."""
    x = np.fromfile(os.path.join(o["folder"], f"rbm-{o['data']}.f32"), np.float32)
    return x.reshape(o["examples"], -1)


def machine(x, w, b, c, batch):
    """What a Boltzmann machine is judged by: log p of a unit given all others, on average,
    with a bound of its standard deviation between seeds."""
    x, w, b, c = (np.asarray(a, np.float64) for a in (x[:100], w, b, c))
    total = 0.0
    for v in x:
        inputs = v @ w + c
        flips = 1 - 2 * v
        after = np.logaddexp(0, inputs + flips[:, None] * w).sum(1)
        gain = flips * b + after - np.logaddexp(0, inputs).sum()
        total -= np.logaddexp(0, gain).mean()
    return {"pseudo-log-likelihood of a unit": (total / len(x), 0.05 / np.sqrt(batch))}
