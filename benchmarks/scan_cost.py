# SPDX-License-Identifier: Apache-2.0
"""What a look at large weights costs, beside hashing them and beside other scanners, in one run.

python -m benchmarks.scan_cost [--runs N] [--gib N] [--folder DIR] [--tools a,b]

Every round runs every tool once on every file, so that a change in the machine's load meets all of
them alike; the table shows medians. The files are made anew, valid, of random numbers, and deleted.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import msgspec

from benchmarks import weights
from benchmarks.measure import Cost, cost, header, save, say
from benchmarks.peers import PEERS, QUIET
from steelyard import __version__

HASH = "import hashlib,sys; print(hashlib.file_digest(open(sys.argv[1],'rb'),'sha256').hexdigest())"
FILES = (
    ("model.safetensors", weights.safetensors, 2),
    ("pytorch_model.bin", weights.torch_zip, 1),
    ("model.gguf", weights.gguf, 1),
)
"""Name, maker, and size in GiB."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What one tool cost on one file; medians over the runs.

    Attributes:
        ratio: Processor time over that of hashing, median of the ratios within each round.
    """

    file: str
    size: int
    tool: str
    version: str
    cpu_s: float
    ratio: float
    peak_mb: float
    wall_s: float
    read_mb: float
    code: int


def main() -> None:
    """Measure, and write benchmarks/results/scan-cost.json."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5, help="rounds (5)")
    parser.add_argument("--gib", type=float, default=1.0, help="scale of the sizes (1)")
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="where the files are made")
    parser.add_argument("--tools", default="", help="peers to run, with commas (all)")
    options = parser.parse_args()
    wanted = [peer for peer in PEERS if peer.name in (options.tools or peer.name).split(",")]

    skipped = {peer.name: reason for peer in wanted if (reason := peer.install())}
    peers = [peer for peer in wanted if peer.name not in skipped]
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        folder = Path(scratch)
        rows = [
            row
            for name, make, gib in FILES
            for row in measured(
                folder, name, make, int(gib * options.gib * (1 << 30)), peers, options.runs
            )
        ]
    document = header("make bench") | {"runs": options.runs, "rows": rows, "skipped": skipped}
    say(f"wrote {save('scan-cost', document)}")


def measured(folder, name, make, size, peers, runs) -> list[Row]:
    """Make a file, run every tool on it `runs` times in turn, delete it, and return the rows."""
    file = folder / name
    say(f"making {name}, {size / (1 << 30):g} GiB")
    make(file, size - size % (1 << 21))
    env = os.environ | QUIET | {"HOME": str(folder), "STEELYARD_STORE": str(folder / "store.db")}
    program = shutil.which("steelyard", path=Path(sys.executable).parent)
    tools = [
        ("hashlib", sys.version.split()[0], [sys.executable, "-c", HASH, str(file)]),
        ("steelyard", __version__, [program, "check", "--json", str(file)]),
    ]
    tools += [(peer.name, peer.version, peer.command(file)) for peer in peers]
    costs: dict[str, list[Cost]] = {}
    cost(tools[0][2], folder=folder, env=env)  # once for the page cache
    for round_ in range(runs):
        for tool, _, command in tools:
            spent = cost(command, folder=folder, env=env)
            costs.setdefault(tool, []).append(spent)
            say(f"  {round_ + 1} {tool:<11} {spent.cpu_s:6.2f} s CPU {spent.peak_mb:6.0f} MB")
    file.unlink()
    return [row(name, size, tool, version, costs) for tool, version, _ in tools]


def row(file: str, size: int, tool: str, version: str, costs: dict[str, list[Cost]]) -> Row:
    """Return the medians of what a tool cost."""
    spent = costs[tool]
    ratios = [one.cpu_s / base.cpu_s for one, base in zip(spent, costs["hashlib"], strict=True)]
    return Row(
        file=file,
        size=size,
        tool=tool,
        version=version,
        cpu_s=round(statistics.median(one.cpu_s for one in spent), 3),
        ratio=round(statistics.median(ratios), 3),
        peak_mb=round(max(one.peak_mb for one in spent), 1),
        wall_s=round(statistics.median(one.wall_s for one in spent), 3),
        read_mb=round(statistics.median(one.read_mb for one in spent), 1),
        code=spent[-1].code,
    )


if __name__ == "__main__":
    main()
