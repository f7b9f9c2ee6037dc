"""What the peers' random walks share: the target's numbers, the loops and the clock."""
import json
import os
import time

import jax
import jax.numpy as jnp
import numpy as np

import peer

o = peer.settings()
with open(os.path.join(o["folder"], "walk.json")) as file:
    numbers = json.load(file)
precision = jnp.asarray(numbers["precision"], jnp.float32)
root = jnp.asarray(numbers["root"], jnp.float32) * (2.38 / np.sqrt(o["dim"]))  # of a step's covariance


def serve(versions, begin, move, position):
    """begin(x) is the state of all chains at x, move(state, key) a transition."""
    programs = {}

    def burn(key):
        at, key = jax.random.split(key)
        state = begin(jax.random.uniform(at, (o["chains"], o["dim"]), minval=-2, maxval=2))
        return jax.lax.scan(move, state, jax.random.split(key, o["burn_in"]))[0]

    def draw(key, state):
        def kept(state, key):
            state, _ = jax.lax.scan(move, state, jax.random.split(key, o["thin"]))
            return state, position(state)

        return jax.lax.scan(kept, state, jax.random.split(key, o["draws"]))[1]

    def run(seed):
        if o["fresh"]:
            programs.clear()
            jax.clear_caches()
        start = time.perf_counter()
        first, more = jax.random.split(jax.random.key(seed))
        if not programs:
            programs["burn"] = jax.jit(burn).lower(first).compile()
        state = jax.block_until_ready(programs["burn"](first))
        if "draw" not in programs:
            programs["draw"] = jax.jit(draw).lower(more, state).compile()
        ready = time.perf_counter()
        x = np.asarray(programs["draw"](more, state))  # [draws, chains, dim]
        return ready - start, time.perf_counter() - ready, x.swapaxes(0, 1)

    peer.serve_draws({**versions, "jax": jax.__version__}, run)
