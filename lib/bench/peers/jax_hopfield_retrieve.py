"""One step of a modern Hopfield memory: two matrix products and a softmax."""
import jax
import jax.numpy as jnp

import peer

o = peer.settings()
stored = peer.sphere(o["patterns"], o["dim"])
patterns = jnp.asarray(stored)


@jax.jit
def step(x):
    return jax.nn.softmax(o["beta"] * x @ patterns.T) @ patterns


def run(seed):
    near, queries = peer.queries(stored, o["queries"], o["noise"], seed)
    return near, step(jnp.asarray(queries)).block_until_ready()


peer.serve({"jax": jax.__version__}, run, peer.recalled)
