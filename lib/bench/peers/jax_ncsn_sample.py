"""Annealed Langevin dynamics with a noise-conditional network, one scan."""
import json
import os

import jax
import jax.numpy as jnp

import peer

o = peer.settings()
chains, steps, rate = o["chains"], o["steps"], o["rate"]
ladder = jnp.geomspace(o["sigma_max"], o["sigma_min"], o["levels"])
with open(os.path.join(o["folder"], "ncsn.json")) as file:
    layers = [(jnp.array(w), jnp.array(b)) for w, b in json.load(file)]


def score(x, sigma):  # x [chains, 2], sigma a scalar
    level = jnp.full((chains, 1), 0.5 * jnp.log(sigma))
    h = jnp.concatenate([x / jnp.sqrt(5 + sigma**2), level], 1)
    for w, b in layers[:-1]:
        h = jnp.tanh(h @ w + b)
    w, b = layers[-1]
    return (h @ w + b) / jnp.sqrt(1 + sigma**2)


@jax.jit
def run(key):
    def step(x, given):
        key, sigma = given
        alpha = rate * sigma**2
        return x + alpha * score(x, sigma) + jnp.sqrt(2 * alpha) * jax.random.normal(key, x.shape), None

    start, key = jax.random.split(key)
    x = ladder[0] * jax.random.normal(start, (chains, 2))
    x, _ = jax.lax.scan(step, x, (jax.random.split(key, ladder.size * steps), jnp.repeat(ladder, steps)))
    return x + ladder[-1] ** 2 * score(x, ladder[-1])


peer.serve({"jax": jax.__version__}, lambda seed: run(jax.random.key(seed)).block_until_ready(), peer.plane)
