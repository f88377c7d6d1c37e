# SPDX-License-Identifier: Apache-2.0
"""An HDF5 file that refers to others, or whose datasets do not fit, is a finding."""

import pytest

from steelyard.checks.hdf5 import look
from tests.samples.hdf5 import Hdf5Writer, hdf5, outward_link
from tests.samples.weights import claims, facts, findings


def test_a_file_of_keras_has_a_summary_and_no_finding() -> None:
    assert findings(look, {"m.h5": hdf5()}) == {}
    assert facts(claims(look, {"m.h5": hdf5()}))["hdf5.file"] == {"objects": 3, "attributes": 2}


def test_other_files_are_findings_and_other_names_notes() -> None:
    writer = Hdf5Writer()
    members = {"stored": writer.stored_outside("/etc/passwd"), "soft": "/stored"}
    data = writer.finish(writer.group(members, outward_link("linked", "../../secret.h5")))
    found = findings(look, {"m.bin": data})
    assert sorted(found) == ["hdf5.external-link", "hdf5.external-storage", "hdf5.soft-link"]
    assert "/etc/passwd" in found["hdf5.external-storage"]


@pytest.mark.parametrize(
    ("size", "rule"), [(8, "dataset-size"), (None, ""), (1 << 40, "out-of-bounds")]
)
def test_a_dataset_has_to_fit(size: int | None, rule: str) -> None:
    writer = Hdf5Writer()
    data = writer.finish(writer.group({"w": writer.dataset((4,), bytes(16), size)}))
    assert list(findings(look, {"m.h5": data})) == ([f"hdf5.{rule}"] if rule else [])


def test_a_file_that_was_cut_off_is_malformed() -> None:
    assert list(findings(look, {"m.h5": hdf5()[:200]})) == ["hdf5.malformed"]
