# SPDX-License-Identifier: Apache-2.0
"""Throw mutated files at every reader, in plain Python: no crash, no hang, no flood of memory.

python -m fuzz.mutate [--format ID] [--seconds S | --count N] [--seed N]

The same seed gives the same files. What breaks a reader is written to fuzz/crashes/, to become a
named sample of that reader's tests.
"""

import argparse
import faulthandler
import hashlib
import random
import resource
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from benchmarks.measure import header, save

from fuzz import harness
from fuzz.seeds import seeds
from steelyard.formats.nesting import known_formats

TOO_LONG_S = 5.0
TOO_MUCH = 300 << 20  # bytes beyond what the process has at its start
CRASHES = Path(__file__).parent / "crashes"
_EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 62, (1 << 64) - 1)

Edit = Callable[[random.Random, bytearray, bytes], None]


def flip(chance: random.Random, data: bytearray, other: bytes) -> None:
    """Change one bit."""
    del other
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def stamp(chance: random.Random, data: bytearray, other: bytes) -> None:
    """Write a number at the edge of some width, in either byte order."""
    del other
    code = chance.choice("BHIQ")
    width = struct.calcsize(f"<{code}")
    value = (chance.choice(_EDGES) + chance.randrange(-1, 2)) % (1 << (8 * width))
    at = chance.randrange(len(data))
    data[at : at + width] = struct.pack(chance.choice("<>") + code, value)


def cut(chance: random.Random, data: bytearray, other: bytes) -> None:
    """Cut off the end."""
    del other
    del data[chance.randrange(len(data)) :]


def drop(chance: random.Random, data: bytearray, other: bytes) -> None:
    """Take a slice out."""
    del other
    at = chance.randrange(len(data))
    del data[at : at + chance.randrange(1, 64)]


def repeat(chance: random.Random, data: bytearray, other: bytes) -> None:
    """Put a slice there once more, or many times."""
    del other
    at = chance.randrange(len(data))
    piece = data[at : at + chance.randrange(1, 64)]
    data[at:at] = piece * chance.choice((1, 2, 200))


def splice(chance: random.Random, data: bytearray, other: bytes) -> None:
    """Put a slice of another file in."""
    if other:
        begin = chance.randrange(len(other))
        at = chance.randrange(len(data))
        data[at : at + chance.choice((0, 8))] = other[begin : begin + chance.randrange(1, 256)]


def swap(chance: random.Random, data: bytearray, other: bytes) -> None:
    """Change one character of text for another that means something."""
    del other
    data[chance.randrange(len(data))] = chance.choice(b"{}[]()\"'\\,:.%-\n \x00\xff")


EDITS: tuple[Edit, ...] = (flip, flip, stamp, stamp, cut, drop, repeat, splice, splice, swap)


def mutations(seed: int, count: int | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield names and mutated files, the same ones for the same seed."""
    chance = random.Random(seed)
    known = seeds()
    names = sorted(known)
    while count is None or count > 0:
        name = chance.choice(names)
        data = bytearray(known[name])
        for _ in range(chance.choice((1, 1, 2, 3, 6))):
            if data:
                chance.choice(EDITS)(chance, data, known[chance.choice(names)])
        yield name, bytes(data)
        count = None if count is None else count - 1


class Result(msgspec.Struct, kw_only=True):
    """What came of one target."""

    target: str
    files: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    crashes: list[str] = msgspec.field(default_factory=list)


def throw(target: str, *, seed: int, count: int | None, seconds: float) -> Result:
    """Throw mutated files at one reader, or at the whole flow where the target is `flow`.

    Args:
        target: Id of a format, or `flow`.
        seed: Of the mutations.
        count: How many files; None for as many as there is time for.
        seconds: How long, in processor time.
    """
    result = Result(target=target)
    started = time.process_time()  # other work on the machine is no fault of a reader's
    for name, data in mutations(seed, count):
        begun = time.process_time()
        if begun - started > seconds:
            break
        faulthandler.dump_traceback_later(50 * TOO_LONG_S, exit=True)  # a hang ends the process
        complaint = _try(target, name, data)
        took = time.process_time() - begun
        result.slowest_s = max(result.slowest_s, took)
        result.files += 1
        if took > TOO_LONG_S:
            complaint = f"took {took:.1f} s\n"
        if complaint:
            result.crashes.append(keep(target, name, data, complaint))
    faulthandler.cancel_dump_traceback_later()
    result.seconds = time.process_time() - started
    return result


def _try(target: str, name: str, data: bytes) -> str:
    try:
        if target == "flow":
            harness.examine(name, data)
        else:
            harness.read(target, data)
    except Exception:  # noqa: BLE001 - whatever it is, it is what we are looking for
        return traceback.format_exc()
    return ""


def keep(target: str, name: str, data: bytes, complaint: str) -> str:
    """Write what broke a reader, and why, and return where."""
    CRASHES.mkdir(exist_ok=True)
    short = hashlib.sha256(data).hexdigest()[:12]
    path = CRASHES / f"{target}-{short}-{name}"
    path.write_bytes(data)
    path.with_name(path.name + ".why").write_text(complaint, "utf-8")
    return f"{path.name}: {complaint.strip().splitlines()[-1]}"


def bound_memory(beyond: int = TOO_MUCH) -> None:
    """Let an allocation fail that takes this process further than so many bytes from here."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    limit = pages * resource.getpagesize() + beyond
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


def main() -> None:
    """Fuzz from the command line; exit 1 where anything broke."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--format", action="append", help="a format, or `flow` (all)")
    parser.add_argument("--seconds", type=float, default=60, help="for each target (60)")
    parser.add_argument("--count", type=int, help="files for each target (as time allows)")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations (0)")
    parser.add_argument("--publish", action="store_true", help="write benchmarks/results/fuzz.json")
    options = parser.parse_args()
    targets = options.format or ["flow", *(form.id for form in known_formats())]
    seconds = float("inf") if options.count else options.seconds
    for name, data in seeds().items():  # import whatever is imported when used
        harness.examine(name, data)
    bound_memory()
    results = []
    for target in targets:
        result = throw(target, seed=options.seed, count=options.count, seconds=seconds)
        results.append(result)
        rate = result.files / max(result.seconds, 1e-9)
        print(
            f"{target:<12} {result.files:>8,} files {rate:>8,.0f}/s "
            f"slowest {result.slowest_s:.2f} s, {len(result.crashes)} broke it",
            flush=True,
        )
        for crash in result.crashes[:10]:
            print(f"  {crash}", flush=True)
    if options.publish:
        save("fuzz", header("make fuzz") | {"rows": msgspec.to_builtins(results)})
    sys.exit(1 if any(result.crashes for result in results) else 0)


if __name__ == "__main__":
    main()
