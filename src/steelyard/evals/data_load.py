# SPDX-License-Identifier: Apache-2.0
"""The data set of a task: its files are found, read, and compared with what is locked."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from steelyard.core.errors import AbsentError
from steelyard.evals.data import Source, Table
from steelyard.evals.data_find import (
    PACKAGED,
    folders_of,
    found_files,
    matching,
    named_files,
    shape_of,
)
from steelyard.evals.data_read import read_split


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which data set, and which splits of it.

    Attributes:
        path: A kind of file (json, csv, parquet, text), a folder, or a name on the hub.
        config: Configuration on the hub, empty where there is none.
        kwargs: What the task says of its files: data_files, field, column_names, revision.
        splits: How many rows of each split are kept; None keeps all.
        source: Address and licence, where the task gives them.
        local: Files of each split within the data folder, looked for first; of several the first
            that is there is read.
    """

    path: str
    config: str = ""
    kwargs: Mapping[str, Any] = {}
    splits: Mapping[str, int | None]
    source: Source | None = None
    local: Mapping[str, Sequence[str]] = {}


class Hub(Protocol):
    """Data sets on the network."""

    def files(self, name: str, revision: str) -> tuple[str, Sequence[str]]:
        """Return the commit of a revision, and the names of the files it has."""

    def fetch(self, name: str, commit: str, file: str) -> Path:
        """Return the local copy of a file."""


def load(wanted: Wanted, base: Path, hub: Hub | None = None) -> Table:
    """Return the splits that a task asks for.

    They are looked for, in this order, where the task's file says, in a folder named as the data
    set, and on the hub.

    Args:
        wanted: Which data set.
        base: Folder that paths start at, and that data sets are looked for in by name.
        hub: Where data that is not in the folder is fetched from; None stays offline.

    Raises:
        AbsentError: The data is not there; says which file is wanted where.
        UnreadableError: A file cannot be read.
    """
    source = wanted.source or Source(name=wanted.path)
    kind = PACKAGED.get(wanted.path, "")
    files = (
        _packaged(wanted, base, hub) if kind else _at_hand(wanted, base) or _in_folder(wanted, base)
    )
    if not files and hub is not None and "/" in wanted.path:
        commit, files = _fetched(wanted, hub)
        source = msgspec.structs.replace(source, revision=commit)
    if not files:
        raise _absent(wanted, base)
    shape = shape_of(wanted.kwargs)
    splits = {
        split: read_split(split, found, shape=shape, kind=kind, keep=wanted.splits[split])
        for split, found in files.items()
    }
    return Table(source=source, splits=splits)


_HUB = "hf://datasets/"
_Found = dict[str, list[tuple[Path, str]]]


def _packaged(wanted: Wanted, base: Path, hub: Hub | None) -> _Found:
    said = wanted.kwargs.get("data_files", {})
    return {
        split: [
            found
            for name in named_files(said, split)
            for found in (
                [_of_hub(name, base, hub)]
                if name.startswith(_HUB)
                else [(path, _shown(path, base)) for path in matching(name, base)]
            )
        ]
        for split in wanted.splits
    }


def _of_hub(name: str, base: Path, hub: Hub | None) -> tuple[Path, str]:
    """Return a file named by its address on the hub: in the data folder, else fetched."""
    organisation, repository, file = (*name.removeprefix(_HUB).split("/", 2), "", "")[:3]
    for shown in (f"{organisation}/{repository}/{file}", f"{repository}/{file}"):
        if (base / shown).is_file():
            return base / shown, shown
    if hub is None:
        raise AbsentError(
            f"there is no data file '{organisation}/{repository}/{file}' in '{base}'",
            f"It comes from https://huggingface.co/datasets/{organisation}/{repository}",
        )
    repository, _, revision = f"{organisation}/{repository}".partition("@")
    commit, _ = hub.files(repository, revision)
    return hub.fetch(repository, commit, file), f"{repository}/{file}"


def _at_hand(wanted: Wanted, base: Path) -> _Found:
    found = {}
    for split in wanted.splits:
        there = [name for name in wanted.local.get(split, ()) if (base / name).is_file()]
        if not there:
            return {}
        found[split] = [(base / there[0], there[0])]
    return found


def _in_folder(wanted: Wanted, base: Path) -> _Found:
    for name in folders_of(wanted.path):
        folder = base / name
        if folder.is_dir():
            inside = [path.relative_to(folder).as_posix() for path in _walk(folder)]
            chosen = {split: _files_of(wanted, split, inside) for split in wanted.splits}
            if all(chosen.values()):
                return {
                    split: [(folder / each, f"{name}/{each}") for each in names]
                    for split, names in chosen.items()
                }
    return {}


def _fetched(wanted: Wanted, hub: Hub) -> tuple[str, _Found]:
    commit, names = hub.files(wanted.path, str(wanted.kwargs.get("revision") or ""))
    chosen = {split: _files_of(wanted, split, names) for split in wanted.splits}
    for split, found in chosen.items():
        if not found:
            raise AbsentError(
                f"no file of '{wanted.path}' on the hub holds the split {split!r}",
                "Name its files in the task, under dataset_kwargs: data_files",
            )
    return commit, {
        split: [(hub.fetch(wanted.path, commit, each), f"{wanted.path}/{each}") for each in found]
        for split, found in chosen.items()
    }


def _walk(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file())


def _files_of(wanted: Wanted, split: str, names: Sequence[str]) -> list[str]:
    said = wanted.kwargs.get("data_files")
    if said is None:
        return found_files(names, wanted.config, split)
    by_split = said if isinstance(said, Mapping) else {"train": said}
    chosen = by_split.get(split, ())
    return [name for name in ([chosen] if isinstance(chosen, str) else chosen) if name in names]


def _shown(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name


def _expected(wanted: Wanted, split: str) -> str:
    if split in wanted.local:
        return wanted.local[split][0]
    last = wanted.path.rpartition("/")[2]
    return "/".join(part for part in (last, wanted.config, f"{split}.jsonl") if part)


def _absent(wanted: Wanted, base: Path) -> AbsentError:
    source = wanted.source or Source(name=wanted.path)
    hub = f"https://huggingface.co/datasets/{wanted.path}" if "/" in wanted.path else "its authors"
    licence = f", licence {source.licence}" if source.licence else ""
    files = ", ".join(f"'{_expected(wanted, split)}'" for split in wanted.splits)
    return AbsentError(
        f"the data set '{wanted.path}' is not in '{base}': wanted {files}",
        f"It comes from {source.address or hub}{licence}. Name its folder with --data",
    )
