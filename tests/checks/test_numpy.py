# SPDX-License-Identifier: Apache-2.0
"""An array that holds more than its header says is a finding."""

from steelyard.checks.numpy import look
from tests.samples import pickles as p
from tests.samples.weights import findings


def test_a_plain_array_gives_no_finding() -> None:
    assert findings(look, {"a.npy": p.npy("'<f4'", "(2,)", bytes(8) + bytes(100))}) == {}


def test_an_array_of_objects_is_told_to_be_a_pickle() -> None:
    assert list(findings(look, {"a.npy": p.npy("'|O'", "(1,)", p.SYSTEM)})) == ["numpy.objects"]


def test_bytes_behind_the_array_are_reported_also_inside_an_archive() -> None:
    data = p.npy("'<f4'", "(2,)", bytes(8) + b"more")
    found = findings(look, {"a.npz": p.archive({"x.npy": data})})
    assert found == {"numpy.tail": "4 bytes lie behind the 8 of the array"}
