"""Unadjusted Langevin chains on the two-mode mixture; the step compiled, or eager."""
import torch

import peer

o = peer.settings()
chains, steps, eta = o["chains"], o["steps"], o["step_size"]


def move(x, z):  # the score is of ½ N((−2, 0), I) + ½ N((2, 0), I); x, z [2, chains]
    score = torch.stack([2 * torch.tanh(2 * x[0]) - x[0], -x[1]])
    return x + eta * score + (2 * eta) ** 0.5 * z


if not o.get("eager"):
    move = torch.compile(move)


@torch.no_grad()
def run(seed):
    torch.manual_seed(seed)
    x, z = torch.full((2, chains), 10.0), torch.empty(2, chains)
    for _ in range(steps):
        x = move(x, z.normal_())
    return x


peer.serve({"torch": torch.__version__}, run, lambda x: peer.plane(x.T))
