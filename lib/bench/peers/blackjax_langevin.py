"""The same chains by BlackJAX: SGLD with the full gradient is unadjusted Langevin."""
import blackjax
import jax
import jax.numpy as jnp

import peer

o = peer.settings()
chains, steps, eta = o["chains"], o["steps"], o["step_size"]


def score(x, _):  # of ½ N((−2, 0), I) + ½ N((2, 0), I) at one point, x [2]
    return jnp.stack([2 * jnp.tanh(2 * x[0]) - x[0], -x[1]])


sampler = blackjax.sgld(score)


@jax.jit
def run(key):
    def step(x, key):
        move = lambda key, x: sampler.step(key, x, None, eta)
        return jax.vmap(move)(jax.random.split(key, chains), x), None

    start = jnp.full((chains, 2), 10.0)
    return jax.lax.scan(step, start, jax.random.split(key, steps))[0]


peer.serve(
    {"blackjax": blackjax.__version__, "jax": jax.__version__},
    lambda seed: run(jax.random.key(seed)).block_until_ready(),
    peer.plane,
)
