# SPDX-License-Identifier: Apache-2.0
"""Claims say what they mean, and survive a round trip to the byte."""

import math

import msgspec
import pytest

from steelyard.core.claim import Claim, Fact, Finding, Gap, Measurement, Severity, exactly
from steelyard.core.digest import canonical


@pytest.mark.parametrize(
    "claim",
    [
        Finding(rule="a.b", severity=Severity.HIGH, where="x byte:1", message="m", trail=("1",)),
        exactly("a.count", 3, "1"),
        Measurement(metric="a", value=0.1, unit="s", low=0.05, high=0.3, n=7),
        Fact(name="a", value={"b": [1, "x", None, True, 2.5]}),
        Gap(name="a", reason="why"),
    ],
)
def test_a_claim_comes_back_from_json_with_the_same_bytes(claim):
    data = canonical(claim)
    assert canonical(msgspec.json.decode(data, type=Claim)) == data


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_measurement_refuses_numbers_that_are_none(bad):
    with pytest.raises(ValueError, match="finite"):
        Measurement(metric="a", value=bad, unit="s", low=bad, high=bad)


def test_a_measurement_refuses_a_value_outside_its_interval():
    with pytest.raises(ValueError, match="outside"):
        Measurement(metric="a", value=2.0, unit="s", low=0.0, high=1.0)


def test_a_measurement_refuses_to_rest_on_nothing():
    with pytest.raises(ValueError, match="0 observations"):
        Measurement(metric="a", value=1.0, unit="s", low=1.0, high=1.0, n=0)


def test_severities_are_ordered_from_note_to_critical():
    assert sorted(Severity, key=lambda s: s.rank) == ["note", "low", "medium", "high", "critical"]
