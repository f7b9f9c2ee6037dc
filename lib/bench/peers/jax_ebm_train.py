"""Contrastive divergence for a neural energy, every update inside one scan, Adam by Optax."""
import jax
import jax.numpy as jnp
import numpy as np
import optax

import peer

o = peer.settings()
batch, transitions, eta = o["batch"], o["transitions"], o["step_size"]
widths = [2, *o["hidden"], 1]
adam = optax.adam(o["learning_rate"])
weights, means = jnp.array([0.5, 0.3, 0.2]), jnp.array([[-2.5, -1.5], [2.5, -1.5], [0.0, 2.5]])


def initial(key):
    glorot = jax.nn.initializers.glorot_uniform()
    keys = jax.random.split(key, len(widths) - 1)
    return [(glorot(k, (m, n)), jnp.zeros(n)) for k, m, n in zip(keys, widths, widths[1:])]


def energy(layers, x):  # [n, 2] to [n], with a term that keeps Z finite
    h = x
    for w, b in layers[:-1]:
        h = jnp.tanh(h @ w + b)
    w, b = layers[-1]
    return (h @ w + b)[:, 0] + jnp.sum(x**2, 1) / 32


gradient = jax.grad(lambda layers, x: jnp.sum(energy(layers, x)), argnums=1)


def negatives(layers, x, key):
    def move(x, key):
        return x - eta * gradient(layers, x) + jnp.sqrt(2 * eta) * jax.random.normal(key, x.shape), None

    return jax.lax.scan(move, x, jax.random.split(key, transitions))[0]


def loss(layers, x, key):
    return jnp.mean(energy(layers, x)) - jnp.mean(energy(layers, jax.lax.stop_gradient(negatives(layers, x, key))))


@jax.jit
def run(key):
    def update(state, key):
        layers, moments = state
        which, noise, chains = jax.random.split(key, 3)
        centre = means[jax.random.choice(which, 3, (batch,), p=weights)]
        x = centre + 0.5 * jax.random.normal(noise, (batch, 2))
        updates, moments = adam.update(jax.grad(loss)(layers, x, chains), moments)
        return (optax.apply_updates(layers, updates), moments), None

    first, key = jax.random.split(key)
    layers = initial(first)
    (layers, _), _ = jax.lax.scan(update, (layers, adam.init(layers)), jax.random.split(key, o["updates"]))
    return layers


# The standard deviation of the likelihood between seeds, from 24 runs of this side.
BETWEEN_TRAININGS = 0.06


def answer(layers):
    side = np.arange(-8, 8.05, 0.1)
    x = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2).astype(np.float32)
    e = np.asarray(energy(layers, jnp.asarray(x)), np.float64)
    p = np.exp(-2 * np.sum((x[:, None] - np.asarray(means)) ** 2, 2)) @ np.asarray(weights)
    log_z = np.log(np.sum(np.exp(e.min() - e)) * 0.01) - e.min()
    return {"NLL, nats": (log_z + np.sum(p / p.sum() * e), BETWEEN_TRAININGS)}


peer.serve({"jax": jax.__version__, "optax": optax.__version__}, lambda seed: jax.block_until_ready(run(jax.random.key(seed))), answer)
