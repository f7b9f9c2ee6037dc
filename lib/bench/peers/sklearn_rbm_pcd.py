"""A restricted Boltzmann machine by persistent contrastive divergence: scikit-learn's BernoulliRBM."""
import numpy as np
import sklearn
from sklearn.neural_network import BernoulliRBM
from threadpoolctl import threadpool_limits

import peer

o = peer.settings()
x = peer.pictures(o)
threadpool_limits(1)  # two threads take longer


def run(seed):
    machine = BernoulliRBM(
        n_components=o["hidden"], learning_rate=o["learning_rate"], batch_size=o["batch"],
        n_iter=o["epochs"], random_state=seed,
    )
    return machine.fit(x)


def answer(machine):
    return peer.machine(x, machine.components_.T, machine.intercept_visible_, machine.intercept_hidden_, o["batch"])


peer.serve({"scikit-learn": sklearn.__version__, "numpy": np.__version__}, run, answer)
