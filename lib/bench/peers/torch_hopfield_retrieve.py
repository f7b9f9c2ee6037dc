"""One step of a modern Hopfield memory: attention as the library has it, or spelt out."""
import torch
from torch.nn import functional

import peer

o = peer.settings()
stored = peer.sphere(o["patterns"], o["dim"])
patterns = torch.from_numpy(stored)


def step(x):
    if o.get("eager"):
        return torch.softmax(o["beta"] * x @ patterns.T, 1) @ patterns
    return functional.scaled_dot_product_attention(x[None], patterns[None], patterns[None], scale=o["beta"])[0]


@torch.no_grad()
def run(seed):
    near, queries = peer.queries(stored, o["queries"], o["noise"], seed)
    return near, step(torch.from_numpy(queries))


peer.serve({"torch": torch.__version__}, run, peer.recalled)
