# SPDX-License-Identifier: Apache-2.0
"""Names like one that is not known, for hints."""

from collections.abc import Iterable


def nearest(name: str, names: Iterable[str], most: int = 3) -> list[str]:
    """Return the names most like another, best first."""
    import difflib

    return difflib.get_close_matches(name, names, most)
