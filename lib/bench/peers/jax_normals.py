"""Sums of squared normals: numbers drawn and used inside a compiled loop."""
import jax
import jax.numpy as jnp

import peer

o = peer.settings()
steps, count = o["steps"], o["numbers"]


@jax.jit
def run(key):
    def step(total, key):
        z = jax.random.normal(key, (count,))
        return total + z * z, None

    return jax.lax.scan(step, jnp.zeros(count), jax.random.split(key, steps))[0]


def answer(total):
    mean, variance = peer.mean(total), peer.variance(total)
    return {"E z²": [v / steps for v in mean], "Var z²": [v / steps for v in variance]}


peer.serve(
    {"jax": jax.__version__},
    lambda seed: run(jax.random.key(seed)).block_until_ready(),
    answer,
)
