# SPDX-License-Identifier: Apache-2.0
"""What is known of synthetic data sets: of which models they hold outputs."""

import functools
from fnmatch import fnmatchcase

import msgspec

from steelyard import knowledge


class _Hint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    match: str
    models: tuple[str, ...]


class _Hints(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    as_of: str
    basis: str
    hints: tuple[_Hint, ...]


def outputs_in(dataset: str) -> tuple[str, ...]:
    """Return the models whose outputs a data set is known to hold; a hint, never a fact.

    Args:
        dataset: Id of a data set, `organisation/name`.

    Example:
        >>> outputs_in("tatsu-lab/alpaca"), outputs_in("allenai/c4")
        (('openai/text-davinci-003',), ())
    """
    wanted = dataset.strip().lower()
    for hint in _hints():
        if fnmatchcase(wanted, hint.match.lower()):
            return hint.models
    return ()


@functools.cache
def _hints() -> tuple[_Hint, ...]:
    data = knowledge.entry("synthetic_data", "outputs") or b""
    return msgspec.json.decode(data, type=_Hints).hints
