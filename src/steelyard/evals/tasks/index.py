# SPDX-License-Identifier: Apache-2.0
"""Which tasks, groups and tags the files of a folder define, by a glance at each file.

lm-eval has some 13,000 task files; reading them as YAML takes seconds, and a run wants a few. So
a file's first letters of a line are looked at, and YAML is read where that does not tell.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from steelyard.core.errors import UnreadableError, UsageError
from steelyard.evals.tasks.yaml_file import load

_KEY = re.compile(
    rb"^[\"']?(task|group|tag|include|class)[\"']?[ \t]*:[ \t]*(.*?)[ \t]*(?:\s#.*)?\r?$", re.M
)
_GROUP = re.compile(rb"^[\"']?group[\"']?[ \t]*:", re.M)
_PLAIN = re.compile(rb"[A-Za-z0-9_./][^#:\[\]{}&*!|>'\"%@`,]*")
_QUOTED = re.compile(rb"(['\"])([^'\"\\]*)\1")
_LISTED = re.compile(rb"^[ \t]*-[ \t]+([A-Za-z0-9_./-]+)[ \t]*\r?$")
_SKIPPED = frozenset({"__pycache__", ".ipynb_checkpoints"})
_Glance = dict[str, tuple[str, ...]]


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """What can be asked for by name.

    Attributes:
        tasks: File of each task.
        groups: File of each group.
        tags: Names of the tasks that have each tag, sorted.
    """

    tasks: Mapping[str, Path]
    groups: Mapping[str, Path]
    tags: Mapping[str, tuple[str, ...]]

    def names(self) -> Iterator[str]:
        """Yield every name."""
        yield from self.tasks
        yield from self.groups
        yield from self.tags


def root_of(path: Path) -> Path:
    """Return the folder of task files in an lm-eval checkout or package, else the folder itself.

    Raises:
        UsageError: There is no such folder.
    """
    if not path.is_dir():
        raise UsageError(f"no folder '{path}' with tasks", "Name a folder of YAML files")
    inner = (
        path / "lm_eval" / "tasks",
        path / "tasks" if (path / "evaluator.py").is_file() else path,
    )
    return next(folder for folder in (*inner, path) if folder.is_dir())


def index_of(roots: list[Path]) -> Index:
    """Return what the files below some folders define.

    Of two tasks of one name the first in a folder counts, and the later folder wins.

    Args:
        roots: Folders of task files.
    """
    tasks: dict[str, Path] = {}
    groups: dict[str, Path] = {}
    tags: dict[str, set[str]] = {}
    seen: dict[Path, _Glance] = {}
    for root in roots:
        own: dict[str, Path] = {}
        for path in _files(root):
            found = _glance(path, seen, 0)
            kind = "group" if "group" in found and "class" not in found else "task"
            for name in found.get(kind, ())[:1]:
                if name in own:
                    continue
                own[name] = path
                (groups if kind == "group" else tasks)[name] = path
                for tag in found.get("tag", ()) if kind == "task" else ():
                    tags.setdefault(tag, set()).add(name)
    return Index(
        tasks=tasks,
        groups=groups,
        tags={tag: tuple(sorted(names)) for tag, names in tags.items()},
    )


def _files(root: Path) -> list[Path]:
    found = root.glob("**/*.yaml")
    return sorted(path for path in found if not _SKIPPED.intersection(path.parts))


def _glance(path: Path, seen: dict[Path, _Glance], depth: int) -> _Glance:
    """Return the names in a file; nothing where it cannot be read, which a use of it will tell."""
    if path in seen:
        return seen[path]
    seen[path] = {}
    try:
        said = _said(path)
    except (OSError, UnreadableError):
        return {}
    merged: _Glance = {}
    for name in said.pop("include", ()):
        if depth < 16:
            below = path.parent / name
            merged |= _glance(below.resolve() if ".." in name else below, seen, depth + 1)
    seen[path] = {**merged, **said}
    return seen[path]


def _said(path: Path) -> _Glance:
    data = path.read_bytes()
    said: _Glance = {}
    for match in _KEY.finditer(data):
        key, value = match[1].decode(), match[2]
        quoted = _QUOTED.fullmatch(value)
        if quoted:
            said[key] = (quoted[2].decode(),)
        elif _PLAIN.fullmatch(value):
            said[key] = (value.decode(),)
        elif not value and (listed := _list(data[match.end() :])):
            said[key] = listed
        elif key == "class" or (key == "task" and _GROUP.search(data)):
            said[key] = ()
        else:
            return _parsed(path)
    return said


def _list(rest: bytes) -> tuple[str, ...]:
    """Return the items of a plain list that begins on the next line, nothing for any other."""
    items = []
    for line in rest.splitlines()[1:]:
        if not line.strip() or line.lstrip().startswith(b"#"):
            continue
        if not line[:1].isspace() and not line.startswith(b"-"):
            break
        match = _LISTED.fullmatch(line)
        if match is None:
            return ()
        items.append(match[1].decode())
    return tuple(items)


def _parsed(path: Path) -> _Glance:
    said = load(path)
    names = {}
    for key in ("task", "group", "tag"):
        value = said.get(key)
        items = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        texts = tuple(item for item in items if isinstance(item, str))
        if value is not None:
            names[key] = texts
    return names
