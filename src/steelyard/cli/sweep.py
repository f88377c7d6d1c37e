# SPDX-License-Identifier: Apache-2.0
"""Check every model of a registry, and keep what comes of each as it comes."""

import time
from collections.abc import Iterator, Sequence

import msgspec

from steelyard.core.dossier import Dossier
from steelyard.core.errors import SteelyardError, UsageError
from steelyard.core.ports import Pool, Progress, Store
from steelyard.flow.registry import Place
from steelyard.flow.rounds import Round, Seen, Task
from steelyard.report.table import UNREAD, Row, judged, unread
from steelyard.stores import memories_of
from steelyard.stores.remembered import Memory

_BATCH = 64  # models kept in one transaction,
_PATIENCE = 1.0  # or those of so many seconds


class Sweep:
    """One pass over many models.

    Args:
        places: The models.
        terms: On what terms they are examined.
        store: Keeps the dossiers; None to keep nothing.
        fresh: Whether to read again what has not changed.
        wanted: Whether the documents are wanted afterwards, not only the rows.
    """

    def __init__(
        self,
        places: Sequence[Place],
        terms: Round,
        store: Store | None,
        *,
        fresh: bool,
        wanted: bool,
    ) -> None:
        self.places = places
        self.kept = 0
        self.unchanged = 0
        self._round = terms
        self._store = store
        self._wanted = wanted
        self._rows: dict[int, Row] = {}
        self._documents: dict[int, bytes] = {}
        self._pending: list[tuple[int, Seen]] = []
        self._lost: list[int] = []
        self._memories = memories_of(store) if store is not None else None
        self._terms = terms.terms() if self._memories else ""
        self._known = self._memories.of(self._terms) if self._memories and not fresh else {}

    def run(self, pool: Pool, progress: Progress) -> None:
        """Examine all models; whatever ends it early, what was done until then is kept.

        Raises:
            StoreError: The store cannot be written.
        """
        progress.begin("checking", len(self.places))
        try:
            self._examine(range(len(self.places)), pool, progress)
            for memory in map(self._memory, again := self._lost[:]):
                del self._known[memory.path]
            self._examine(again, pool, progress)
        finally:
            progress.end()

    def rows(self) -> list[Row]:
        """Return what came of the models, in their order."""
        return [self._rows[index] for index in sorted(self._rows)]

    def document(self) -> Iterator[str]:
        """Yield the pieces of one document with all dossiers, `steelyard.dossiers/1`."""
        judged = sorted(self._documents)
        yield '{\n "schema": "steelyard.dossiers/1",\n "dossiers": ['
        for number, index in enumerate(judged):
            yield ",\n" if number else "\n"
            yield msgspec.json.format(self._documents[index], indent=1).decode()
        unread = [
            {"path": row.name, "error": row.why, "hint": row.hint}
            for row in self.rows()
            if row.outcome == UNREAD
        ]
        paths = [self.places[index].name for index in judged]
        yield f'\n ],\n "paths": {_json(paths)},\n "unread": {_json(unread)}\n}}\n'

    def _memory(self, index: int) -> Memory:
        return self._known[self.places[index].path]

    def _examine(self, indices: Sequence[int], pool: Pool, progress: Progress) -> None:
        tasks = [self._task(self.places[index].path) for index in indices]
        results = pool.as_completed(self._round, tasks)
        last = time.monotonic()
        try:
            for position, result in results:
                index = indices[position]
                if isinstance(result, SteelyardError):
                    self._rows[index] = unread(self.places[index].name, result)
                else:
                    self._pending.append((index, result))
                progress.advance(1)
                if len(self._pending) >= _BATCH or time.monotonic() - last > _PATIENCE:
                    self._keep()
                    last = time.monotonic()
        finally:
            self._keep()

    def _task(self, path: str) -> Task:
        memory = self._known.get(path)
        return Task(path, memory.files if memory else "")

    def _keep(self) -> None:
        """Keep what has come in since the last time: the dossiers, then that they need not come again."""
        new = [(index, seen) for index, seen in self._pending if seen.document]
        dossiers = [msgspec.json.decode(seen.document, type=Dossier) for _, seen in new]
        if new and self._store is not None:
            heads = self._store.append_all(dossiers)
            self.kept += len(heads)
            if self._memories is not None:
                self._memories.note(
                    self._terms,
                    (
                        Memory(self.places[index].path, seen.files, head)
                        for (index, seen), head in zip(new, heads, strict=True)
                        if seen.files
                    ),
                )
        for (index, _), dossier in zip(new, dossiers, strict=True):
            self._note(index, dossier)
        self._recall([index for index, seen in self._pending if not seen.document])
        self._pending.clear()

    def _recall(self, indices: Sequence[int]) -> None:
        """Take from the store what was found the last time; what is lost there is examined again."""
        if self._store is None or not indices:
            return
        found = self._store.recall([self._memory(index).head for index in indices])
        for index, dossier in zip(indices, found, strict=True):
            if dossier is None:
                self._lost.append(index)
            else:
                self.unchanged += 1
                self._note(index, dossier)

    def _note(self, index: int, dossier: Dossier) -> None:
        self._rows[index] = judged(self.places[index].name, dossier)
        if self._wanted:
            self._documents[index] = msgspec.json.encode(dossier)

    def interrupted(self) -> UsageError:
        """Return what to tell somebody who did not wait for the end."""
        done = f"{len(self._rows):,} of {len(self.places):,} models are done"
        kept = "nothing was kept" if self._store is None else "run it again to go on from there"
        return UsageError(f"interrupted: {done}", hint=kept)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
