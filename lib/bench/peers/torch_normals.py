"""Sums of squared normals, one fused kernel and one draw a step."""
import torch

import peer

o = peer.settings()
steps, count = o["steps"], o["numbers"]


@torch.no_grad()
def run(seed):
    torch.manual_seed(seed)
    total, z = torch.zeros(count), torch.empty(count)
    for _ in range(steps):
        total.addcmul_(z.normal_(), z)
    return total


def answer(total):
    mean, variance = peer.mean(total), peer.variance(total)
    return {"E z²": [v / steps for v in mean], "Var z²": [v / steps for v in variance]}


peer.serve({"torch": torch.__version__}, run, answer)
