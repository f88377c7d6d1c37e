# SPDX-License-Identifier: Apache-2.0
"""What a second core does for a model in shards: python -m benchmarks.shards [--runs N] [--mib N].

Each round checks four shards with one worker and with two, and hashes them with `hashlib` in one thread
and in two, so that the load of the machine meets all of them. What two plain hashing threads gain at the
same moment is the most that there is to be had.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import weights
from benchmarks.measure import cost, header, save, say
from benchmarks.peers import QUIET

SHARDS = 4
HASH = """
import concurrent.futures, hashlib, sys
def digest(path):
    return hashlib.file_digest(open(path, "rb"), "sha256").hexdigest()
with concurrent.futures.ThreadPoolExecutor(int(sys.argv[1])) as pool:
    print(*pool.map(digest, sys.argv[2:]))
"""


def main() -> None:
    """Measure, and write benchmarks/results/shards.json."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=7, help="rounds (7)")
    parser.add_argument("--mib", type=int, default=512, help="of each of four shards (512)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch) / "model"
        model.mkdir()
        paths = [model / f"model-{n:05}-of-{SHARDS:05}.safetensors" for n in range(1, SHARDS + 1)]
        for path in paths:
            weights.safetensors(path, options.mib << 20)
        env = os.environ | QUIET | {"HOME": scratch}
        program = str(shutil.which("steelyard", path=Path(sys.executable).parent))
        check = [program, "check", "--json", "--store", "none", str(model), "--jobs"]
        digests = [sys.executable, "-c", HASH]
        commands = {("steelyard", workers): [*check, str(workers)] for workers in (1, 2)} | {
            ("hashlib", workers): [*digests, str(workers), *map(str, paths)] for workers in (1, 2)
        }
        walls: dict[tuple[str, int], list[float]] = {key: [] for key in commands}
        peaks = dict.fromkeys(commands, 0.0)
        for number in range(options.runs + 1):  # the first one warms the caches
            for key, command in commands.items():
                spent = cost(command, env=env)
                peaks[key] = max(peaks[key], spent.peak_mb)
                if number:
                    walls[key].append(spent.wall_s)
                    say(f"  {number} {key[0]} {key[1]}: {spent.wall_s:.2f} s")
    rows = [row(tool, walls, peaks) for tool in ("hashlib", "steelyard")]
    document = header("python -m benchmarks.shards") | {
        "runs": options.runs,
        "size": SHARDS * (options.mib << 20),
        "rows": rows,
    }
    say(f"wrote {save('shards', document)}")


def row(tool, walls, peaks) -> dict[str, object]:
    """Return the medians of one tool, and what the second core gained within each round."""
    alone, both = walls[tool, 1], walls[tool, 2]
    gains = [one / two for one, two in zip(alone, both, strict=True)]
    return {
        "tool": tool,
        "one_s": round(statistics.median(alone), 3),
        "two_s": round(statistics.median(both), 3),
        "gain": round(statistics.median(gains), 2),
        "best": round(max(gains), 2),
        "peak_mb": round(max(peaks[tool, 1], peaks[tool, 2]), 1),
    }


if __name__ == "__main__":
    main()
