# SPDX-License-Identifier: Apache-2.0
"""Where the files of a data set lie: named in the task file, or found by name in a folder."""

import glob
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from steelyard.core.errors import AbsentError, UsageError
from steelyard.evals.data_read import KINDS
from steelyard.evals.data_rows import Shape

PACKAGED = {"json": "json", "csv": "csv", "parquet": "parquet", "text": "text"}
"""Kinds of file that `dataset_path` names in place of a data set."""
_SPLITS = {"validation": ("validation", "val", "valid", "dev"), "train": ("train", "training")}
_SHARD = re.compile(r"-\d{5}-of-\d{5}$|-\d{4,5}$")


def named_files(said: object, split: str) -> list[str]:
    """Return the files of a split, and patterns of files, that `data_files` names.

    Args:
        said: What `data_files` says: a path, several, or those by split.
        split: Name of the split; files named without a split are `train`, as in `datasets`.

    Raises:
        UsageError: There is no such split.
    """
    by_split = said if isinstance(said, Mapping) else {"train": said}
    if split not in by_split:
        raise UsageError(
            f"the task asks for the split {split!r}, and its data_files have"
            f" {', '.join(map(repr, by_split)) or 'none'}",
            "Name the split's file under dataset_kwargs: data_files",
        )
    names: Any = by_split[split]
    return [names] if isinstance(names, str) else [str(name) for name in names]


def matching(name: str, base: Path) -> list[Path]:
    """Return the file of a name, or those like a pattern.

    Args:
        name: Path or pattern.
        base: Folder that relative paths start at.

    Raises:
        AbsentError: There is no such file.
        UsageError: The file is on the network.
    """
    if "://" in name:
        raise UsageError(f"data at {name!r} is not fetched", "Fetch it, and name the local file")
    path = base / name
    if path.is_file():
        return [path]
    found = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207 or absolute
    if not found:
        raise AbsentError(
            f"there is no data file '{name}' in '{base}'",
            "Say with --data which folder the task's data paths start at",
        )
    return found


def shape_of(kwargs: Mapping[str, Any]) -> Shape:
    """Return how files are to be read, as `dataset_kwargs` says."""
    columns = kwargs.get("column_names") or ()
    header = kwargs.get("header", "infer")
    return Shape(
        field=str(kwargs.get("field") or ""),
        columns=tuple(map(str, columns)),
        header=None if header == "infer" else header is not None and header is not False,
        delimiter=str(kwargs.get("delimiter") or kwargs.get("sep") or ","),
        sample_by=str(kwargs.get("sample_by") or "line"),
    )


def found_files(names: Sequence[str], config: str, split: str) -> list[str]:
    """Return which of some files hold a split of a data set, by their names alone.

    A file `a/b.jsonl` counts where `a` and `b` are the split, the configuration, or both in
    one word: `test/anatomy.jsonl`, `anatomy/test-00000-of-00001.parquet`, `et/val.et.jsonl`.

    Args:
        names: Paths of files within the data set's folder, with slashes.
        config: Name of the configuration, empty where there is none.
        split: Name of the split.
    """
    words = {word.casefold() for word in _SPLITS.get(split, (split,))}
    ranked: dict[tuple[int, str], list[str]] = {}
    for name in sorted(names):
        pure = PurePosixPath(name)
        if pure.suffix.lower() not in KINDS:
            continue
        rank = _rank(pure, config.casefold(), words)
        if rank is not None:
            ranked.setdefault((rank, pure.suffix.lower()), []).append(name)
    return ranked[min(ranked)] if ranked else []


def _rank(name: PurePosixPath, config: str, words: set[str]) -> int | None:
    """Return how well a file's name fits, 0 best; None where it does not."""
    stem = _SHARD.sub("", name.name[: -len(name.suffix)]).casefold()
    parts = [part.casefold() for part in name.parent.parts if part != "data"]
    pieces = [*parts, *_pieces(stem, config)]
    has_split = [piece for piece in pieces if piece in words]
    rest = [piece for piece in pieces if piece not in words and piece != config]
    has_config = not config or config in pieces
    if not has_config or rest:
        return None
    if has_split:
        return len(pieces)
    return 100 + len(pieces) if config and "test" in words else None


def _pieces(stem: str, config: str) -> Iterator[str]:
    """Yield the words of a file's name, the configuration being one word."""
    if stem == config:
        yield stem
        return
    for mark in (".", "_", "-"):
        if config and stem.startswith(config + mark):
            yield config
            yield stem[len(config) + 1 :]
            return
        if config and stem.endswith(mark + config):
            yield stem[: -len(config) - 1]
            yield config
            return
    yield stem


def folders_of(path: str) -> Iterable[str]:
    """Return the names that the folder of a data set may have: `org/name`, `name`, and so on."""
    last = path.rpartition("/")[2]
    return dict.fromkeys(
        (path, path.replace("/", "__"), path.replace("/", "___"), last, last.casefold())
    )
