"""Chains and what ArviZ says of them, as JSON: the reference of lib/diag.

    python with_arviz.py make > arviz.json      the stored cases
    python with_arviz.py values < cases.json    the values of given chains

Made with Python 3.11 and
    pip install arviz==0.21.0 matplotlib==3.10.9 numpy==2.4.6 scipy==1.17.1
(ArviZ 0.21.0 does not import beside matplotlib 3.11.) NaN is null. Chains are
rounded to 5 digits, so that what is stored is what was computed with.
"""

import json
import logging
import math
import sys
import warnings

import arviz as az
import numpy as np
from scipy.signal import lfilter

SHAPES = [(1, 4), (2, 4), (2, 5), (1, 40), (2, 21), (2, 50), (3, 33), (4, 25), (4, 100), (4, 101), (5, 64), (8, 60), (2, 300)]

FAMILIES = {
    "normal": lambda r, c, n: r.normal(size=(c, n)),
    "AR(1) 0.9": lambda r, c, n: lfilter([1], [1, -0.9], r.normal(size=(c, n + 50)), axis=1)[:, 50:],
    "AR(1) -0.6": lambda r, c, n: lfilter([1], [1, 0.6], r.normal(size=(c, n + 50)), axis=1)[:, 50:],
    "Cauchy": lambda r, c, n: r.standard_cauchy(size=(c, n)),
    "different means": lambda r, c, n: r.normal(size=(c, n)) + np.arange(c)[:, None],
    "different spreads": lambda r, c, n: r.normal(size=(c, n)) * (1 + np.arange(c)[:, None]),
    "drift": lambda r, c, n: r.normal(size=(c, n)) + np.linspace(0, 3, n),
    "integers": lambda r, c, n: r.poisson(3, size=(c, n)).astype(float),
}


def chains():
    """Every family in every shape, then chains without a diagnostic."""
    r = np.random.default_rng(20210706)
    for name, draw in FAMILIES.items():
        for c, n in SHAPES:
            yield f"{name} {c}x{n}", [[float(f"{x:.5g}") for x in row] for row in draw(r, c, n)]
    yield "constant", [[2.0] * 20] * 3
    broken = r.normal(size=(3, 20)).round(4)
    broken[1, 7] = np.nan
    yield "a NaN", [[None if math.isnan(v) else v for v in row] for row in broken.tolist()]


def values(rows):
    """ArviZ's diagnostics of chains, by the names of lib/diag."""
    x = np.array([[math.nan if v is None else v for v in row] for row in rows])
    out = {
        "RHat": az.rhat(x, method="rank"),
        "RHatBulk": az.rhat(x, method="z_scale"),
        "RHatFolded": az.rhat(x, method="folded"),
        "ESSBulk": az.ess(x, method="bulk"),
        "ESSTail": az.ess(x, method="tail"),
        "ESSMean": az.ess(x, method="mean"),
        "ESSSD": az.ess(x, method="sd"),
        "MCSEMean": az.mcse(x, method="mean"),
        "MCSESD": az.mcse(x, method="sd"),
        "Autocorrelation1": az.autocorr(x)[:, 1].mean(),
        "EBFMI": az.bfmi(x).min(),
        "ParetoK": math.nan if np.isnan(x).any() else az.psislw(x.flatten())[1],
        "ParetoK 0.3": math.nan if np.isnan(x).any() else az.psislw(x.flatten(), reff=0.3)[1],
    }
    for p in (0.05, 0.5, 0.95):
        out[f"Quantile {p}"] = np.quantile(x, p)
        out[f"ESSQuantile {p}"] = az.ess(x, method="quantile", prob=p)
        out[f"MCSEQuantile {p}"] = math.nan if np.isnan(x).any() else az.mcse(x, method="quantile", prob=p)
    return {k: float(v) if np.isfinite(v) else None for k, v in out.items()}


def case(name, rows):
    return {"name": name, "chains": rows, "arviz": values(rows)}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.getLogger("arviz").setLevel("ERROR")
    given = chains() if sys.argv[1] == "make" else [(c["name"], c["chains"]) for c in json.load(sys.stdin)]
    print("[" + ",\n".join(json.dumps(case(*g), separators=(",", ":")) for g in given) + "]")
