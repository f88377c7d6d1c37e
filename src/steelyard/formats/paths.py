# SPDX-License-Identifier: Apache-2.0
"""Paths of members: where they would land when an archive is unpacked."""

_LONG = 1024  # characters of a name that are shown


def escapes(name: bytes) -> bool:
    """Tell whether a path leads outside the folder it is unpacked to, on any system.

    Example:
        >>> escapes(b"a/../../b"), escapes(b"c:x"), escapes(b"./a/../b")
        (True, True, False)
    """
    path = name.partition(b"\0")[0].replace(b"\\", b"/")
    if path.startswith(b"/") or (path[1:2] == b":" and path[:1].isalpha()):
        return True
    depth = 0
    for component in path.split(b"/"):
        if component == b"..":
            depth -= 1
        elif component not in (b"", b"."):
            depth += 1
        if depth < 0:
            return True
    return False


def lands_outside(link: bytes, target: bytes) -> bool:
    """Tell whether a symbolic link points outside the folder it is unpacked to.

    Args:
        link: Path of the link.
        target: What it points to, from the folder that it lies in.

    Example:
        >>> lands_outside(b"a/b", b"../c"), lands_outside(b"a/b", b"../../c")
        (False, True)
    """
    folder = link.replace(b"\\", b"/").rpartition(b"/")[0]
    return escapes(target) if not folder or _absolute(target) else escapes(folder + b"/" + target)


def _absolute(path: bytes) -> bool:
    return path[:1] in (b"/", b"\\") or path[1:2] == b":"


def printable(name: bytes) -> str:
    """Return a name as text: cut where it is absurdly long, what cannot be printed as escapes."""
    return shown(name.decode("utf-8", "backslashreplace"))


def shown(text: str) -> str:
    """Return a text in one line: cut where it is absurdly long, unprintable characters as escapes."""
    if len(text) > _LONG:
        text = f"{text[:_LONG]}..."
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def elsewhere(path: str) -> bool:
    """Tell whether a path is an address, or leads out of the folder."""
    return "://" in path or path.startswith("~") or escapes(path.encode("utf-8", "replace"))
