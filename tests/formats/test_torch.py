# SPDX-License-Identifier: Apache-2.0
"""The bytes of a torch file are opaque only where a tensor needs exactly these."""

import contextlib
import pickle
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.errors import MalformedError
from steelyard.core.limits import Limits
from steelyard.core.subject import Part
from steelyard.formats.nesting import identify, parts
from steelyard.formats.pickle_streams import Pickle
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource
from steelyard.formats.tensor import TensorInfo
from steelyard.formats.torch import TorchArchive, read
from steelyard.formats.torch_legacy import TorchLegacy
from tests.samples import pickles as p

STATE = p.whole(
    p.value({"l.weight": p.tensor("0"), "l.bias": p.tensor("1", (2,), 2, "HalfStorage")})
)
STORAGES = {"0": bytes(16), "1": bytes(4)}


def layers(data: bytes) -> dict[str, Part]:
    return {part.where: part for part in parts("m.bin", BytesSource(data), Budget(Limits()))}


def archive(data: bytes) -> TorchArchive:
    content = layers(data)["m.bin"].content
    assert isinstance(content, TorchArchive)
    return content


def legacy(data: bytes) -> TorchLegacy:
    content = layers(data)["m.bin"].content
    assert isinstance(content, TorchLegacy)
    return content


def codes(content: TorchArchive | TorchLegacy) -> list[str]:
    return sorted({flaw.code for flaw in content.flaws})


def test_a_state_dict_gives_its_tensors_and_nothing_to_report() -> None:
    data = p.torch_zip(STATE, STORAGES)
    found = layers(data)
    content = found["m.bin"].content
    assert isinstance(content, TorchArchive)
    begins = [entry.data_offset for entry in content.entries if "/data/" in entry.name]
    assert content.tensors == (
        TensorInfo("l.weight", "f32", (4,), 16, "m/data/0", begins[0]),
        TensorInfo("l.bias", "f16", (2,), 4, "m/data/1", begins[1]),
    )
    assert content.flaws == ()
    assert list(found) == ["m.bin", "m.bin!m/data.pkl", "m.bin!m/version"]
    assert all(part.unread == "" for part in found.values())


def test_tied_weights_name_the_same_storage() -> None:
    state = p.whole(p.value({"a": p.tensor("0"), "b": p.tensor("0", (2, 2), 4, stride=(2, 1))}))
    first, second = archive(p.torch_zip(state, {"0": bytes(16)})).tensors
    assert first.storage == second.storage
    assert (second.shape, second.nbytes) == ((2, 2), 16)


def test_tensors_are_found_in_nested_dicts_lists_modules_and_parameters() -> None:
    parameter = p.call(p.name("torch._utils", "_rebuild_parameter"), p.tensor("0"), True, {})
    module = p.instance("torch.nn.modules.linear", "Linear", {"_parameters": {"weight": parameter}})
    state = {"model": {"fc": module}, "more": [p.tensor("1")], "epoch": 3}
    found = archive(p.torch_zip(p.whole(p.value(state)), {"0": bytes(16), "1": bytes(16)}))
    assert [tensor.name for tensor in found.tensors] == ["model.fc.weight", "more.0"]


def test_a_newer_element_type_counts_over_the_type_of_its_storage() -> None:
    ident = ("storage", p.name("torch.storage", "UntypedStorage"), "0", "cpu", 4)
    rebuild = p.name("torch._utils", "_rebuild_tensor_v3")
    args = (
        p.Raw(p.value(ident) + b"Q"),
        0,
        (4,),
        (1,),
        False,
        {},
        p.name("torch", "float8_e4m3fn"),
    )
    (tensor,) = archive(p.torch_zip(p.whole(p.call(rebuild, *args)), {"0": bytes(4)})).tensors
    assert (tensor.dtype, tensor.nbytes) == ("f8_e4m3", 4)


def test_a_storage_of_another_length_is_read_like_any_other_member() -> None:
    """CVE-2026-24747: torch before 2.10 trusts the length in the pickle."""
    data = p.torch_zip(STATE, {"0": p.SYSTEM, "1": bytes(4)})
    assert codes(archive(data)) == ["storage-size"]
    hidden = layers(data)["m.bin!m/data/0"].content
    assert isinstance(hidden, Pickle)
    assert [name.dotted for name in hidden.streams[0].imports] == ["os.system"]


def test_a_member_that_no_tensor_refers_to_is_read_like_any_other() -> None:
    data = p.torch_zip(STATE, STORAGES | {"2": p.SYSTEM})
    assert codes(archive(data)) == ["unreferenced"]
    assert layers(data)["m.bin!m/data/2"].format == "pickle"


def test_a_storage_that_is_not_there_is_noted() -> None:
    assert codes(archive(p.torch_zip(STATE, {"0": bytes(16)}))) == ["missing-storage"]


@pytest.mark.parametrize(
    ("shape", "stride"), [((5,), (1,)), ((2, 3), (2, 1)), ((2,), (4,)), ((1 << 40,), (1 << 40,))]
)
def test_a_tensor_that_reaches_beyond_its_storage_is_noted(shape, stride) -> None:
    state = p.whole(p.value({"a": p.tensor("0", shape, 4, stride=stride)}))
    assert codes(archive(p.torch_zip(state, {"0": bytes(16)}))) == ["view"]


def test_two_sizes_for_one_storage_are_noted() -> None:
    state = p.whole(p.value([p.tensor("0"), p.tensor("0", (2,), 2)]))
    assert "storage-size" in codes(archive(p.torch_zip(state, {"0": bytes(16)})))


def test_torchscript_keeps_storages_of_constants_apart() -> None:
    members = {
        "m/data.pkl": p.whole(p.instance("__torch__", "Net", {"w": p.tensor("0")})),
        "m/constants.pkl": p.whole(p.value((p.tensor("0", (1,), 1),))),
        "m/code/__torch__.py": b"class Net(Module):\n  pass\n",
        "m/data/0": bytes(16),
        "m/constants/0": bytes(4),
    }
    content = archive(p.archive(members))
    assert content.script
    assert content.flaws == ()
    assert [tensor.storage for tensor in content.tensors] == ["m/data/0", "m/constants/0"]


def test_a_payload_under_another_name_is_found() -> None:
    """CVE-2025-1889: picklescan looked at members with known extensions only."""
    found = layers(p.torch_zip(STATE, STORAGES, **{"config.p": p.SYSTEM, "x.bin2": p.SYSTEM}))
    assert found["m.bin!m/config.p"].format == found["m.bin!m/x.bin2"].format == "pickle"


def test_a_compressed_archive_is_read_the_same_way() -> None:
    members = {"m/data.pkl": STATE, "m/data/0": bytes(16), "m/data/1": bytes(4)}
    content = archive(p.archive(members, zipfile.ZIP_DEFLATED))
    assert (len(content.tensors), codes(content)) == (2, [])


def test_a_zip_called_data_pkl_is_a_zip() -> None:
    inner = p.archive({"a.pkl": p.SYSTEM})
    found = layers(p.archive({"m/data.pkl": inner}))
    assert found["m.bin!m/data.pkl"].format == "zip"
    assert found["m.bin!m/data.pkl!a.pkl"].format == "pickle"


@settings(max_examples=60)
@given(st.data())
def test_a_mutated_archive_ends_in_content_or_is_malformed(data) -> None:
    whole = bytearray(p.torch_zip(STATE, STORAGES))
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(MalformedError):
        assert isinstance(read(BytesSource(bytes(whole)), Budget(Limits())), TorchArchive)


# ---- before 1.6


OLD = p.whole(p.value({"w": p.tensor("7", legacy=True)}), version=2)
RAW = struct.pack("<q", 4) + bytes(range(16))


def test_a_legacy_file_gives_its_tensors_and_nothing_to_report() -> None:
    data = p.torch_legacy(OLD, ["7"], RAW)
    assert identify("m.bin", BytesSource(data)).id == "torch-legacy"
    content = legacy(data)
    at = data.index(bytes(range(16)))
    assert content.tensors == (TensorInfo("w", "f32", (4,), 16, "7", at),)
    assert (content.flaws, content.incomplete, content.tail) == ((), "", -1)
    assert len(content.streams) == 5


def test_many_storages_are_read_in_the_order_of_their_keys() -> None:
    state = {f"w{i}": p.tensor(str(i), (1,), 1, legacy=True) for i in range(100)}
    keys = [str(i) for i in range(100)]
    raw = (struct.pack("<q", 1) + bytes(4)) * 100
    content = legacy(p.torch_legacy(p.whole(p.value(state), version=2), keys, raw))
    assert (len(content.tensors), content.incomplete, content.tail) == (100, "", -1)


def test_a_pickle_behind_the_storages_is_read() -> None:
    found = layers(p.torch_legacy(OLD, ["7"], RAW + p.SYSTEM))
    (tail,) = [part for where, part in found.items() if "!gap@" in where]
    assert tail.format == "pickle"


@pytest.mark.parametrize(
    ("keys", "raw", "told"),
    [
        (["8"], RAW, "nothing tells how long the storage '8' is"),
        (["7", "8"], RAW + RAW, "nothing tells how long the storage '8' is"),
        (["7"], RAW[:-1], "exceeds"),
        (["7"], b"abc", "exceeds"),
    ],
)
def test_a_legacy_file_whose_storages_cannot_be_told_is_not_wholly_read(keys, raw, told) -> None:
    content = legacy(p.torch_legacy(OLD, keys, raw))
    assert told in content.incomplete


def test_a_legacy_storage_of_another_length_is_noted() -> None:
    raw = struct.pack("<q", 2) + bytes(8)
    assert codes(legacy(p.torch_legacy(OLD, ["7"], raw))) == ["storage-size"]


@settings(max_examples=60)
@given(st.data())
def test_a_legacy_file_that_is_cut_off_keeps_what_was_read(data) -> None:
    whole = p.torch_legacy(OLD, ["7"], RAW)
    cut = data.draw(st.integers(40, len(whole) - 1))
    content = legacy(whole[:cut])
    assert content.incomplete


def test_a_magic_number_in_decimal_digits_is_recognised_too() -> None:
    first = b"L119547037146038801333356L\n."
    whole = first + pickle.dumps(1001, 2) + pickle.dumps({}, 2) + OLD + pickle.dumps(["7"], 2) + RAW
    assert legacy(whole).incomplete == ""
