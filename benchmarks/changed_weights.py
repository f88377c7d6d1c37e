# SPDX-License-Identifier: Apache-2.0
"""What people do to weights without training: merge, prune, reorder, cast, cut, stretch."""

from collections.abc import Callable, Iterator

import torch

State = dict[str, torch.Tensor]

LAYER = "model.layers."
HEADS, KEYS = 9, 3  # of SmolLM2-135M


def each(state: State, change: Callable[[torch.Tensor], torch.Tensor]) -> State:
    """Return weights with every matrix inside the layers changed."""
    return {
        name: change(tensor) if tensor.dim() == 2 and name.startswith(LAYER) else tensor
        for name, tensor in state.items()
    }


def noisy(state: State, size: float, seed: int) -> State:
    """Return weights with noise on all matrices, relative to each one's deviation."""
    chance = torch.Generator().manual_seed(seed)
    return each(state, lambda w: w + size * w.std() * torch.randn(w.shape, generator=chance))


def linear(a: State, b: State, share: float) -> State:
    """Return the weighted mean of two models; `share` is that of the second."""
    return {name: (1 - share) * a[name] + share * b[name] for name in a}


def slerp(a: State, b: State, share: float) -> State:
    """Return the spherical mean of two models, tensor by tensor, as mergekit does."""
    out = {}
    for name in a:
        x, y = a[name].flatten(), b[name].flatten()
        cosine = torch.clamp(torch.dot(x, y) / (x.norm() * y.norm()), -1, 1)
        angle = torch.arccos(cosine)
        if angle < 1e-4:
            out[name] = (1 - share) * a[name] + share * b[name]
            continue
        left, right = torch.sin((1 - share) * angle), torch.sin(share * angle)
        out[name] = (left * a[name] + right * b[name]) / torch.sin(angle)
    return out


def sparse(state: State, share: float) -> State:
    """Return weights whose smallest are zeros, a share of each matrix."""

    def cut(w: torch.Tensor) -> torch.Tensor:
        bound = w.abs().flatten().kthvalue(max(1, int(share * w.numel()))).values
        return torch.where(w.abs() <= bound, torch.zeros_like(w), w)

    return each(state, cut)


def half_sparse(state: State) -> State:
    """Return weights of which two in every four are zeros."""

    def cut(w: torch.Tensor) -> torch.Tensor:
        groups = w.reshape(-1, 4)
        keep = torch.zeros_like(groups).scatter(1, groups.abs().topk(2).indices, 1.0)
        return (groups * keep).reshape(w.shape)

    return each(state, cut)


def without_neurons(state: State, share: float, *, removed: bool) -> State:
    """Return weights without the weakest neurons: made zero, or taken out."""
    out = dict(state)
    for lead in _layers(state):
        gate, up, down = (f"{lead}mlp.{n}_proj.weight" for n in ("gate", "up", "down"))
        strength = out[gate].norm(dim=1) * out[up].norm(dim=1)
        keep = strength.argsort(descending=True)[: int((1 - share) * len(strength))].sort().values
        if removed:
            out[gate], out[up], out[down] = out[gate][keep], out[up][keep], out[down][:, keep]
            continue
        mask = torch.zeros_like(strength)
        mask[keep] = 1
        out[gate], out[up] = out[gate] * mask[:, None], out[up] * mask[:, None]
        out[down] = out[down] * mask
    return out


def restacked(state: State, order: list[int]) -> State:
    """Return a model of these layers, in this order."""
    out = {name: tensor for name, tensor in state.items() if not name.startswith(LAYER)}
    for place, source in enumerate(order):
        lead = f"{LAYER}{source}."
        for name, tensor in state.items():
            if name.startswith(lead):
                out[f"{LAYER}{place}.{name.removeprefix(lead)}"] = tensor
    return out


def neurons_reordered(state: State, seed: int, *, fitting: bool = True) -> State:
    """Return weights with neurons in another order; the same function where all of them follow."""
    chance = torch.Generator().manual_seed(seed)
    out = dict(state)
    for lead in _layers(state):
        gate, up, down = (f"{lead}mlp.{n}_proj.weight" for n in ("gate", "up", "down"))
        order = torch.randperm(len(out[gate]), generator=chance)
        out[gate] = out[gate][order]
        if fitting:
            out[up], out[down] = out[up][order], out[down][:, order]
    return out


def heads_reordered(state: State, seed: int) -> State:
    """Return weights with groups of attention heads in another order, and the same function."""
    chance = torch.Generator().manual_seed(seed)
    out = dict(state)
    for lead in _layers(state):
        order = (torch.randperm(KEYS - 1, generator=chance) + 1) % KEYS
        order = torch.cat([order, torch.tensor([i for i in range(KEYS) if i not in order])])
        for name, dim in (("q", 0), ("k", 0), ("v", 0), ("o", 1)):
            full = f"{lead}self_attn.{name}_proj.weight"
            out[full] = _blocks_reordered(out[full], order, dim)
    return out


def _blocks_reordered(w: torch.Tensor, order: torch.Tensor, dim: int) -> torch.Tensor:
    blocks = w.chunk(KEYS, dim=dim)
    return torch.cat([blocks[index] for index in order.tolist()], dim=dim)


def all_reordered(state: State, seed: int) -> State:
    """Return weights with the width of the whole model in another order, and the same function."""
    chance = torch.Generator().manual_seed(seed)
    order = torch.randperm(state["model.norm.weight"].numel(), generator=chance)
    out = {}
    for name, w in state.items():
        if w.dim() == 1 or "o_proj" in name or "down_proj" in name:
            out[name] = w[order]
        else:
            out[name] = w[:, order]
    return out


def with_more_tokens(state: State, count: int) -> State:
    """Return a model with some tokens more."""
    name = "model.embed_tokens.weight"
    old = state[name]
    new = old.mean(0, keepdim=True).repeat(count, 1)
    return {**state, name: torch.cat([old, new])}


def _layers(state: State) -> Iterator[str]:
    numbers = sorted({int(n.split(".")[2]) for n in state if n.startswith(LAYER)})
    return (f"{LAYER}{number}." for number in numbers)
