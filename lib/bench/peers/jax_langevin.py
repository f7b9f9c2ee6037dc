"""Unadjusted Langevin chains on the two-mode mixture, one scan."""
import jax
import jax.numpy as jnp

import peer

o = peer.settings()
chains, steps, eta = o["chains"], o["steps"], o["step_size"]


def score(x):  # of ½ N((−2, 0), I) + ½ N((2, 0), I); x [chains, 2]
    return jnp.stack([2 * jnp.tanh(2 * x[:, 0]) - x[:, 0], -x[:, 1]], 1)


@jax.jit
def run(key):
    def step(x, key):
        z = jax.random.normal(key, x.shape)
        return x + eta * score(x) + jnp.sqrt(2 * eta) * z, None

    start = jnp.full((chains, 2), 10.0)
    return jax.lax.scan(step, start, jax.random.split(key, steps))[0]


peer.serve(
    {"jax": jax.__version__},
    lambda seed: run(jax.random.key(seed)).block_until_ready(),
    peer.plane,
)
