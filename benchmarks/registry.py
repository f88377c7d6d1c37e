# SPDX-License-Identifier: Apache-2.0
"""How many small models a minute: python -m benchmarks.registry [--models N]."""

import argparse
import json
import os
import pickle
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Cost, cost, header, save, say


def main() -> None:
    """Measure, and write benchmarks/results/registry.json."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--models", type=int, default=10_000, help="how many (10,000)")
    options = parser.parse_args()
    program = str(shutil.which("steelyard", path=Path(sys.executable).parent))
    with tempfile.TemporaryDirectory() as scratch:
        root, store = Path(scratch) / "models", str(Path(scratch) / "store.sqlite")
        for number in range(options.models):
            small_model(root / f"org{number % 20}" / f"model{number:05}", number)
        rows = []
        for what, more in (
            ("every model read and kept", ["--store", store]),
            ("nothing changed since", ["--store", store]),
            ("every model read, nothing kept", ["--store", "none"]),
        ):
            spent = cost([program, "check", "--each", str(root), *more], limit_s=3600)
            rows.append(row(what, options.models, spent))
    say(f"wrote {save('registry', header('python -m benchmarks.registry') | {'rows': rows})}")


def small_model(folder: Path, number: int) -> None:
    """Write a model of five small files, a pickle among them, different from all others."""
    folder.mkdir(parents=True)
    text = f"---\nlicense: apache-2.0\n---\n# Model {number}\n\nA small model.\n"
    (folder / "README.md").write_text(text, "utf-8")
    config = {"model_type": "llama", "hidden_size": 64, "vocab_size": 1000 + number}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    template = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] }}{% endfor %}"
    settings = {"bos_token": "<s>", "chat_template": template}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    (folder / "scheduler.pkl").write_bytes(pickle.dumps({"lr": number, "x": list(range(50))}))
    tensors = {
        f"layers.{layer}.weight": {
            "dtype": "F32",
            "shape": [16, 16],
            "data_offsets": [layer * 1024, layer * 1024 + 1024],
        }
        for layer in range(8)
    }
    head = json.dumps(tensors).encode()
    data = len(head).to_bytes(8, "little") + head + os.urandom(8 * 1024)
    (folder / "model.safetensors").write_bytes(data)


def row(what: str, models: int, spent: Cost) -> dict[str, object]:
    """Return a row of the result."""
    say(f"{what}: {models / spent.wall_s:.0f} models a second")
    return {
        "what": what,
        "models": models,
        "wall_s": round(spent.wall_s, 2),
        "rate": round(models / spent.wall_s, 1),
        "cpu_s": round(spent.cpu_s, 1),
        "peak_mb": round(spent.peak_mb, 1),
        "code": spent.code,
    }


if __name__ == "__main__":
    main()
