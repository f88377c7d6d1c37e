# SPDX-License-Identifier: Apache-2.0
"""The four things a probe can say: finding, measurement, fact, gap."""

import enum
import math
from typing import Any

import msgspec


class Severity(enum.StrEnum):
    """How much a finding matters, from `note` (nothing to do) to `critical` (code runs)."""

    NOTE = "note"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Return the position in the order note < low < medium < high < critical, 0 to 4."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Finding(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="finding"):
    """Something someone may have to act on.

    Attributes:
        rule: Id of its descriptor, such as `pickle.call`; `steelyard explain` knows it.
        severity: How much it matters.
        where: Place in the subject: path, `!inner path`, `byte:412`, `line:3`, a JSON pointer.
        message: What was seen, one sentence without a full stop.
        remedy: What to do about it.
        trail: How it comes about, a line a step: the opcodes or the expression in readable form.
    """

    rule: str
    severity: Severity
    where: str
    message: str
    remedy: str = ""
    trail: tuple[str, ...] = ()


class Measurement(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="measurement"):
    """A number with its unit and interval.

    Attributes:
        metric: Stable name, such as `footprint.weights`.
        value: The number; finite.
        unit: Unit symbol, such as `B`, `1`, `s`.
        low: Lower end of the interval; equals `high` when the value is exact.
        high: Upper end of the interval.
        n: How many observations it rests on; at least 1.
        where: Place in the subject; empty for the whole.
    """

    metric: str
    value: float
    unit: str
    low: float
    high: float
    n: int = 1
    where: str = ""

    def __post_init__(self) -> None:
        for field in ("value", "low", "high"):  # an int would change its bytes in a round trip
            msgspec.structs.force_setattr(self, field, float(getattr(self, field)))
        if not all(map(math.isfinite, (self.value, self.low, self.high))):
            raise ValueError(f"{self.metric}: not a finite number")
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.metric}: {self.value} outside [{self.low}, {self.high}]")
        if self.n < 1:
            raise ValueError(f"{self.metric}: rests on {self.n} observations")


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="fact"):
    """A property, unjudged.

    Attributes:
        name: Stable name, such as `licence.declared`.
        value: Text, number, truth value, or lists and mappings of them.
        where: Place in the subject; empty for the whole.
    """

    name: str
    value: Any
    where: str = ""


class Gap(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="gap"):
    """Something that was not assessed, and why. Silence never reads as safety.

    Attributes:
        name: Stable name of what is missing, such as `coverage.unread`.
        reason: Why it could not be assessed.
        where: Place in the subject; empty for the whole.
    """

    name: str
    reason: str
    where: str = ""


Claim = Finding | Measurement | Fact | Gap


def exactly(metric: str, value: float, unit: str, where: str = "") -> Measurement:
    """Return a measurement whose value is exact: low = high = value, n = 1."""
    return Measurement(metric=metric, value=value, unit=unit, low=value, high=value, where=where)
