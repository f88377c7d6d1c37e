# SPDX-License-Identifier: Apache-2.0
"""Write a file's name, whatever bytes it is made of, as text for evidence and terminals."""

import os

_STEERING = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_ESCAPES = {
    **{byte: f"\\x{byte:02x}" for byte in (*range(0x20), 0x21, 0x7F)},
    **{code: f"\\u{code:04x}" for code in (*range(0x80, 0xA0), *_STEERING)},
    0x5C: "\\\\",
}


def shown(name: str) -> str:
    r"""Return a file name as text that stands for itself in a `where` and steers no terminal.

    What is no UTF-8, a control character and `!` are written `\xNN`, control and direction
    characters beyond ASCII `\uNNNN`, a backslash twice; so no two names give the same text.

    Example:
        >>> shown("model\n!v1.bin")
        'model\\x0a\\x21v1.bin'
    """
    if name.isascii() and name.isprintable() and "!" not in name and "\\" not in name:
        return name
    return os.fsencode(name.translate(_ESCAPES)).decode("utf-8", "backslashreplace")
