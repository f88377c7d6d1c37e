# SPDX-License-Identifier: Apache-2.0
"""Which model a name means: an id, a folder of the subject, or a path on somebody's machine."""

import posixpath
import re
from collections.abc import Set as AbstractSet

import msgspec

from steelyard.core.patterns import late

LONGEST = 300  # characters of a name that are kept

_HUB = late(
    r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/(?:datasets/|models/)?|hf(?:://|:)",
    re.IGNORECASE,
)
_CACHED = late(r"(?:.*[/\\])?(?:models|datasets)--([\w.-]{1,96}?)(?:--([\w.-]{1,96}))?(?:[/\\].*)?")
_ID = late(r"[\w.-]{1,96}(?:/[\w.-]{1,96})?")
_IN_A_REPOSITORY = late(r"/(?:tree|blob|resolve|raw)/.*$")
_LOCAL = late(
    r"(?:\.{1,2}|checkpoints?|ckpts?|data|home|mnt|models?|outputs?|out|results?|root|runs?|tmp|workspace)/"
    r"|.*/checkpoint-\d+$"
    r"|.*\.(?:bin|ckpt|gguf|pth?|safetensors)$",
    re.IGNORECASE,
)


class Name(msgspec.Struct, frozen=True):
    """What a name means.

    Attributes:
        id: `organisation/name`, `./folder` of the subject, or the path as written; empty where it is
            the subject itself.
        resolved: Whether it names something; a path on the maker's machine does not.
        inside: Whether it is a folder of the subject.
    """

    id: str
    resolved: bool
    inside: bool = False


def meant(raw: str, where: str, folders: AbstractSet[str]) -> Name:
    r"""Return what a name means.

    Loaders look for a folder first, and so does this; of a path into the hub's cache it takes the id.

    Args:
        raw: As written, without spaces at its ends.
        where: Place at which it is written.
        folders: Paths of the subject's folders.

    Example:
        >>> meant("https://huggingface.co/Qwen/Qwen3-8B/tree/main", "README.md", frozenset()).id
        'Qwen/Qwen3-8B'
        >>> meant("D:\\hub\\models--a--b\\snapshots\\0", "README.md", frozenset()).id
        'a/b'
        >>> meant("../base", "adapter/adapter_config.json", {"adapter", "base"}).id
        './base'
    """
    raw = raw[: 4 * LONGEST]
    beside = posixpath.dirname(where.partition("!")[0].partition(" ")[0])
    path = posixpath.normpath(posixpath.join(beside, raw)) if raw else ""
    if path == ".":
        return Name("", resolved=True)
    if path in folders:
        return Name(f"./{path}"[:LONGEST], resolved=True, inside=True)
    if cached := _CACHED.fullmatch(raw):
        return Name("/".join(filter(None, cached.groups())), resolved=True)
    id = _HUB.sub("", raw, count=1).rstrip("/") if _HUB.match(raw) else raw.rstrip("/")
    id = _IN_A_REPOSITORY.sub("", id).partition("@")[0]
    resolved = _ID.fullmatch(id) is not None and not _LOCAL.match(id) and id.strip(".") != ""
    return Name(id[:LONGEST] or raw[:LONGEST], resolved=resolved)
