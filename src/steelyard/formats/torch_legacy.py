# SPDX-License-Identifier: Apache-2.0
"""What torch.save wrote before 1.6: five pickles in a row, then the bytes of the storages.

Source: torch/serialization.py, `_legacy_save` and `_legacy_load`, 0.1.10 to 2.13.
"""

from collections.abc import Iterable, Iterator

from steelyard.core.errors import MalformedError
from steelyard.formats.pickle import pickle_members
from steelyard.formats.pickle_machine import Machine
from steelyard.formats.pickle_streams import Pickle, first_error, stream_of
from steelyard.formats.pickle_trial import trial
from steelyard.formats.pickle_values import Container
from steelyard.formats.port import Budget, Flaw, Format, Glimpse, Member
from steelyard.formats.ranges import first_filled
from steelyard.formats.source import Source, exactly
from steelyard.formats.tensor import TensorInfo
from steelyard.formats.torch_storage import Storage, storage_of
from steelyard.formats.torch_tensors import tensor_infos, view_flaws, views

_MAGIC = 0x1950A86A20F9469CFC6C
_RAW_MAGIC = _MAGIC.to_bytes(10, "little")
_PICKLES = 5  # magic number, protocol version, system, the object, the keys of its storages
_KEYS = 1_000_000


class TorchLegacy(Pickle, frozen=True, kw_only=True):
    """A legacy torch file.

    Attributes:
        tensors: Its tensors.
    """

    tensors: tuple[TensorInfo, ...] = ()


def read(source: Source, budget: Budget) -> TorchLegacy:
    """Follow the pickles, then hold the storages to what the fourth one says of them."""
    machines: list[Machine] = []
    streams = []
    at = 0
    for number in range(1, _PICKLES + 1):
        first_items = _KEYS if number == _PICKLES else 16
        machine = Machine(source, at, budget, first_items=first_items).run()
        machines.append(machine)
        streams.append(stream_of(machine, at))
        problem, where = first_error(streams)
        if problem:
            return TorchLegacy(streams=tuple(streams), incomplete=problem, incomplete_at=where)
        at = machine.state.end
    named = _referenced(machines)
    begins: dict[str, int] = {}
    end, flaws, problem = _storages(source, at, machines[4], named, begins)
    found = list(views(machines[3].result))
    behind = first_filled(source, end, source.size, budget)
    return TorchLegacy(
        streams=tuple(streams),
        tensors=tuple(tensor_infos(found, "", begins)),
        flaws=(*flaws, *view_flaws(found)),
        tail=behind if behind < source.size else -1,
        incomplete=problem,
        incomplete_at=end if problem else -1,
    )


def _referenced(machines: Iterable[Machine]) -> dict[str, Storage]:
    named: dict[str, Storage] = {}
    for machine in machines:
        for reference in machine.state.persistent:
            storage = storage_of(reference)
            if storage is not None:
                named.setdefault(storage.key, storage)
    return named


def _storages(
    source: Source, at: int, keys: Machine, named: dict[str, Storage], begins: dict[str, int]
) -> tuple[int, list[Flaw], str]:
    """Return the offset behind the storages, what contradicts what, and why reading stopped.

    Args:
        source: The file.
        at: Byte offset of the first one.
        keys: Has read which storages there are, in order.
        named: What the tensors say of them.
        begins: Takes the byte offset of each.
    """
    flaws: list[Flaw] = []
    listed = keys.result
    if not isinstance(listed, Container) or listed.kind != "list":
        return at, flaws, "its last pickle is no list of storages"
    for key in listed.items:
        storage = named.get(key) if isinstance(key, str) else None
        if storage is None:
            return at, flaws, f"nothing tells how long the storage {key!r} is"
        try:
            count = int.from_bytes(
                exactly(source, at, 8, f"storage {key!r}"), "little", signed=True
            )
            end = at + 8 + count * storage.item_bytes
            exactly(source, at + 8, count * storage.item_bytes, f"storage {key!r}")
        except MalformedError as error:
            return at, flaws, error.message
        if count != storage.elements:
            message = (
                f"storage {key!r} has {count:,} elements, its tensors expect {storage.elements:,}"
            )
            flaws.append(Flaw(code="storage-size", message=message, at=at))
        else:
            begins[storage.key] = at + 8
        at = end
    return at, flaws, ""


def members(content: TorchLegacy, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield what the pickles hold, and what lies behind the storages."""
    yield from pickle_members(content, source, budget)


def _is_legacy(glimpse: Glimpse) -> bool:
    if _RAW_MAGIC not in glimpse.head[:64] and str(_MAGIC).encode() not in glimpse.head[:64]:
        return False
    machine = trial(glimpse.source, 0)
    return machine.stopped and type(machine.result) is int and machine.result == _MAGIC


TORCH_LEGACY = Format(
    id="torch-legacy",
    title="torch (before 1.6)",
    rank=29,
    matches=_is_legacy,
    read=read,
    members=members,
)
