"""A restricted Boltzmann machine by persistent contrastive divergence: all epochs and updates inside two scans."""
import jax
import jax.numpy as jnp

import peer

o = peer.settings()
batch, hidden, rate = o["batch"], o["hidden"], o["learning_rate"]
x = jnp.asarray(peer.pictures(o))
n, visible = x.shape


@jax.jit
def run(key, x):
    start, chains, key = jax.random.split(key, 3)

    def update(state, batch_and_key):
        (w, b, c, h), (rows, key) = state, batch_and_key
        for_v, for_h = jax.random.split(key)
        v = x[rows]
        drawn = jax.random.bernoulli(for_v, jax.nn.sigmoid(h @ w.T + b)).astype(jnp.float32)
        ph, qh = jax.nn.sigmoid(v @ w + c), jax.nn.sigmoid(drawn @ w + c)
        h = jax.random.bernoulli(for_h, qh).astype(jnp.float32)
        w += rate / batch * (v.T @ ph - drawn.T @ qh)
        b += rate / batch * jnp.sum(v - drawn, 0)
        c += rate / batch * jnp.sum(ph - qh, 0)
        return (w, b, c, h), None

    def epoch(state, key):
        order, key = jax.random.split(key)
        rows = jax.random.permutation(order, n)[: n // batch * batch].reshape(-1, batch)
        return jax.lax.scan(update, state, (rows, jax.random.split(key, len(rows))))[0], None

    state = (
        0.01 * jax.random.normal(start, (visible, hidden)), jnp.zeros(visible), jnp.zeros(hidden),
        jax.random.bernoulli(chains, 0.5, (batch, hidden)).astype(jnp.float32),
    )
    return jax.lax.scan(epoch, state, jax.random.split(key, o["epochs"]))[0]


peer.serve(
    {"jax": jax.__version__},
    lambda seed: jax.block_until_ready(run(jax.random.key(seed), x)),
    lambda state: peer.machine(x, *state[:3], batch),
)
