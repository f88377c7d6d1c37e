# SPDX-License-Identifier: Apache-2.0
"""What torch.save writes since 1.6, and TorchScript: a zip of pickles and the bytes of tensors.

The bytes of a storage are opaque only where a pickle of the archive refers to them and says that
they have just this length; all else is read like any other member.

Source: torch/serialization.py, torch/csrc/jit/serialization/{export,import}.cpp, 1.4 to 2.13.
"""

from collections.abc import Iterator

import msgspec

from steelyard.core.errors import MalformedError
from steelyard.formats.flaws import FlawList
from steelyard.formats.pickle_machine import Machine
from steelyard.formats.pickle_streams import Pickle, read_streams
from steelyard.formats.port import Budget, Format, Glimpse, Member
from steelyard.formats.source import Source
from steelyard.formats.tensor import TensorInfo
from steelyard.formats.torch_storage import Storage, storage_of
from steelyard.formats.torch_tensors import tensor_infos, view_flaws, views
from steelyard.formats.torchscript import code_flaws, is_code, mobile_flaws
from steelyard.formats.zip import ZIP, Zip, ZipEntry, entry_source, walk, zip_members
from steelyard.formats.zip_unpack import STORED

_TAIL = 1 << 20  # bytes at the end, in which the names of most archives lie


class TorchArchive(Zip, frozen=True, kw_only=True):
    """A torch archive.

    Attributes:
        script: Whether it is TorchScript, which torch's own loader reads without running Python.
        tensors: Its tensors.
        opaque: Which of the entries hold nothing but the elements of tensors, by index.
        pickles: What those entries are that are pickles, by index.
    """

    script: bool
    tensors: tuple[TensorInfo, ...]
    opaque: frozenset[int]
    pickles: dict[int, Pickle]


_WORDS = frozenset(
    {"byteorder", "version", ".format_version", ".storage_alignment", "serialization_id"}
)
_BYTE_ORDERS = (b"little", b"big")
_LONGEST_WORD = 64  # bytes; the longest is an id of 40 digits


class _Reading:
    """What is being found out of an archive."""

    def __init__(self, archive: Zip) -> None:
        self.names = frozenset(entry.name for entry in archive.entries)
        self.begins = {
            entry.name: entry.data_offset
            for entry in archive.entries
            if entry.method == STORED and entry.packed == entry.unpacked
        }
        self.pickles: dict[int, Pickle] = {}
        self.storages: dict[str, Storage] = {}
        self.tensors: list[TensorInfo] = []
        self.flaws = FlawList()


def read(source: Source, budget: Budget) -> TorchArchive:
    """Follow the pickles of an archive, and hold its members to what they say of them."""
    archive = walk(source, budget)
    reading = _Reading(archive)
    for index, entry in enumerate(archive.entries):
        if entry.name.endswith(".pkl") and entry.data_offset >= 0:
            _read_pickle(source, index, entry, reading, budget)
        _read_script(source, entry, reading, budget)
    opaque = _opaque(archive, reading)
    fields = msgspec.structs.asdict(archive)
    fields["flaws"] = (*archive.flaws, *reading.flaws.all())
    return TorchArchive(
        script=_is_script(archive),
        tensors=tuple(reading.tensors),
        opaque=opaque,
        pickles=reading.pickles,
        **fields,
    )


def _read_pickle(
    source: Source, index: int, entry: ZipEntry, reading: _Reading, budget: Budget
) -> None:
    try:
        content, machines = read_streams(entry_source(source, entry, budget), budget)
    except MalformedError:
        return  # it is reported where the members are unpacked
    if content.streams[0].error and content.streams[0].inert:
        return  # perhaps it is something else under this name
    reading.pickles[index] = content
    folder = storage_folder(entry.name, reading.names)
    for machine in machines:
        _note_storages(machine, folder, reading)
        found = list(views(machine.result))
        begins = {
            view.storage.key: reading.begins.get(view.storage.key.join(folder), -1)
            for _, view in found
        }
        reading.tensors += tensor_infos(found, folder[0], begins)
        for flaw in view_flaws(found):
            reading.flaws.add(flaw.code, flaw.message, flaw.at)


def _read_script(source: Source, entry: ZipEntry, reading: _Reading, budget: Budget) -> None:
    """Note what TorchScript code, and the byte code made of it, would call."""
    mobile = entry.name.rpartition("/")[2] == "bytecode.pkl"
    if entry.data_offset < 0 or not (mobile or is_code(entry.name)):
        return
    try:
        data = entry_source(source, entry, budget)
    except MalformedError:
        return  # it is reported where the members are unpacked
    text = data.read(0, budget.limits.text_bytes)
    if mobile:
        flaws = mobile_flaws(entry.name, text)
    else:
        flaws = code_flaws(entry.name, text.decode("utf-8", "replace"))
    for flaw in flaws:
        reading.flaws.add(flaw.code, flaw.message, entry.header_offset)


def storage_folder(pickle: str, names: frozenset[str]) -> tuple[str, str]:
    """Return what stands before and behind the key in the name of a storage.

    Args:
        pickle: Name of the pickle that refers to it.
        names: Names of all members.
    """
    beside = pickle.removesuffix(".pkl") + "/"
    root, slash, _ = pickle.partition("/")
    package = f"{root if slash else ''}{slash}.data/"  # torch.package keeps all of them there
    if any(name.startswith(beside) for name in names):
        return beside, ""
    if any(name.startswith(package) and name.endswith(".storage") for name in names):
        return package, ".storage"
    return beside, ""


def _note_storages(machine: Machine, folder: tuple[str, str], reading: _Reading) -> None:
    for reference in machine.state.persistent:
        storage = storage_of(reference)
        if storage is None:
            continue
        known = reading.storages.setdefault(storage.key.join(folder), storage)
        if known.nbytes != storage.nbytes:
            sizes = f"once {known.nbytes:,} bytes, once {storage.nbytes:,}"
            reading.flaws.add("storage-size", f"storage {storage.key!r} is said to have {sizes}")


def _opaque(archive: Zip, reading: _Reading) -> frozenset[int]:
    """Return the members that are nothing but elements of tensors; note what contradicts that."""
    opaque: set[int] = set()
    folders = {name.rpartition("/")[0] for name in reading.storages}
    for index, entry in enumerate(archive.entries):
        storage = reading.storages.get(entry.name)
        if storage is not None and (entry.unpacked, entry.data_offset >= 0) == (
            storage.nbytes,
            True,
        ):
            opaque.add(index)
        elif storage is not None and entry.unpacked == 0:  # torch.jit.trace leaves its inputs out
            message = f"{entry.name!r} is referred to and is empty"
            reading.flaws.add("missing-storage", message, entry.header_offset)
        elif storage is not None:
            sizes = f"{entry.unpacked:,} bytes, its tensors {storage.nbytes:,}"
            reading.flaws.add("storage-size", f"{entry.name!r} has {sizes}", entry.header_offset)
        elif entry.name.rpartition("/")[0] in folders and not entry.folder:
            message = f"no pickle refers to {entry.name!r}"
            reading.flaws.add("unreferenced", message, entry.header_offset)
    for name, storage in reading.storages.items():
        if name not in reading.names and storage.nbytes:
            reading.flaws.add("missing-storage", f"{name!r} is referred to and is not there")
    return frozenset(opaque)


def _is_script(archive: Zip) -> bool:
    names = {entry.name.partition("/")[2] for entry in archive.entries}
    return "constants.pkl" in names and any(name.startswith("code/") for name in names)


def members(content: TorchArchive, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield the pickles as they have been read, then every other member that is not opaque."""
    names: set[str] = set()
    for index, known in content.pickles.items():
        entry = content.entries[index]
        name = entry.name if entry.name not in names else f"{entry.name}@{entry.header_offset}"
        names.add(name)
        inner = entry_source(source, entry, budget)
        yield Member(name=name, source=inner, format="pickle", content=known)
    done = content.opaque | content.pickles.keys()
    left = tuple(entry for index, entry in enumerate(content.entries) if index not in done)
    rest = msgspec.structs.replace(content, entries=left)
    for member in zip_members(rest, source, budget):
        yield msgspec.structs.replace(member, format="text") if _is_word(member) else member


def _is_word(member: Member) -> bool:
    """Tell one of the words that torch.save puts beside the tensors, which no reader else would take."""
    if member.format or member.source is None or member.name.rpartition("/")[2] not in _WORDS:
        return False
    word = member.source.read(0, _LONGEST_WORD + 1)
    return word in _BYTE_ORDERS or (len(word) <= _LONGEST_WORD and word.rstrip(b"\n").isdigit())


def _is_torch(glimpse: Glimpse) -> bool:
    if not ZIP.matches(glimpse):
        return False
    if b"data.pkl" in glimpse.head:
        return True
    source = glimpse.source
    return b"data.pkl" in source.read(max(0, source.size - _TAIL), _TAIL)


TORCH = Format(
    id="torch", title="torch archive", rank=19, matches=_is_torch, read=read, members=members
)
