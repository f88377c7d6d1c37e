# SPDX-License-Identifier: Apache-2.0
"""A plan in pieces: each a run of neighbouring groups, for processes or machines with an engine each."""

import functools
import os
import platform
import time
from collections.abc import Container, Iterator
from pathlib import Path

import msgspec

from steelyard.core.engine import Engine, Group, Place, Wish
from steelyard.evals.answers import Batch, scored, wrote
from steelyard.evals.planner import Key, Plan, Step, Writing
from steelyard.flow.engines import open_engine

_LEAST = 4096  # tokens of a piece; fewer are not worth the way
_PIECES = 8  # for each worker, so that none waits long for the last


def _here() -> str:
    return f"{platform.node()} {os.getpid()}"


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """How to open an engine anywhere: what `open_engine` takes, in a form that travels.

    Attributes:
        path: Of the model, the same on every machine; empty for a server.
        url: Of a server; empty for files.
        digests: Digests of the files, by their path in the folder.
        wish: How the model is to be run.
        name: Id of the engine; empty for the one that suits.
    """

    path: str
    url: str
    digests: dict[str, str]
    wish: Wish
    name: str

    def engine(self) -> Engine:
        """Return the engine, opened; raises as `open_engine`."""
        path = Path(self.path) if self.path else None
        return open_engine(
            Place(path=path, url=self.url, digests=self.digests), self.wish, self.name
        )


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a plan.

    Attributes:
        opening: How to open the engine.
        groups: What to score, neighbours in the trie.
        writings: What to write.
        home: Which process wants it, on which machine.
    """

    opening: Opening
    groups: tuple[tuple[Group, tuple[Step, ...]], ...] = ()
    writings: tuple[Writing, ...] = ()
    home: str = msgspec.field(default_factory=_here)

    def __repr__(self) -> str:
        return f"a piece of the run ({len(self.groups):,} groups, {len(self.writings):,} writings)"


def work(shard: Shard) -> list[Batch]:
    """Return what came of a piece; an engine that was opened stays open for the next.

    Raises:
        EngineError: The engine cannot be opened, or failed.
    """
    begun = time.process_time()
    engine = _opened(msgspec.msgpack.encode(shard.opening))
    first, *rest = (*scored(engine, shard.groups), *wrote(engine, shard.writings))
    if shard.home != _here():
        first = msgspec.structs.replace(first, cpu_s=time.process_time() - begun)
    return [first, *rest]


def shards(plan: Plan, known: Container[Key], opening: Opening, workers: int) -> Iterator[Shard]:
    """Yield a plan in pieces of about the same work.

    Args:
        plan: What to compute.
        known: Keys whose results are there.
        opening: How to open the engine.
        workers: How many will work at once.
    """
    most = max(_LEAST, plan.counts.computed // (workers * _PIECES))
    held: list[tuple[Group, tuple[Step, ...]]] = []
    size = 0
    for group, steps in plan.groups(known):
        held.append((group, steps))
        size += len(group.prefix) + sum(len(pack.tokens) for pack in group.packs)
        if size >= most:
            yield Shard(opening=opening, groups=tuple(held))
            held, size = [], 0
    if held:
        yield Shard(opening=opening, groups=tuple(held))
    for writing in plan.writings(known):
        step = max(1, len(writing.prompts) // (workers * _PIECES))
        for start in range(0, len(writing.prompts), step):
            some = slice(start, start + step)
            part = Writing(
                sampling=writing.sampling, keys=writing.keys[some], prompts=writing.prompts[some]
            )
            yield Shard(opening=opening, writings=(part,))


@functools.lru_cache(maxsize=1)
def _opened(opening: bytes) -> Engine:
    return msgspec.msgpack.decode(opening, type=Opening).engine()
