"""What BlackJAX's and NumPyro's side of the Hamiltonian jobs share: programs for all
chains, compiled ahead, and the clock. With devices, chains are spread over as many host
devices, which run side by side; a device that has one chain runs it without a vmap, so
that no chain waits for another and no branch is computed to be thrown away."""
import os
import time

import peer

o = peer.settings()
os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={o['devices']}"

import jax
import numpy as np

chains, devices = o["chains"], o["devices"]


def compiled(f, *args):
    if devices == 1:
        return jax.jit(jax.vmap(f)).lower(*args).compile()
    return jax.pmap(f if devices == chains else jax.vmap(f)).lower(*args).compile()


def split(key):
    keys = jax.random.split(key, chains)
    return keys if devices in (1, chains) else keys.reshape(devices, -1)


def serve(versions, warm, draw):
    """warm(key) is what a chain begins from after its warm-up, draw(key, warmed) its draws
    [draws, dim]."""
    programs = {}

    def run(seed):
        if o["fresh"]:
            programs.clear()
            jax.clear_caches()
        start = time.perf_counter()
        keys, more = (split(key) for key in jax.random.split(jax.random.key(seed)))
        if not programs:
            programs["warm"] = compiled(warm, keys)
        warmed = jax.block_until_ready(programs["warm"](keys))
        if "draw" not in programs:
            programs["draw"] = compiled(draw, more, warmed)
        ready = time.perf_counter()
        x = np.asarray(programs["draw"](more, warmed))
        return ready - start, time.perf_counter() - ready, x.reshape(chains, o["draws"], -1)

    peer.serve_draws({**versions, "jax": jax.__version__}, run)
