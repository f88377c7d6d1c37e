# SPDX-License-Identifier: Apache-2.0
"""Read the licence texts that somebody brings: a folder of files, or the data of ScanCode."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

from steelyard.core.errors import UsageError
from steelyard.core.patterns import late
from steelyard.core.texts import LicenceText, LicenceTexts
from steelyard.formats.text import decode

SCANCODE = "scancode"
"""The place that is no folder: the licences of the installed ScanCode, read as data."""

_ENDINGS = frozenset({"", ".license", ".licence", ".md", ".txt"})
_LONGEST = 1 << 20  # bytes
_MOST = 10_000  # files
_FRONT_MATTER = late(r"\A---[ \t]*\n(.*?\n)---[ \t]*\n", re.DOTALL)
_ID = late(r"^(?:id|spdx-id|spdx_license_key|key)[ \t]*:[ \t]*[\"']?([\w.+-]{1,100})", re.MULTILINE)
_SPDX = late(r"^spdx_license_key[ \t]*:[ \t]*([A-Z0-9][\w.+-]{0,100})", re.MULTILINE)


def licence_texts(place: str) -> LicenceTexts:
    """Return the texts of a folder, or of the installed ScanCode.

    The id of a text is what its front matter says after `id`, else the stem of the file's name.

    Args:
        place: A folder, whose own folders are not looked into, or the word `scancode`.

    Raises:
        UsageError: There is no such folder, or no text in it.
    """
    if place == SCANCODE:
        folder, origin = _scancode()
    else:
        folder, origin = Path(place), Path(place).resolve().name
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _ENDINGS)
        texts = tuple(_texts(paths[:_MOST]))
    except OSError as error:
        raise UsageError(
            f"cannot read the licence texts in {str(folder)!r}: {error.strerror}",
            hint="name a folder that holds one file for each licence",
        ) from error
    if not texts:
        raise UsageError(
            f"there is no licence text in {place!r}",
            hint="name each file for the id of its licence, such as llama-3.1.txt",
        )
    return LicenceTexts(origin=origin, texts=texts)


def _texts(paths: list[Path]) -> Iterator[LicenceText]:
    for path in paths:
        if not path.is_file() or path.stat().st_size > _LONGEST:
            continue
        text, _ = decode(path.read_bytes())
        front = _FRONT_MATTER.match(text)
        named = (_SPDX.search(front[1]) or _ID.search(front[1])) if front else None
        body = text[front.end() :] if front else text
        if body.strip() and "\0" not in body:
            yield LicenceText(id=named[1] if named else path.stem, path=path.name, text=body)


def _scancode() -> tuple[Path, str]:
    """Return where the licences of ScanCode lie, and its name with its version; nothing is imported."""
    found = importlib.util.find_spec("licensedcode")
    for folder in (found.submodule_search_locations if found else None) or ():
        data = Path(folder) / "data" / "licenses"
        if data.is_dir():
            return data, f"ScanCode {_version()}"
    raise UsageError(
        "ScanCode's licence data is not installed",
        hint="pip install --no-deps scancode-toolkit-mini brings it, or name a folder",
    )


def _version() -> str:
    import importlib.metadata

    for name in ("scancode-toolkit-mini", "scancode-toolkit"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "of unknown version"
