# SPDX-License-Identifier: Apache-2.0
"""A torch file whose storages do not fit its tensors is a finding; a sound one is none."""

import struct

import pytest

from steelyard.checks.torch import look
from tests.samples import pickles as p
from tests.samples.weights import claims, facts, findings

STATE = p.whole(p.value({"w": p.tensor()}))
OLD = p.whole(p.value({"w": p.tensor(legacy=True)}), version=2)


@pytest.mark.parametrize(
    "data",
    [
        p.torch_zip(STATE, {"0": bytes(16)}),
        p.torch_legacy(OLD, ["0"], struct.pack("<q", 4) + bytes(16)),
    ],
)
def test_a_sound_file_gives_the_number_of_its_tensors_and_no_finding(data: bytes) -> None:
    assert findings(look, {"m.pt": data}) == {}
    assert facts(claims(look, {"m.pt": data}))["torch.tensors"] == 1


@pytest.mark.parametrize(
    ("storages", "rule"),
    [
        ({"0": bytes(12)}, "torch.storage-size"),
        ({"0": bytes(20)}, "torch.storage-size"),
        ({"0": bytes(16), "1": bytes(4)}, "torch.unreferenced"),
        ({}, "torch.missing-storage"),
        ({"0": b""}, "torch.missing-storage"),
    ],
)
def test_storages_that_do_not_fit_are_reported(storages, rule: str) -> None:
    assert list(findings(look, {"m.pt": p.torch_zip(STATE, storages)})) == [rule]


def test_a_tensor_beyond_its_storage_is_reported_with_its_name() -> None:
    data = p.torch_zip(p.whole(p.value({"w": p.tensor(shape=(9,))})), {"0": bytes(16)})
    assert "tensor 'w' [9] reaches byte 36" in findings(look, {"m.pt": data})["torch.view"]


def test_every_flaw_that_the_reader_can_note_has_a_page() -> None:
    known = {descriptor.id for descriptor in look.descriptors}
    assert known == {
        "torch.missing-storage",
        "torch.storage-size",
        "torch.unreferenced",
        "torch.view",
    }
