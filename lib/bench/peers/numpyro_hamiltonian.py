"""NUTS or HMC by NumPyro's kernels on the log density itself, which spares them a model's
handlers. The loops are ours: its MCMC class compiles its loop in every run anew."""
import hamiltonian  # first: it says how many devices JAX has

import jax
import numpyro
from numpyro.infer import HMC, NUTS

from targets import target

o = hamiltonian.o
log_p, dim = target(o)
common = {"potential_fn": lambda x: -log_p(x), "target_accept_prob": o["accept"]}
kernel = HMC(num_steps=o["leapfrogs"], trajectory_length=None, **common) if o["leapfrogs"] else NUTS(**common)


def warm(key):
    at, adapt = jax.random.split(key)
    start = jax.random.uniform(at, (dim,), minval=-2, maxval=2)
    state = kernel.init(adapt, o["warmup"], start, (), {})
    return jax.lax.fori_loop(0, o["warmup"], lambda _, state: kernel.sample(state, (), {}), state)


def draw(_, state):
    def move(state, _):
        state = kernel.sample(state, (), {})
        return state, state.z

    return jax.lax.scan(move, state, length=o["draws"])[1]


hamiltonian.serve({"numpyro": numpyro.__version__}, warm, draw)
