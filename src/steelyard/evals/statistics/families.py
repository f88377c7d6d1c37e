# SPDX-License-Identifier: Apache-2.0
"""Several tests at once: p-values that stay honest over all of them."""

from collections.abc import Sequence


def holm(values: Sequence[float]) -> list[float]:
    """Return the p-values adjusted so that the chance of any false alarm stays bounded.

    Args:
        values: The p-values, in any order, each in [0, 1].

    Returns:
        The adjusted values in the same order.

    Source:
        Holm 1979, Scandinavian Journal of Statistics 6(2), 65-70.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(values)), key=lambda index: values[index])
    adjusted = [0.0] * len(values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, values[index] * (len(values) - rank)))
        adjusted[index] = round(largest, 7)
    return adjusted
