# SPDX-License-Identifier: Apache-2.0
"""Where the packages come from that a model asks to have installed."""

import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

# Compiled when first needed: most models have no requirements.
_OPTION = (
    r"(?P<name>--index-url|--extra-index-url|--find-links|--trusted-host|-i|-f|--editable|-e"
    r"|--requirement|--constraint|-r|-c)(?:[ =]\s*|(?<=-[ifrc])(?=\S))(?P<value>\S+)"
)
_DIRECT = r"[A-Za-z0-9][\w.-]*\s*(?:\[[^\]]*\])?\s*@\s*(?P<url>\S+)"
_SCHEME = r"(?i)^(?:git|hg|svn|bzr)\+|^(?:https?|ftp|file|ssh|git)://|^git@"
_PATH = r"^(?:\.{0,2}/|[A-Za-z]:\\|~)|\.(?:whl|tar\.gz|zip|tgz)$"
_HOST = r"(?:\w+\+)?\w+://(?:[^/@]*@)?(?P<host>[^/:?#]+)"
_NEEDED = r"dependencies|/sources/|packages|requires"
_LONGEST = 2_000  # characters of a line that are looked at
_KNOWN_HOSTS = frozenset(
    {
        "pypi.org",
        "files.pythonhosted.org",
        "download.pytorch.org",
        "pypi.nvidia.com",
        "pypi.ngc.nvidia.com",
        "data.pyg.org",
        "repo.anaconda.com",
        "conda.anaconda.org",
    }
)

Kind = Literal["index", "untrusted", "direct", "local"]
"""`index`: another package index; `untrusted`: a host whose certificate is not checked; `direct`: a
package straight from an address; `local`: a package from a file of this folder or machine."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a package would come from, other than the usual index.

    Attributes:
        kind: What it is.
        value: Address or path as it is written.
        line: Line it is on, from 1; 0 where there are no lines.
        pointer: JSON pointer to it; empty where there are lines.
    """

    kind: Kind
    value: str
    line: int = 0
    pointer: str = ""


def is_requirements(name: str) -> bool:
    """Tell by its name whether a text is a requirements or constraints file of pip."""
    last = name.replace("!", "/").rpartition("/")[2].lower()
    folder = name.replace("!", "/").rpartition("/")[0].rpartition("/")[2].lower()
    if not last.endswith((".txt", ".in", ".pip")):
        return False
    return "requirement" in last or "constraint" in last or folder == "requirements"


def origins_of_lines(text: str) -> Iterator[Origin]:
    r"""Yield the origins of a requirements file; lines that end in `\` are joined.

    Source:
        pip 25, requirements file format; PEP 508.
    """
    joined, start = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        start = start if joined else number
        joined += line[:_LONGEST]
        if joined.endswith("\\") and len(joined) < _LONGEST:
            joined = joined[:-1] + " "
            continue
        yield from (_at(origin, start) for origin in origins_of_line(joined))
        joined = ""


def origins_of_line(line: str) -> Iterator[Origin]:
    """Yield the origins of one line."""
    line = re.sub(r"(?:^|\s)#.*", "", line).strip()
    if line.startswith("-"):
        for option in re.finditer(_OPTION, line):
            yield from _of_option(option["name"], option["value"])
        return
    found = re.match(_DIRECT, line)
    first = found["url"] if found else (line.split() or [""])[0]
    if re.search(_SCHEME, first):
        yield Origin(kind="direct", value=first)
    elif re.search(_PATH, first):
        yield Origin(kind="local", value=first)


def origins_of_project(project: dict[str, Any]) -> Iterator[Origin]:
    """Yield the origins of a `pyproject.toml` or `Pipfile`.

    Source:
        PEP 621; uv, `tool.uv.index` and `tool.uv.sources`; poetry and pipenv, `source`.
    """
    stack: list[tuple[str, Any]] = [("", project)]
    while stack:
        pointer, value = stack.pop()
        if isinstance(value, dict):
            stack += [(f"{pointer}/{key}", value[key]) for key in reversed(value)]
        elif isinstance(value, list):
            stack += [(f"{pointer}/{index}", item) for index, item in enumerate(value)][::-1]
        elif isinstance(value, str):
            yield from (_point(origin, pointer) for origin in _of_setting(pointer, value))


def origins_of_environment(document: object) -> Iterator[Origin]:
    """Yield the origins of a conda `environment.yml`."""
    if not isinstance(document, dict):
        return
    channels = document.get("channels")
    for index, channel in enumerate(channels if isinstance(channels, list) else []):
        if isinstance(channel, str) and "://" in channel and not _is_known(channel):
            yield Origin(kind="index", value=channel, pointer=f"/channels/{index}")
    needed = document.get("dependencies")
    for index, entry in enumerate(needed if isinstance(needed, list) else []):
        lines = entry.get("pip") if isinstance(entry, dict) else None
        for position, line in enumerate(lines if isinstance(lines, list) else []):
            pointer = f"/dependencies/{index}/pip/{position}"
            yield from (_point(origin, pointer) for origin in origins_of_line(str(line)))


def _of_option(name: str, value: str) -> Iterator[Origin]:
    if name == "--trusted-host":
        yield Origin(kind="untrusted", value=value)
    elif name in ("-e", "--editable", "-r", "--requirement", "-c", "--constraint"):
        if re.search(_SCHEME, value):
            yield Origin(kind="direct", value=value)
    elif not _is_known(value):
        local = name in ("-f", "--find-links") and "://" not in value
        yield Origin(kind="local" if local else "index", value=value)


def _of_setting(pointer: str, value: str) -> Iterator[Origin]:
    key = pointer.rpartition("/")[2]
    above = pointer.lower()
    if re.search(r"/(?:index|source|extra-index-url|find-links)(?:/\d+)?(?:/url)?$", above):
        if "://" in value and not _is_known(value):
            yield Origin(kind="index", value=value)
    elif re.search(_NEEDED, above) and (key in ("git", "url") or key.isdigit()):
        found = re.match(_DIRECT, value)
        if found or not key.isdigit():
            yield Origin(kind="direct", value=found["url"] if found else value)


def _is_known(address: str) -> bool:
    found = re.match(_HOST, address)
    host = found["host"].lower() if found else ""
    return host in _KNOWN_HOSTS and address.lower().startswith("https://")


def _at(origin: Origin, line: int) -> Origin:
    return msgspec.structs.replace(origin, line=line)


def _point(origin: Origin, pointer: str) -> Origin:
    return msgspec.structs.replace(origin, pointer=pointer)
