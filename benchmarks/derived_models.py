# SPDX-License-Identifier: Apache-2.0
"""Models derived from a real one, the way people derive them: trained, merged, pruned, permuted, cast.

python -m benchmarks.derived_models BASE FOLDER makes them of BASE, a folder with a llama in
transformers' form. It needs torch and transformers, and an hour of one core; what is there already
is not made again. `benchmarks.weights_lineage` measures what is made of them.
"""

import argparse
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from benchmarks.measure import say

State = dict[str, torch.Tensor]

TOKENS, BATCH = 64, 2
_LORA = ("q_proj", "v_proj")
_LORA_ALL = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def state_of(folder: Path) -> State:
    """Return the weights of a model in single precision."""
    return {
        name: tensor.float()
        for path in sorted(folder.glob("*.safetensors"))
        for name, tensor in load_file(path).items()
    }


def save(state: State, folder: Path, like: Path, dtype: torch.dtype = torch.bfloat16) -> None:
    """Write a model as transformers would: one safetensors file and a configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(like / "config.json", folder)
    made = {name: tensor.to(dtype).contiguous() for name, tensor in state.items()}
    save_file(made, folder / "model.safetensors", metadata={"format": "pt"})


def model_of(folder: Path):
    """Return a model that can be trained, in single precision."""
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def batches(tokenizer_of: Path, text: str, seed: int) -> Iterator[torch.Tensor]:
    """Yield batches of random passages of a text for ever."""
    from transformers import AutoTokenizer

    ids = AutoTokenizer.from_pretrained(tokenizer_of)(text)["input_ids"]
    choice = random.Random(seed)
    while True:
        starts = [choice.randrange(len(ids) - TOKENS) for _ in range(BATCH)]
        yield torch.tensor([ids[start : start + TOKENS] for start in starts])


def _texts(kind: str) -> str:
    """Return a text that every machine with Python has: its library's source, or licences."""
    import email
    import json
    import this

    folders = {"code": Path(json.__file__).parent, "mail": Path(email.__file__).parent}
    if kind in folders:
        return "\n".join(path.read_text("utf-8") for path in sorted(folders[kind].glob("*.py")))
    licences = Path("/usr/share/common-licenses")
    found = sorted(path for path in licences.glob("*") if path.is_file())
    return "\n".join(p.read_text("utf-8", "replace") for p in found) or this.s * 400


def train(model, data: Iterator[torch.Tensor], steps: int, rate: float) -> None:
    """Train with AdamW, a warm-up of a tenth and a linear decay, as most recipes do."""
    wanted = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(wanted, lr=rate, weight_decay=0.0 if len(wanted) < 400 else 0.01)
    warm = max(1, steps // 10)
    model.train()
    for step in range(steps):
        scale = min(1, (step + 1) / warm) * (1 - step / steps)
        for group in optimizer.param_groups:
            group["lr"] = rate * scale
        ids = next(data)
        loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(wanted, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 50 == 0:
            say(f"    step {step}: loss {loss.item():.3f}")


class Lora(torch.nn.Module):
    """A linear layer with a low-rank addition."""

    def __init__(self, inner: torch.nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.inner = inner
        self.a = torch.nn.Parameter(torch.randn(rank, inner.in_features) / rank)
        self.b = torch.nn.Parameter(torch.zeros(inner.out_features, rank))
        self.scale = alpha / rank

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x) + (x @ self.a.T @ self.b.T) * self.scale


def fine_tuned(base: Path, kind: str, steps: int, rate: float, seed: int = 0) -> State:
    """Return the weights after training all of them."""
    torch.manual_seed(seed)
    model = model_of(base)
    train(model, batches(base, _texts(kind), seed), steps, rate)
    return _own(model)


def lora_merged(base: Path, kind: str, steps: int, rank: int, names: tuple[str, ...]) -> State:
    """Return the weights after training a low-rank addition and adding it."""
    torch.manual_seed(rank)
    model = model_of(base)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if name in names and isinstance(child, torch.nn.Linear):
                setattr(module, name, Lora(child, rank, 2 * rank))
    train(model, batches(base, _texts(kind), rank), steps, 2e-4)
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Lora):
                with torch.no_grad():
                    child.inner.weight += child.scale * child.b @ child.a
                setattr(module, name, child.inner)
    return _own(model)


def _own(model) -> State:
    state = {name: tensor.detach() for name, tensor in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        state.pop("lm_head.weight", None)
    return state


def fresh(base: Path, seed: int) -> State:
    """Return the weights of a model of the same configuration that nobody trained."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(seed)
    return _own(AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(base)))


def trained_from_scratch(base: Path, seed: int, steps: int) -> State:
    """Return the weights of a model of the same configuration with some training of its own."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(base)).float()
    train(model, batches(base, _texts("code"), seed), steps, 1e-3)
    return _own(model)


def trained(base: Path) -> dict[str, Callable[[], State]]:
    """Return what takes long to make, by name."""
    return {
        "parent": lambda: fine_tuned(base, "code", 150, 5e-5, seed=7),
        "full-2e-5": lambda: fine_tuned(base.parent / "parent", "licences", 200, 2e-5, seed=1),
        "lora-8-qv": lambda: lora_merged(base.parent / "parent", "mail", 150, 8, _LORA),
        "lora-16-all": lambda: lora_merged(base.parent / "parent", "mail", 150, 16, _LORA_ALL),
        "full-1e-4": lambda: fine_tuned(base.parent / "parent", "mail", 300, 1e-4, seed=2),
        "scratch-1": lambda: trained_from_scratch(base, 11, 150),
        "full-2e-4": lambda: fine_tuned(base.parent / "parent", "licences", 300, 2e-4, seed=3),
        "scratch-2": lambda: trained_from_scratch(base, 12, 150),
        "fresh-1": lambda: fresh(base, 21),
        "fresh-2": lambda: fresh(base, 22),
    }


def main() -> int:
    """Make what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base", type=Path, help="a llama in transformers' form")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name, make in trained(arguments.base).items():
        folder = arguments.base.parent / name
        if not (folder / "model.safetensors").exists():
            say(name)
            save(make(), folder, arguments.base)
            for path in arguments.base.glob("token*"):
                shutil.copy(path, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
