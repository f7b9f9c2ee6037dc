"""Denoising score matching, the step compiled, or eager."""
import torch
from torch import nn

import peer

o = peer.settings()
steps, batch, sigma = o["steps"], o["batch"], o["sigma"]


def network():
    widths, layers = [2, *o["hidden"], 2], []
    for m, n in zip(widths, widths[1:]):
        layers += [nn.Linear(m, n), nn.Tanh()]
        nn.init.xavier_uniform_(layers[-2].weight)
        nn.init.zeros_(layers[-2].bias)
    return nn.Sequential(*layers[:-1])


def loss(net, noisy, eps):
    return (net(noisy) + eps / sigma).square().sum(1).mean()


if not o.get("eager"):
    loss = torch.compile(loss)


def run(seed):
    torch.manual_seed(seed)
    net, losses, two = network(), torch.empty(steps), torch.tensor([2.0, 0.0])
    adam = torch.optim.Adam(net.parameters(), o["learning_rate"], fused=True)
    for i in range(steps):
        x = torch.randn(batch, 2) + two * (torch.randint(2, (batch, 1)) * 2 - 1)
        eps = torch.randn(batch, 2)
        value = loss(net, x + sigma * eps, eps)
        adam.zero_grad()
        value.backward()
        adam.step()
        losses[i] = value.detach()
    return net, losses


def answer(result):
    net, losses = result
    with torch.no_grad():
        return peer.trained(lambda x: net(torch.as_tensor(x)).numpy(), losses, sigma)


peer.serve({"torch": torch.__version__}, run, answer)
