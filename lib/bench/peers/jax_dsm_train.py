"""Denoising score matching, every step inside one scan, Adam by Optax."""
import jax
import jax.numpy as jnp
import numpy as np
import optax

import peer

o = peer.settings()
steps, batch, sigma = o["steps"], o["batch"], o["sigma"]
widths = [2, *o["hidden"], 2]
adam = optax.adam(o["learning_rate"])


def initial(key):
    glorot = jax.nn.initializers.glorot_uniform()
    keys = jax.random.split(key, len(widths) - 1)
    return [(glorot(k, (m, n)), jnp.zeros(n)) for k, m, n in zip(keys, widths, widths[1:])]


def network(layers, x):
    for w, b in layers[:-1]:
        x = jnp.tanh(x @ w + b)
    w, b = layers[-1]
    return x @ w + b


def data(key, n):  # ½ N((−2, 0), I) + ½ N((2, 0), I)
    side, noise = jax.random.split(key)
    sign = jax.random.rademacher(side, (n, 1), jnp.float32)
    return jax.random.normal(noise, (n, 2)) + sign * jnp.array([2.0, 0.0])


def loss(layers, key):
    k, noise = jax.random.split(key)
    x, eps = data(k, batch), jax.random.normal(noise, (batch, 2))
    return jnp.mean(jnp.sum((network(layers, x + sigma * eps) + eps / sigma) ** 2, 1))


@jax.jit
def run(key):
    def step(state, key):
        layers, moments = state
        value, gradient = jax.value_and_grad(loss)(layers, key)
        updates, moments = adam.update(gradient, moments)
        return (optax.apply_updates(layers, updates), moments), value

    first, key = jax.random.split(key)
    layers = initial(first)
    (layers, _), losses = jax.lax.scan(step, (layers, adam.init(layers)), jax.random.split(key, steps))
    return layers, losses


def answer(result):
    layers, losses = result
    return peer.trained(lambda x: network(layers, jnp.asarray(x)), losses, sigma)


peer.serve(
    {"jax": jax.__version__, "optax": optax.__version__},
    lambda seed: jax.block_until_ready(run(jax.random.key(seed))),
    answer,
)
