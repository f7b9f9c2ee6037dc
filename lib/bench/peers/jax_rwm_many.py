"""Random-walk Metropolis of many chains in float32: all steps in one scan, all chains in
each operation. Between the draws that are kept lies a scan of its own."""
import jax
import jax.numpy as jnp

import walk

o, precision, root = walk.o, walk.precision, walk.root
chains, dim = o["chains"], o["dim"]


def log_p(x):
    return -0.5 * jnp.sum(x * (x @ precision), 1)


def move(state, key):
    x, logp = state
    for_z, for_u = jax.random.split(key)
    y = x + jax.random.normal(for_z, (chains, dim)) @ root.T
    proposed = log_p(y)
    accept = jnp.log(jax.random.uniform(for_u, (chains,))) < proposed - logp
    return (jnp.where(accept[:, None], y, x), jnp.where(accept, proposed, logp)), None


def begin(x):
    return x, log_p(x)


walk.serve({}, begin, move, lambda state: state[0])
