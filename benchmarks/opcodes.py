# SPDX-License-Identifier: Apache-2.0
"""How fast pickles are followed: python -m benchmarks.opcodes [--rounds N].

A vocabulary, numbers and small rows, written in each protocol, are followed by the machine of
`steelyard`, by `pickletools.genops`, which keeps no stack, and by `pickle.loads`, which makes the objects.
"""

import argparse
import pickle
import pickletools
import random
import statistics
import time
from collections.abc import Callable

from benchmarks.measure import header, save, say
from steelyard.core.limits import Limits
from steelyard.formats.pickle_machine import Machine
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource


def main() -> None:
    """Measure, and write benchmarks/results/opcodes.json."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--rounds", type=int, default=7, help="of each protocol (7)")
    options = parser.parse_args()
    thing = vocabulary()
    rows = [row(pickle.dumps(thing, protocol), options.rounds) for protocol in range(6)]
    for protocol, each in enumerate(rows):
        each["protocol"] = protocol
        say(f"protocol {protocol}: {each['rate']:,} opcodes a second")
    document = header("python -m benchmarks.opcodes") | {"rounds": options.rounds, "rows": rows}
    say(f"wrote {save('opcodes', document)}")


def vocabulary() -> dict[str, object]:
    """Return words with their numbers, numbers, and rows of mixed small things."""
    chance = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ("".join(chance.choices(letters, k=chance.randint(3, 12))) for _ in range(40_000))
    return {
        "vocabulary": {f"{word}{number}": number for number, word in enumerate(words)},
        "weights": [chance.random() for _ in range(10_000)],
        "rows": [[number, str(number), None, True, (number, -number)] for number in range(5_000)],
    }


def row(data: bytes, rounds: int) -> dict[str, object]:
    """Return the medians of what it takes to go through a pickle; ratios are within each round."""
    ours, walked, loaded = [], [], []
    for _ in range(rounds):
        ours.append(seconds(lambda: Machine(BytesSource(data), 0, Budget(Limits())).run()))
        walked.append(seconds(lambda: list(pickletools.genops(data))))
        loaded.append(seconds(lambda: pickle.loads(data)))
    opcodes = sum(1 for _ in pickletools.genops(data))
    against = [one / other for one, other in zip(ours, walked, strict=True)]
    against_loads = [one / other for one, other in zip(ours, loaded, strict=True)]
    return {
        "opcodes": opcodes,
        "size": len(data),
        "rate": round(opcodes / statistics.median(ours)),
        "genops": round(statistics.median(against), 2),
        "loads": round(statistics.median(against_loads), 1),
    }


def seconds(do: Callable[[], object]) -> float:
    """Return the processor time that something takes."""
    started = time.process_time()
    do()
    return time.process_time() - started


if __name__ == "__main__":
    main()
