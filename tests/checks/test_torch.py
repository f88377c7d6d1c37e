# SPDX-License-Identifier: Apache-2.0
"""A torch file whose storages do not fit its tensors is a finding; a sound one is none."""

import struct

import pytest

from steelyard.checks.torch import look
from tests.samples import pickles as p
from tests.samples.archives import zipped
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
        "torch.script-file",
        "torch.script-operator",
        "torch.storage-size",
        "torch.unreferenced",
        "torch.view",
    }


def script(code: str, **more: bytes) -> bytes:
    """Return a TorchScript archive."""
    members = {
        "m/data.pkl": b"\x80\x02}.",
        "m/constants.pkl": b"\x80\x02).",
        "m/code/__torch__.py": code.encode(),
        "m/version": b"6",
    }
    members |= {f"m/{name}.pkl": data for name, data in more.items()}
    return zipped(members.items())


METHOD = "class M(Module):\n  def forward(self: __torch__.M, x: Tensor) -> Tensor:\n    {}\n"


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ('torch.save(x, "/tmp/x")', "torch.script-file"),
        ('x.save("/tmp/x")', "torch.script-file"),
        ('t = ops.aten.from_file("/etc/x", False, 10)', "torch.script-file"),
        ('t = torch . from_file ("/etc/x")', "torch.script-file"),
        ("return ops.mylib.run(x)", "torch.script-operator"),
    ],
)
def test_scripts_that_reach_files_or_other_libraries_are_reported(line: str, rule: str) -> None:
    assert list(findings(look, {"m.pt": script(METHOD.format(line))})) == [rule]


@pytest.mark.parametrize(
    "line",
    [
        "return torch.relu(x)",
        "return ops.quantized.linear(x, self.w)",
        'ops.prim.RaiseException("torch.save(x)")  # torch.save(x)',
        "return (self.cache).save(x)\n  def save(self: __torch__.M, x: Tensor) -> Tensor:\n    return x",
    ],
)
def test_scripts_that_compute_are_no_finding(line: str) -> None:
    assert list(findings(look, {"m.pt": script(METHOD.format(line))})) == []


def test_the_byte_code_of_the_lite_interpreter_is_looked_at_too() -> None:
    code = b"\x80\x02X\x0a\x00\x00\x00aten::saveX\x00\x00\x00\x00\x86."
    data = script(METHOD.format("return x"), bytecode=code)
    assert list(findings(look, {"m.ptl": data})) == ["torch.script-file"]
