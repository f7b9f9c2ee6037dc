"""Denoising score matching as a regression of −ε/σ on x̃: 1,000 fresh minibatches are
one pass of an MLPRegressor over as many examples."""
import warnings

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from threadpoolctl import threadpool_limits

import peer

warnings.simplefilter("ignore", ConvergenceWarning)
threadpool_limits(1)  # matrices of 128 by 64 are too small to share: two threads take longer
o = peer.settings()
steps, batch, sigma = o["steps"], o["batch"], o["sigma"]


def data(random, n):  # ½ N((−2, 0), I) + ½ N((2, 0), I)
    sign = random.integers(2, size=(n, 1), dtype=np.int8) * np.float32(2) - 1
    return random.standard_normal((n, 2), np.float32) + sign * np.array([2, 0], np.float32)


def run(seed):
    random = np.random.default_rng(seed)
    x, eps = data(random, steps * batch), random.standard_normal((steps * batch, 2), np.float32)
    network = MLPRegressor(
        hidden_layer_sizes=o["hidden"], activation="tanh", solver="adam", alpha=0, batch_size=batch,
        learning_rate_init=o["learning_rate"], max_iter=1, shuffle=False, random_state=seed,
    )
    return network.fit(x + np.float32(sigma) * eps, -eps / np.float32(sigma))


def answer(network):
    # It keeps no loss of a step; that of the end, on fresh data, is as telling.
    random = np.random.default_rng(10_000)
    x, eps = data(random, steps * batch // 2), random.standard_normal((steps * batch // 2, 2), np.float32)
    losses = np.sum((network.predict(x + sigma * eps) + eps / sigma) ** 2, 1)
    return peer.trained(network.predict, losses.reshape(-1, batch).mean(1).repeat(2), sigma)


peer.serve({"scikit-learn": sklearn.__version__, "numpy": np.__version__}, run, answer)
