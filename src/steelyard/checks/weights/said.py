# SPDX-License-Identifier: Apache-2.0
"""What a comparison of weights is put into words and numbers as."""

from collections.abc import Iterator, Sequence

from steelyard.checks.weights.compare import Comparison
from steelyard.checks.weights.kinds import RELATED
from steelyard.core.claim import Claim, Fact, Measurement
from steelyard.core.digest import Digest

RELATION = "weights.relation"
_SHOWN = 128  # layers


def facts_of(comparison: Comparison, name: str, digest: Digest, where: str) -> Iterator[Claim]:
    """Yield what a comparison gave.

    Args:
        comparison: The comparison.
        name: Of the model that was compared with.
        digest: Of that model.
        where: Which form of the weights was compared.
    """
    matrices = [pair for pair in comparison.pairs if pair.new.matrix]
    value: dict[str, object] = {
        "relation": comparison.relation,
        "to": name,
        "digest": digest,
        "why": comparison.why,
        "matrices": [len(matrices), comparison.matrices],
    }
    if comparison.relation in RELATED:
        value["sigmas"] = round(comparison.sigmas, 1)
        value["layers"] = _layers(comparison)
    yield Fact(name=RELATION, value=value, where=where)
    if matrices:
        yield _correlation(comparison, where)
    if any(one.pair.new.matrix for one in comparison.seen):
        yield _difference(comparison, where)


def _correlation(comparison: Comparison, where: str) -> Measurement:
    """Return the mean correlation of the matrices, with what their spread says of its error."""
    matrices = [pair for pair in comparison.pairs if pair.new.matrix]
    margin = 2 * comparison.deviation / len(matrices) ** 0.5 * max(0.0, 1 - comparison.r**2)
    value = round(comparison.r, 4)
    low, high = round(max(-1.0, value - margin), 4), round(min(1.0, value + margin), 4)
    return Measurement(
        metric="weights.correlation",
        value=value,
        unit="1",
        low=min(low, value),
        high=max(high, value),
        n=len(matrices),
        where=where,
    )


def _difference(comparison: Comparison, where: str) -> Measurement:
    """Return the median size of the differences, and where four of five matrices lie."""
    sizes = sorted(one.by.size for one in comparison.seen if one.pair.new.matrix)
    return Measurement(
        metric="weights.difference",
        value=round(_quantile(sizes, 5), 5),
        unit="1",
        low=round(_quantile(sizes, 1), 5),
        high=round(_quantile(sizes, 9), 5),
        n=len(sizes),
        where=where,
    )


def _quantile(ordered: Sequence[float], tenths: int) -> float:
    return ordered[(len(ordered) - 1) * tenths // 10]


def _layers(comparison: Comparison) -> list[list[float]]:
    """Return of each layer its number, that of the layer it comes from, and their correlation."""
    found: dict[tuple[int, int], list[float]] = {}
    for pair in comparison.pairs:
        if pair.new.matrix and pair.new.sample.layer >= 0:
            key = pair.new.sample.layer, pair.old.sample.layer
            found.setdefault(key, []).append(pair.r)
    rows = [[new, old, round(sum(r) / len(r), 3)] for (new, old), r in sorted(found.items())]
    return rows[:_SHOWN]
