# SPDX-License-Identifier: Apache-2.0
"""Hints for names that are not known."""

from collections.abc import Iterable


def nearest(wanted: str, ids: Iterable[str]) -> str:
    """Return a hint that names what was probably meant, or how to see what there is."""
    import difflib

    close = difflib.get_close_matches(wanted, list(ids), n=1)
    return f"did you mean {close[0]!r}?" if close else "steelyard list shows what there is"
