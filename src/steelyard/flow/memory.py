# SPDX-License-Identifier: Apache-2.0
"""Results of a run that asks in rounds, so that a later one has those of all before it."""

from collections.abc import Iterable, Mapping

from steelyard.evals.planner import Key, Result
from steelyard.flow.asking import Kept


class Memory:
    """Keeps the results of this run, beside where they are kept for others.

    Args:
        scores: Where they are kept; None for nowhere.

    Attributes:
        found: How many results were there from earlier runs.
    """

    def __init__(self, scores: Kept | None) -> None:
        self._scores = scores
        self._mine: dict[Key, Result] = {}
        self.found = 0

    def known(self, keys: Iterable[Key]) -> dict[Key, Result]:
        """Return those of some results that are there."""
        wanted = set(keys)
        mine = {key: self._mine[key] for key in wanted & self._mine.keys()}
        if self._scores is None or not (missing := wanted - mine.keys()):
            return mine
        kept = self._scores.known(missing)
        self._mine.update(kept)
        self.found += len(kept)
        return {**mine, **kept}

    def keep(self, results: Mapping[Key, Result]) -> None:
        """Keep some results."""
        if self._scores is not None:
            self._scores.keep(results)
        self._mine.update(results)
