# SPDX-License-Identifier: Apache-2.0
"""The data set of a task: its files are found, read, and compared with what is locked."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from steelyard.core.errors import UsageError
from steelyard.evals.data import Source, Split, Table
from steelyard.evals.data_find import PACKAGED, folders_of, found_files, named_files, shape_of
from steelyard.evals.data_read import read_split


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which data set, and which splits of it.

    Attributes:
        path: A kind of file (json, csv, parquet, text), a folder, or a name on the hub.
        config: Configuration on the hub, empty where there is none.
        kwargs: What the task says of its files: data_files, field, column_names, revision.
        splits: How many rows of each split are kept; None keeps all.
        source: Address and licence, where the task gives them.
    """

    path: str
    config: str = ""
    kwargs: Mapping[str, Any] = {}
    splits: Mapping[str, int | None]
    source: Source | None = None


class Hub(Protocol):
    """Data sets on the network."""

    def files(self, name: str, revision: str) -> tuple[str, Sequence[str]]:
        """Return the commit of a revision, and the names of the files it has."""

    def fetch(self, name: str, commit: str, file: str) -> Path:
        """Return the local copy of a file."""


def load(wanted: Wanted, base: Path, hub: Hub | None = None) -> Table:
    """Return the splits that a task asks for.

    Args:
        wanted: Which data set.
        base: Folder that paths start at, and that data sets are looked for in by name.
        hub: Where data that is not in the folder is fetched from; None stays offline.

    Raises:
        UsageError: The data is not there; says which file is wanted where.
        UnreadableError: A file cannot be read.
    """
    source = wanted.source or Source(name=wanted.path)
    kind = PACKAGED.get(wanted.path, "")
    folder = None if kind else _folder(wanted, base)
    if kind:
        said = wanted.kwargs.get("data_files", {})
        files = {split: named_files(said, split, base) for split in wanted.splits}
    elif folder is not None:
        inside = [path.relative_to(folder).as_posix() for path in _walk(folder)]
        files = {
            split: [folder / name for name in _files_of(wanted, split, inside, str(folder))]
            for split in wanted.splits
        }
    elif hub is not None:
        commit, files = _fetched(wanted, hub)
        source = msgspec.structs.replace(source, revision=commit)
    else:
        raise _absent(wanted, base)
    return Table(source=source, splits=dict(_read(wanted, files, base, kind)))


def _fetched(wanted: Wanted, hub: Hub) -> tuple[str, dict[str, list[Path]]]:
    commit, names = hub.files(wanted.path, str(wanted.kwargs.get("revision") or ""))
    where = f"the hub's {wanted.path}"
    return commit, {
        split: [
            hub.fetch(wanted.path, commit, name) for name in _files_of(wanted, split, names, where)
        ]
        for split in wanted.splits
    }


def _read(
    wanted: Wanted, files: Mapping[str, Sequence[Path]], base: Path, kind: str
) -> Iterator[tuple[str, Split]]:
    shape = shape_of(wanted.kwargs)
    for split, paths in files.items():
        keep = wanted.splits[split]
        yield split, read_split(split, paths, base=base, shape=shape, kind=kind, keep=keep)


def _folder(wanted: Wanted, base: Path) -> Path | None:
    for name in folders_of(wanted.path):
        path = base / name
        if path.is_dir():
            return path
    return None


def _walk(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file())


def _files_of(wanted: Wanted, split: str, names: Sequence[str], where: str) -> list[str]:
    said = wanted.kwargs.get("data_files")
    if said is not None:
        by_split = said if isinstance(said, Mapping) else {"train": said}
        chosen = by_split.get(split, ())
        found = [name for name in ([chosen] if isinstance(chosen, str) else chosen)]
        found = [name for name in found if name in names]
    else:
        found = found_files(names, wanted.path, wanted.config, split)
    if not found:
        config = f" of {wanted.config!r}" if wanted.config else ""
        raise UsageError(
            f"no file in '{where}' holds the split {split!r}{config}",
            f"Put it there as '{_expected(wanted, split)}', or as .parquet, .csv or .json",
        )
    return found


def _expected(wanted: Wanted, split: str) -> str:
    last = wanted.path.rpartition("/")[2]
    return "/".join(part for part in (last, wanted.config, f"{split}.jsonl") if part)


def _absent(wanted: Wanted, base: Path) -> UsageError:
    source = wanted.source or Source(name=wanted.path)
    address = source.address or f"https://huggingface.co/datasets/{wanted.path}"
    licence = f", licence {source.licence}" if source.licence else ""
    files = ", ".join(f"'{_expected(wanted, split)}'" for split in wanted.splits)
    return UsageError(
        f"the data set '{wanted.path}' is not in '{base}': wanted {files}",
        f"It comes from {address}{licence}. Name its folder with --data, or allow the network",
    )
