# SPDX-License-Identifier: Apache-2.0
"""Numbers for people."""

from steelyard.core.claim import Measurement

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SHORT = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def size(value: float) -> str:
    """Return a number of bytes with a binary unit (IEC 80000-13), three digits or more.

    Example:
        >>> size(98_400_000), size(512)
        ('93.8 MiB', '512 B')
    """
    scaled, unit = float(value), 0
    while abs(scaled) >= 1023.5 and unit < len(_BINARY) - 1:
        scaled, unit = scaled / 1024, unit + 1
    digits = 0 if unit == 0 or abs(scaled) >= 99.95 else 1 if abs(scaled) >= 9.995 else 2
    return f"{scaled:,.{digits}f} {_BINARY[unit]}"


def count(value: float) -> str:
    """Return a number of things, in words from a million on.

    Example:
        >>> count(134_515_008), count(2_048)
        ('134.5 million', '2,048')
    """
    for scale, word in _SHORT:
        if abs(value) >= scale:
            return f"{value / scale:,.1f} {word}"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def amount(value: float, unit: str) -> str:
    """Return a number with its unit as a person would write it.

    Args:
        value: Finite.
        unit: Unit symbol; `B` is bytes and `1` is a bare number.
    """
    if unit == "B":
        return size(value)
    return count(value) if unit in {"1", ""} else f"{count(value)} {unit}"


def score(value: float) -> str:
    """Return a score: four places for shares, fewer digits for large numbers.

    Example:
        >>> score(0.26851), score(18.9764)
        ('0.2685', '18.98')
    """
    if abs(value) < 10:
        return f"{value:.4f}"
    return f"{value:,.2f}" if abs(value) < 1e9 else f"{value:.3g}"


def measured(claim: Measurement) -> str:
    """Return the value of a measurement, with its interval where it has one."""
    value = amount(claim.value, claim.unit)
    if claim.low == claim.high:
        return value
    return f"{value} ({amount(claim.low, claim.unit)} to {amount(claim.high, claim.unit)})"


def share(part: float, whole: float) -> float:
    """Return a part as a fraction of a whole, 0 to 1; of nothing, 0."""
    return min(1.0, max(0.0, part / whole)) if whole > 0 else 0.0
