"""Heat-bath sweeps of an Ising lattice: compiled loops over the sites of one colour and
then of the other, the rows spread over the cores."""
import numba
import numpy as np

import peer

o = peer.settings()
size, sweeps, tau = o["l"], o["sweeps"], o["tau"]
up = 1 / (1 + np.exp(-2 * np.arange(-4, 5) / tau))  # P(+1), by the neighbours' sum + 4


@numba.njit(parallel=True)
def seeded(seed, spins, up, sweeps):
    for thread in numba.prange(numba.get_num_threads()):  # each has a generator of its own
        np.random.seed(seed * 1000 + thread)
    n = spins.shape[0]
    for sweep in range(sweeps):
        for parity in range(2):
            for r in numba.prange(n):
                above, below = spins[r - 1], spins[r + 1 - n]
                row = spins[r]
                for c in range((r + parity) % 2, n, 2):
                    total = above[c] + below[c] + row[c - 1] + row[c + 1 - n]
                    row[c] = 1 if np.random.random() < up[total + 4] else -1
    return spins


peer.serve(
    {"numba": numba.__version__},
    lambda seed: seeded(seed, np.ones((size, size), np.int8), up, sweeps),
    lambda spins: peer.magnet(spins.astype(np.int64)),
)
