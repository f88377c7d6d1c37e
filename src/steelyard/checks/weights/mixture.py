# SPDX-License-Identifier: Apache-2.0
"""Whether a model is a mixture of two others, as merging tools make them."""

import itertools
import math
from collections.abc import Mapping, Sequence

import msgspec

from steelyard.checks.weights.compare import Comparison
from steelyard.checks.weights.values import Values

_AT_MOST = 12  # parents that are tried in pairs
_LEFT = 0.5  # of what differs from the nearer parent, what a mixture may leave
_LEAST_SHARE = 0.08
_APART = 1e-4  # relative difference below which two parents are the same


class Parent(msgspec.Struct, frozen=True):
    """A model that another one is related to.

    Attributes:
        values: Its numbers.
        comparison: What comparing the two gave.
    """

    values: Values
    comparison: Comparison


def mixtures(parents: Sequence[Parent]) -> Mapping[int, Comparison]:
    """Return, by position, the parents of which a model is a mixture, with what that makes of them.

    A child c of parents a and b is fitted layer by layer as c = a + t (b - a); it is a mixture where
    what is left is less than half of what differs from the nearer parent, in most layers, and t is
    between 0.08 and 0.92. That covers weighted means, and spherical ones, whose t is nearly even in a
    layer.

    Args:
        parents: Models that one and the same model is related to.

    Source:
        Wortsman et al. 2022, arXiv 2203.05482 (model soups); Shoemake 1985 (slerp); mergekit 0.1.
    """
    open_ones = [
        number
        for number, parent in enumerate(parents)
        if parent.comparison.relation in ("fine_tuned", "lora_merged")
        and not parent.comparison.layers
    ][:_AT_MOST]
    best: tuple[float, int, int, float] | None = None
    for one, other in itertools.combinations(open_ones, 2):
        left, share = _fit(parents[one], parents[other])
        if left < _LEFT and _LEAST_SHARE <= share <= 1 - _LEAST_SHARE:
            best = min(best or (2.0, 0, 0, 0.0), (left, one, other, share))
    if best is None:
        return {}
    _, one, other, share = best
    return {
        one: _mixed(parents[one].comparison, 1 - share),
        other: _mixed(parents[other].comparison, share),
    }


def _mixed(comparison: Comparison, share: float) -> Comparison:
    why = f"a mixture of two known models; the share of this one is {share:.2f}"
    return msgspec.structs.replace(comparison, relation="merged", why=why)


def _fit(one: Parent, other: Parent) -> tuple[float, float]:
    """Return what a mixture leaves of the difference, and the share of the other: medians of layers."""
    groups: dict[int, list[tuple[float, float, float]]] = {}
    for pair in one.comparison.pairs:
        theirs = other.values.tensors.get(pair.old.key)
        if theirs is None or not pair.new.matrix or len(theirs.rows) < pair.count:
            continue
        a, b = pair.old.values(pair.count), theirs.values(pair.count)
        rows = zip(pair.new.values(pair.count), a, b, strict=False)
        groups.setdefault(pair.new.sample.layer, []).extend(rows)
    fits = sorted(fit for rows in groups.values() if (fit := _fit_rows(rows)) is not None)
    if len(fits) < 2:
        return 1.0, 0.0
    shares = sorted(share for _, share in fits)
    return fits[len(fits) // 2][0], shares[len(shares) // 2]


def _fit_rows(rows: Sequence[tuple[float, float, float]]) -> tuple[float, float] | None:
    size = math.fsum(a * a for _, a, _ in rows)
    between = math.fsum((b - a) ** 2 for _, a, b in rows)
    if between <= _APART**2 * size:
        return None
    share = math.fsum((c - a) * (b - a) for c, a, b in rows) / between
    from_one = math.fsum((c - a) ** 2 for c, a, _ in rows)
    from_other = math.fsum((c - b) ** 2 for c, _, b in rows)
    left = math.fsum((c - a - share * (b - a)) ** 2 for c, a, b in rows)
    nearer = min(from_one, from_other)
    return (math.sqrt(left / nearer) if nearer else 1.0), share
