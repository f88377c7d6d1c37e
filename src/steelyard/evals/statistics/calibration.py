# SPDX-License-Identifier: Apache-2.0
"""Whether a model is as sure as it is right."""

import math
from collections.abc import Sequence

BINS = 15


def confidences(logprobs: Sequence[float]) -> list[float]:
    """Return the probabilities of some options as the model sees them, adding up to 1.

    Args:
        logprobs: Log-probability of each option, at least one.
    """
    most = max(logprobs)
    weights = [math.exp(value - most) for value in logprobs]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def expected_calibration_error(confidence: Sequence[float], right: Sequence[bool]) -> float:
    """Return how far confidence is from accuracy, on average over items.

    Args:
        confidence: Of the chosen answer, each in [0, 1]; at least one.
        right: Whether that answer was right.

    Returns:
        In [0, 1]; 0 is perfect.

    Source:
        Guo et al. 2017, arXiv 1706.04599, equation 3, with 15 bins of equal width.
    """
    bins: dict[int, tuple[int, float, int]] = {}
    for sure, hit in zip(confidence, right, strict=True):
        place = min(int(sure * BINS), BINS - 1)
        count, total, hits = bins.get(place, (0, 0.0, 0))
        bins[place] = (count + 1, total + sure, hits + hit)
    return round(
        math.fsum(abs(total - hits) for _, total, hits in bins.values()) / len(confidence), 7
    )
