# SPDX-License-Identifier: Apache-2.0
"""Weight files that belong together: the shards of one model, apart from its other forms."""

from collections.abc import Iterable, Iterator

import msgspec

from steelyard.core.patterns import late
from steelyard.core.subject import Part
from steelyard.formats.tensor import TensorInfo

_SHARD = late(r"(.*?)(?:-(\d{5})-of-(\d{5})|(?<=consolidated)\.(\d{2}))(\.\w+)")
_PACKED = (".qweight", ".weight_packed", ".qzeros", ".absmax", "_blocks")
_WEIGHTS = frozenset({"gguf", "safetensors", "torch", "torch-legacy"})
_NOT_WEIGHTS = late(r"(optimizer|scheduler|rng_state|training_args|trainer_state)\b.*")


class Holding(msgspec.Struct, frozen=True):
    """A file and the tensors in it.

    Attributes:
        path: Of the artifact, or of the layer inside it.
        format: Of the layer that holds the tensors.
        tensors: All of them.
    """

    path: str
    format: str
    tensors: tuple[TensorInfo, ...]

    def weighed(self) -> Iterator[tuple[TensorInfo, int]]:
        """Yield each tensor with the bytes it adds to the file: tied ones add none."""
        seen: set[tuple[str, int]] = set()
        for tensor in self.tensors:
            tied = bool(tensor.storage) and (tensor.storage, tensor.nbytes) in seen
            seen.add((tensor.storage, tensor.nbytes))
            yield tensor, 0 if tied else tensor.nbytes


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One form of a model's weights: a file, or shards that make a whole.

    Attributes:
        name: The file's path, or with shards their common path with a `*` in it.
        holdings: The files, in order.
        missing: How many shards are not there.
    """

    name: str
    holdings: tuple[Holding, ...]
    missing: int = 0

    @property
    def folder(self) -> str:
        """Return the folder of the files, with a slash behind it; empty for the subject's own."""
        return self.name[: self.name.rfind("/") + 1]

    @property
    def packed(self) -> bool:
        """Tell whether several weights are packed into one element, so that counts mislead."""
        return any(
            tensor.name.endswith(_PACKED) for holding in self.holdings for tensor in holding.tensors
        )


def holdings(parts: Iterable[Part]) -> Iterator[Holding]:
    """Yield every layer of a weight format with the tensors that its reader lists, if any."""
    for part in parts:
        tensors = getattr(part.content, "tensors", ()) if part.format in _WEIGHTS else ()
        if tensors:
            yield Holding(part.where, part.format, tensors)


def variants(found: Iterable[Holding]) -> list[Variant]:
    """Return the forms of the weights, by name; files of optimizers and the like are left out."""
    groups: dict[tuple[str, str], list[Holding]] = {}
    for holding in found:
        if not _NOT_WEIGHTS.fullmatch(_file_name(holding.path)):
            groups.setdefault((_group(holding.path), holding.format), []).append(holding)
    return [_variant(name, group) for (name, _), group in sorted(groups.items())]


def _variant(name: str, group: list[Holding]) -> Variant:
    paths = {holding.path for holding in group}
    shard = _SHARD.fullmatch(group[0].path)
    expected = int(shard[3]) if shard and shard[3] else len(paths)
    return Variant(name=name, holdings=tuple(group), missing=max(0, expected - len(paths)))


def _file_name(path: str) -> str:
    return path.rpartition("!")[2].rpartition("/")[2]


def _group(path: str) -> str:
    shard = _SHARD.fullmatch(path)
    if shard is None:
        return path
    middle = f"-*-of-{shard[3]}" if shard[3] else ".*"
    return f"{shard[1]}{middle}{shard[5]}"
