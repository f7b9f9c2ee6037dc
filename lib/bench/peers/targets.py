"""The log densities of the Hamiltonian jobs, at one point of unconstrained numbers.
Their data are the files that our side wrote, in float64, as the sampling is."""
import json
import os

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)


def target(o):
    """Returns log p and the number of dimensions."""
    with open(os.path.join(o["folder"], o["target"] + ".json")) as file:
        data = {name: jnp.asarray(value, jnp.float64) for name, value in json.load(file).items()}
    log_p = {"eight_schools": eight_schools, "normal": normal, "logistic": logistic}[o["target"]]
    return lambda x: log_p(x, **data), o["dim"]


def eight_schools(x, y, sigma):
    """μ ~ N(0, 5), τ = eˣ¹ ~ half-Cauchy(5), z ~ N(0, 1), y ~ N(μ + τz, σ)."""
    mu, log_tau, z = x[0], x[1], x[2:]
    tau = jnp.exp(log_tau)
    prior = -0.5 * (mu / 5) ** 2 - jnp.log1p((tau / 5) ** 2) + log_tau - 0.5 * jnp.sum(z**2)
    return prior - 0.5 * jnp.sum(((y - mu - tau * z) / sigma) ** 2)


def normal(x, precision):
    """N(0, P⁻¹)."""
    return -0.5 * x @ (precision @ x)


def logistic(x, rows, y):
    """β ~ N(0, 1), logit P(y = 1) = Xβ."""
    eta = rows @ x
    return -0.5 * x @ x + y @ eta - jnp.sum(jax.nn.softplus(eta))
