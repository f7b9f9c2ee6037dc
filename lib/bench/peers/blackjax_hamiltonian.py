"""NUTS or HMC by BlackJAX, with window adaptation of every chain."""
import hamiltonian  # first: it says how many devices JAX has

import blackjax
import jax
from blackjax.adaptation.base import get_filter_adapt_info_fn

from targets import target

o = hamiltonian.o
log_p, dim = target(o)
kernel, extra = blackjax.nuts, {}
if o["leapfrogs"]:
    kernel, extra = blackjax.hmc, {"num_integration_steps": o["leapfrogs"]}


def warm(key):
    at, adapt = jax.random.split(key)
    start = jax.random.uniform(at, (dim,), minval=-2, maxval=2)
    warmup = blackjax.window_adaptation(
        kernel, log_p, target_acceptance_rate=o["accept"], adaptation_info_fn=get_filter_adapt_info_fn(), **extra)
    (state, parameters), _ = warmup.run(adapt, start, num_steps=o["warmup"])
    return state, {name: parameters[name] for name in ("step_size", "inverse_mass_matrix")}


def draw(key, warmed):
    state, parameters = warmed
    step = kernel(log_p, **parameters, **extra).step

    def move(state, key):
        state, _ = step(key, state)
        return state, state.position

    return jax.lax.scan(move, state, jax.random.split(key, o["draws"]))[1]


hamiltonian.serve({"blackjax": blackjax.__version__}, warm, draw)
