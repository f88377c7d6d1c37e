# SPDX-License-Identifier: Apache-2.0
"""What each scanner says of a labelled corpus of small model files, by class, in one run.

python -m benchmarks.scan_matrix [--corpus DIR] [--generator FILE] [--tools a,b] [--jobs N]

Every tool looks at every file alone, as a step of a pipeline would: its exit code decides. The corpus
was made by hand from published bypasses and ordinary files; its shares are no rates of the field.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from benchmarks.measure import cost, header, save, say
from benchmarks.peers import PEERS, QUIET, Peer
from benchmarks.tables import RESULTS
from steelyard import __version__

ROOT = Path(__file__).parent.parent
GENERATOR = ROOT.parent / "shared" / "tools" / "make_scan_corpus.py"

STOPPED, UNJUDGED, REMARKED, SILENT = (
    "stopped",
    "not judged",
    "passed with a remark",
    "passed in silence",
)
LIMIT_S = 300  # wall time for one small file; a busy machine must not turn into a missing answer
ANSWERS = (STOPPED, UNJUDGED, REMARKED, SILENT)


class Case(msgspec.Struct, frozen=True, rename={"kind": "class"}):
    """A file of the corpus.

    Attributes:
        file: Path in the corpus.
        expected: `malicious`, `benign` or `review`.
        kind: Class of the case.
    """

    file: str
    expected: str
    kind: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """How one tool answered on one class, and what that cost."""

    tool: str
    version: str
    whole: str
    expected: str
    kind: str
    files: int
    answers: dict[str, int]
    cpu_s: float


def steelyard() -> Peer:
    """Return this package as one of the scanners."""

    class Own(Peer, frozen=True, kw_only=True):
        def command(self, file: Path) -> list[str]:
            program = shutil.which("steelyard", path=Path(sys.executable).parent)
            return [program, "check", "--json", "--store", "none", str(file)]

        def install(self) -> str:
            return ""

        def is_clean(self, output: str) -> bool:
            return msgspec.json.decode(output)["verdict"]["outcome"] == "pass"

    return Own(name="steelyard", version=__version__, arguments=(), clean="")


def main() -> None:
    """Measure, print the matrix, and write benchmarks/results/scan-matrix.json."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", type=Path, help="a corpus with its manifest.json")
    parser.add_argument("--generator", type=Path, default=GENERATOR, help="what makes one")
    parser.add_argument(
        "--tools", default="", help="tools to run, with commas (all); others keep their last rows"
    )
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    known = (steelyard(), *PEERS)
    wanted = [tool for tool in known if tool.name in (options.tools or tool.name).split(",")]
    skipped = {tool.name: reason for tool in wanted if (reason := tool.install())}
    with tempfile.TemporaryDirectory() as scratch:
        corpus = options.corpus or made(options.generator, Path(scratch) / "corpus")
        cases = msgspec.json.decode((corpus / "manifest.json").read_bytes(), type=list[Case])
        rows = kept(len(cases), {tool.name for tool in wanted})
        for tool in wanted:
            if tool.name not in skipped:
                rows += list(matrix(tool, corpus, cases, options.jobs))
    order = [tool.name for tool in known]
    rows.sort(key=lambda row: order.index(row.tool))
    document = header("make bench-scan") | {"cases": len(cases), "rows": rows, "skipped": skipped}
    say(table(rows))
    say(f"wrote {save('scan-matrix', document)}")


def kept(cases: int, again: set[str]) -> list[Row]:
    """Return the rows of the last run of tools that do not run again, if it was on as many files."""
    path = RESULTS / "scan-matrix.json"
    last = msgspec.json.decode(path.read_bytes()) if path.exists() else {}
    if last.get("cases") != cases:
        return []
    rows = [row for row in last["rows"] if row["tool"] not in again and "whole" in row]
    return msgspec.convert(rows, list[Row])


def made(generator: Path, target: Path) -> Path:
    """Make the corpus, with numpy, torch and sklearn where this Python has them."""
    if not generator.exists():
        sys.exit(f"no corpus generator at {generator}: name one with --generator, or --corpus DIR")
    say(f"making the corpus with {generator.name}")
    python = os.environ.get("STEELYARD_CORPUS_PYTHON", sys.executable)
    subprocess.run([python, generator, target], check=True, stdout=subprocess.DEVNULL)
    return target


def matrix(tool: Peer, corpus: Path, cases: list[Case], jobs: int) -> Iterator[Row]:
    """Yield how one tool answered, by class."""
    say(f"{tool.name} {tool.version}: {len(cases)} files")
    with ThreadPoolExecutor(jobs) as pool:
        told = list(pool.map(lambda case: answer(tool, corpus / case.file), cases))
    groups = sorted({(case.expected, case.kind) for case in cases})
    for expected, kind in groups:
        mine = [
            one
            for case, one in zip(cases, told, strict=True)
            if (case.expected, case.kind) == (expected, kind)
        ]
        counts = Counter(what for what, _ in mine)
        yield Row(
            tool=tool.name,
            version=tool.version,
            whole=tool.whole,
            expected=expected,
            kind=kind,
            files=len(mine),
            answers={what: counts[what] for what in ANSWERS},
            cpu_s=round(sum(spent for _, spent in mine), 1),
        )
    for case, (what, _) in zip(cases, told, strict=True):
        wrong = (SILENT, REMARKED) if case.expected == "malicious" else (STOPPED, UNJUDGED)
        if tool.name == "steelyard" and case.expected != "review" and what in wrong:
            say(f"  {what}: {case.file}")


def answer(tool: Peer, file: Path) -> tuple[str, float]:
    """Return what a tool says of a file, and the processor time it took."""
    with tempfile.TemporaryDirectory() as scratch:
        env = os.environ | QUIET | {"HOME": scratch}
        spent = cost(tool.command(file), folder=Path(scratch), env=env, limit_s=LIMIT_S)
    crashed = "Traceback (most recent call last)" in spent.output  # its exit code is 1 as well
    if spent.code in tool.stops and not crashed:
        return STOPPED, spent.cpu_s
    if spent.code != 0:
        return UNJUDGED, spent.cpu_s
    return (SILENT if tool.is_clean(spent.output) else REMARKED), spent.cpu_s


def table(rows: list[Row]) -> str:
    """Return the matrix as text: tools down, answers by expectation across."""
    lines = []
    for tool in dict.fromkeys(row.tool for row in rows):
        for expected in ("malicious", "review", "benign"):
            mine = [row for row in rows if row.tool == tool and row.expected == expected]
            files = sum(row.files for row in mine)
            counts = {what: sum(row.answers[what] for row in mine) for what in ANSWERS}
            told = ", ".join(f"{what} {counts[what]}" for what in ANSWERS)
            spent = sum(row.cpu_s for row in mine)
            lines.append(f"{tool:<12} {expected:<10} {files:>4}: {told}; {spent:.0f} s of CPU")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
