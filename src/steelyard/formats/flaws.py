# SPDX-License-Identifier: Apache-2.0
"""Collecting flaws: a few of each kind in full, the rest as a number."""

from steelyard.formats.port import Flaw

_SHOWN = 20  # flaws of one kind that are told one by one


class FlawList:
    """Flaws of one layer in the order in which they were met, a bounded number of each kind."""

    def __init__(self) -> None:
        self._flaws: list[Flaw] = []
        self._counts: dict[str, int] = {}

    def add(self, code: str, message: str, at: int = -1) -> None:
        """Note a flaw, see `formats.port.Flaw`."""
        self._counts[code] = self._counts.get(code, 0) + 1
        if self._counts[code] <= _SHOWN:
            self._flaws.append(Flaw(code=code, message=message, at=at))

    def all(self) -> tuple[Flaw, ...]:
        """Return the flaws; for each kind with too many of them, a last one that says how many."""
        more = [
            Flaw(code=code, message=f"and {count - _SHOWN:,} more of this kind")
            for code, count in self._counts.items()
            if count > _SHOWN
        ]
        return (*self._flaws, *more)
