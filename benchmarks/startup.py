# SPDX-License-Identifier: Apache-2.0
"""How soon the command line answers, and how much disk it takes: python -m benchmarks.startup [--runs N]."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import weights
from benchmarks.measure import cost, header, save, say

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Measure, and write benchmarks/results/startup.json."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--runs", type=int, default=15, help="of each command (15)")
    options = parser.parse_args()
    program = str(shutil.which("steelyard", path=Path(sys.executable).parent))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        model = small_model(folder / "model")
        env = os.environ | {"HOME": scratch, "STEELYARD_STORE": str(folder / "store.sqlite")}
        rows = [
            timed("bare `python -c ''`", [sys.executable, "-c", ""], options.runs, env),
            timed("`steelyard --help`", [program, "--help"], options.runs, env),
            timed(
                "`steelyard check` of a folder of 1 MB, five files",
                [program, "check", str(model)],
                options.runs,
                env,
            ),
            timed(
                "the same with `--json`",
                [program, "check", "--json", str(model)],
                options.runs,
                env,
            ),
            *installed(folder / "venv"),
        ]
    say(f"wrote {save('startup', header('make bench') | {'rows': rows})}")


def small_model(folder: Path) -> Path:
    """Write weights of 1 MB with a card, a configuration, a tokenizer and its settings."""
    folder.mkdir()
    weights.safetensors(folder / "model.safetensors", 1 << 20)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# A model\n", "utf-8")
    (folder / "config.json").write_text('{"model_type": "llama", "hidden_size": 64}', "utf-8")
    template = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] }}{% endfor %}"
    settings = {"tokenizer_class": "GPT2Tokenizer", "chat_template": template}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    (folder / "tokenizer.json").write_text('{"version": "1.0", "model": {"vocab": {}}}', "utf-8")
    return folder


def timed(what: str, command: list[str], runs: int, env: dict[str, str]) -> dict[str, object]:
    """Return the median wall time of a command, after one run that warms the caches."""
    cost(command, env=env)
    walls = [cost(command, env=env).wall_s for _ in range(runs)]
    say(f"{what}: {statistics.median(walls):.3f} s")
    return {"what": what, "value": round(statistics.median(walls), 4), "unit": "s"}


def installed(folder: Path) -> list[dict[str, object]]:
    """Return what the base install takes on disk beyond Python, compiled modules included."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder), "install", "-qq"]
    locked = [
        "--require-hashes",
        "--only-binary",
        ":all:",
        "-r",
        ROOT / "requirements" / "base.txt",
    ]
    subprocess.run([*pip, *locked], check=True)
    own = ["--no-deps", "--no-build-isolation", "--no-index", "--target"]
    (site,) = folder.glob("lib/python*/site-packages")
    build = [sys.executable, "-m", "pip", "install", "-qq", *own, site, ROOT]
    subprocess.run(build, check=True)
    files = [path for path in site.rglob("*") if path.is_file()]
    size = sum(path.stat().st_blocks * 512 for path in files) / 1e6
    say(f"base install: {size:.1f} MB in {len(files):,} files")
    mine = sum(path.stat().st_blocks * 512 for path in files if "steelyard" in path.parts) / 1e6
    return [
        {"what": "base install beyond Python, on disk", "value": round(size, 1), "unit": "MB"},
        {"what": "of which steelyard itself", "value": round(mine, 1), "unit": "MB"},
    ]


if __name__ == "__main__":
    main()
