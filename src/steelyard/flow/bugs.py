# SPDX-License-Identifier: Apache-2.0
"""The one place that catches anything: a bug of ours must neither end a run nor pass in silence."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from steelyard.core.errors import SteelyardError

T = TypeVar("T")


def until_bug(begin: Callable[[], Iterator[T]], admit: Callable[[str], T]) -> Iterator[T]:
    """Yield items; where a bug ends them early, yield last what admits it.

    Args:
        begin: Begins a reader or a probe and returns its items.
        admit: Makes an item of the bug's type and message.

    Raises:
        SteelyardError: As the items do: it is no bug.
        OSError: As the items do: it is no bug of ours.
    """
    try:
        yield from begin()
    except (SteelyardError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - the one place, see above
        yield admit(f"{type(error).__name__}: {error}")
