# SPDX-License-Identifier: Apache-2.0
"""Models derived from a real one, the way people derive them: trained, merged, pruned, permuted, cast.

python -m benchmarks.derived_models BASE makes them beside BASE, a folder with a llama in transformers'
form. It needs torch and transformers, and half an hour of one core; what is there already is not made
again. `benchmarks.weights_lineage` measures what is made of them.

BASE is first trained whole (`whole`). What follows is made of its first eight layers and first 8,192
tokens (`parent`), which train six times as fast; a sketch has as many numbers of them as of the whole.
"""

import argparse
import email
import json
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from benchmarks.measure import say

State = dict[str, torch.Tensor]

TOKENS, BATCH = 24, 1
LAYERS, VOCABULARY = 8, 8_192
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
    config = json.loads((like / "config.json").read_text("utf-8"))
    layers = {name.split(".")[2] for name in state if name.startswith("model.layers.")}
    config |= {"num_hidden_layers": len(layers)}
    config |= {"vocab_size": len(state.get("model.embed_tokens.weight", ()))}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
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
    ids = [number for number in ids if number < VOCABULARY]
    choice = random.Random(seed)
    while True:
        starts = [choice.randrange(len(ids) - TOKENS) for _ in range(BATCH)]
        yield torch.tensor([ids[start : start + TOKENS] for start in starts])


def _texts(kind: str) -> str:
    """Return a text that every machine with Python has: its library's source, or licences."""
    folders = {"code": Path(json.__file__).parent, "mail": Path(email.__file__).parent}
    if kind in folders:
        return "\n".join(path.read_text("utf-8") for path in sorted(folders[kind].glob("*.py")))
    licences = Path("/usr/share/common-licenses")
    found = [path for path in licences.glob("*") if path.is_file()]
    found = found or [Path(__file__).parent.parent / "LICENSE"]
    return "\n".join(path.read_text("utf-8", "replace") for path in sorted(found))


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
        if step % 20 == 0:
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


def cut(folder: Path) -> State:
    """Return the first layers and tokens of a model."""
    state = state_of(folder)
    names = [n for n in state if not n.startswith("model.layers.") or int(n.split(".")[2]) < LAYERS]
    kept = {name: state[name] for name in names}
    kept["model.embed_tokens.weight"] = kept["model.embed_tokens.weight"][:VOCABULARY]
    return kept


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
    """Return what takes long to make, by name; what comes first others are made of."""
    folder = base.parent
    parent = folder / "parent"
    return {
        "whole": lambda: fine_tuned(base, "code", 150, 5e-5, seed=7),
        "parent": lambda: cut(folder / "whole"),
        "grandparent": lambda: cut(base),
        "lora-8": lambda: lora_merged(parent, "mail", 80, 8, _LORA),
        "lora-16": lambda: lora_merged(parent, "mail", 80, 16, _LORA_ALL),
        "fresh-1": lambda: fresh(parent, 21),
        "fresh-2": lambda: fresh(parent, 22),
        "full-2e-5": lambda: fine_tuned(parent, "licences", 100, 2e-5, seed=1),
        "full-2e-4": lambda: fine_tuned(parent, "mail", 80, 2e-4, seed=2),
        "scratch-1": lambda: trained_from_scratch(parent, 11, 40),
        "scratch-2": lambda: trained_from_scratch(parent, 12, 40),
        "full-1e-3": lambda: fine_tuned(parent, "licences", 40, 1e-3, seed=3),
    }


def main() -> int:
    """Make what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("base", type=Path, help="a llama in transformers' form")
    base = parser.parse_args().base
    torch.set_num_threads(1)
    for name, make in trained(base).items():
        folder = base.parent / name
        if not (folder / "model.safetensors").exists():
            say(name)
            save(make(), folder, base)
            for path in base.glob("token*"):
                shutil.copy(path, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
