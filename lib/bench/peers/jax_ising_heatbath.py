"""Heat-bath sweeps of an Ising lattice, one scan. The spins lie in four arrays, one for
each parity of row and column, so that no update is masked. A random word is compared
with the threshold of its neighbours' sum; a uniform number and a sigmoid take as long."""
import jax
import jax.numpy as jnp
import numpy as np

import peer

o = peer.settings()
half, sweeps, tau = o["l"] // 2, o["sweeps"], o["tau"]
thresholds = [jnp.uint32(2**32 / (1 + np.exp(-2 * s / tau))) for s in (-4, -2, 0, 2, 4)]


def around(x, a, b):  # the sum of the neighbours of the sites (2r + a, 2c + b)
    beside, above = x[a][1 - b], x[1 - a][b]
    return beside + jnp.roll(beside, 1 - 2 * b, 1) + above + jnp.roll(above, 1 - 2 * a, 0)


def update(x, parity, key):
    sums = [around(x, a, a ^ parity) for a in (0, 1)]
    words = jax.random.bits(key, (2, half, half), jnp.uint32)
    for a in (0, 1):
        below = jnp.select([sums[a] == s for s in (-4, -2, 0, 2)], thresholds[:4], thresholds[4])
        x[a][a ^ parity] = jnp.where(words[a] < below, 1, -1)


@jax.jit
def run(key):
    def sweep(x, key):
        x = [list(row) for row in x]
        for parity, k in enumerate(jax.random.split(key)):
            update(x, parity, k)
        return x, None

    up = jnp.ones((half, half), jnp.int32)
    return jax.lax.scan(sweep, [[up, up], [up, up]], jax.random.split(key, sweeps))[0]


def lattice(x):
    spins = np.empty((2 * half, 2 * half), np.int64)
    for a in (0, 1):
        for b in (0, 1):
            spins[a::2, b::2] = x[a][b]
    return spins


peer.serve(
    {"jax": jax.__version__},
    lambda seed: jax.block_until_ready(run(jax.random.key(seed))),
    lambda x: peer.magnet(lattice(x)),
)
