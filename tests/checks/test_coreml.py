# SPDX-License-Identifier: Apache-2.0
"""Core ML models of standard layers have no finding; custom code and links have one."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.checks.coreml import look
from steelyard.core.claim import Finding, Severity
from steelyard.core.errors import MalformedError
from steelyard.core.limits import Limits
from steelyard.formats.coreml import COREML
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource
from tests.samples.graphs import coreml, field
from tests.samples.weights import claims

LAYER = field(1, field(1, "dense") + field(140, field(1, 4)))
CUSTOM_LAYER = field(1, field(1, "mine") + field(500, field(10, "MyLayer")))


def found(kind: bytes) -> list[tuple[str, Severity]]:
    told = claims(look, {"m.bin": coreml(kind)})
    return [(claim.rule, claim.severity) for claim in told if isinstance(claim, Finding)]


def test_a_network_of_standard_layers_has_no_finding() -> None:
    assert found(field(500, LAYER)) == []


@pytest.mark.parametrize(
    ("kind", "rule", "severity"),
    [
        (field(500, LAYER + CUSTOM_LAYER), "custom-code", Severity.MEDIUM),
        (field(202, field(1, coreml(field(403, CUSTOM_LAYER)))), "custom-code", Severity.MEDIUM),
        (field(555, field(10, "MyModel")), "custom-code", Severity.MEDIUM),
        (field(556, field(1, field(1, field(1, "b.mlmodelc")))), "linked-model", Severity.MEDIUM),
        (field(556, field(1, field(1, field(1, "/x/b")))), "linked-model", Severity.CRITICAL),
    ],
)
def test_what_is_implemented_elsewhere_is_a_finding(kind, rule: str, severity: Severity) -> None:
    assert found(kind) == [(f"coreml.{rule}", severity)]


SAMPLE = coreml(field(202, field(1, coreml(field(403, LAYER + CUSTOM_LAYER)))))


@settings(max_examples=100)
@given(
    cut=st.integers(0, len(SAMPLE)),
    at=st.integers(0, len(SAMPLE) - 1),
    byte=st.integers(0, 255),
)
def test_any_change_of_a_model_ends_in_content_or_a_refusal(cut: int, at: int, byte: int) -> None:
    data = bytearray(SAMPLE)
    data[at] = byte
    with contextlib.suppress(MalformedError):
        COREML.read(BytesSource(bytes(data[:cut])), Budget(Limits()))
