# SPDX-License-Identifier: Apache-2.0
"""HDF5 files are read without the HDF5 library: objects, texts, links, and what else is there."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.errors import MalformedError
from steelyard.core.limits import Limits
from steelyard.formats.hdf5 import HDF5, Hdf5
from steelyard.formats.nesting import identify, parts
from steelyard.formats.port import Budget, Content
from steelyard.formats.source import BytesSource
from tests.samples.hdf5 import Hdf5Writer, attribute, hdf5, header, message, outward_link

PICKLE = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."


def read(data: bytes) -> Hdf5:
    return HDF5.read(BytesSource(data), Budget(Limits()))


def layers(data: bytes) -> dict[str, str]:
    return {part.where: part.format for part in parts("m.h5", BytesSource(data), Budget(Limits()))}


@pytest.mark.parametrize("block", [0, 512, 4096])
def test_a_file_is_known_behind_a_user_block_too(block: int) -> None:
    writer = Hdf5Writer(block)
    root = writer.group({"a": writer.dataset((4,), bytes(16))}, attribute("note", b"a text of it"))
    data = writer.finish(root)
    assert identify("x.bin", BytesSource(data)).id == "hdf5"
    content = read(data)
    assert (content.objects, content.text("note"), content.flaws) == (2, "a text of it", ())


def test_texts_of_attributes_are_layers_to_read() -> None:
    assert layers(hdf5()) == {"m.h5": "hdf5", "m.h5!@model_config": "keras-config"}
    writer = Hdf5Writer()
    pickled = writer.finish(writer.group({}, attribute("axis", PICKLE)))
    assert layers(pickled)["m.h5!@axis"] == "pickle"


def test_links_and_storage_in_other_files_are_seen() -> None:
    writer = Hdf5Writer()
    members = {"stored": writer.stored_outside("/etc/passwd"), "soft": "/stored"}
    data = writer.finish(writer.group(members, outward_link("linked", "../../secret.h5")))
    seen = {(each.kind, each.path, each.target) for each in read(data).outside}
    assert seen == {
        ("external-link", "/linked", "../../secret.h5"),
        ("external-storage", "/stored", "/etc/passwd"),
        ("soft-link", "/soft", "/stored"),
    }


def test_elements_are_opaque_and_what_else_is_there_is_searched() -> None:
    writer = Hdf5Writer()
    right = writer.dataset((7,), PICKLE[:28].ljust(28, b"\0"))
    assert "pickle" not in layers(writer.finish(writer.group({"w": right}))).values()
    writer = Hdf5Writer()
    writer.put(PICKLE)
    assert "pickle" in layers(writer.finish(writer.group({}))).values()


def test_a_group_that_holds_itself_ends() -> None:
    writer = Hdf5Writer()
    root = writer.group({"a": 96})
    writer.data[96:104] = bytes(8)
    with contextlib.suppress(MalformedError):
        read(writer.finish(root))
    loop = writer.put(header(message(0x10, (0).to_bytes(8, "little") + bytes(8))))
    with contextlib.suppress(MalformedError):
        read(writer.finish(loop))


SAMPLE = hdf5()


@settings(max_examples=200)
@given(
    cut=st.integers(0, 2 * len(SAMPLE)),
    changes=st.lists(
        st.tuples(st.integers(0, len(SAMPLE) - 1), st.sampled_from([0, 1, 8, 127, 255])),
        max_size=6,
    ),
)
def test_any_change_of_a_file_ends_in_content_or_a_refusal(cut, changes) -> None:
    data = bytearray(SAMPLE)
    for at, byte in changes:
        data[at] = byte
    begin = time.thread_time()
    with contextlib.suppress(MalformedError):
        assert isinstance(read(bytes(data[:cut])), Content)
    layers(bytes(data[:cut]))
    assert time.thread_time() - begin < 2
