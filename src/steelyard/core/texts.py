# SPDX-License-Identifier: Apache-2.0
"""Texts of licences that somebody brings along, to compare with."""

import msgspec


class LicenceText(msgspec.Struct, frozen=True, kw_only=True):
    """One text.

    Attributes:
        id: Of the licence whose text it is.
        path: Where it was read, for people; relative to what was brought.
        text: The whole text.
    """

    id: str
    path: str
    text: str


class LicenceTexts(msgspec.Struct, frozen=True, kw_only=True):
    """The texts that somebody brought.

    Attributes:
        origin: What they are called: the name of a folder, or a package with its version.
        texts: In the order of their paths.
    """

    origin: str
    texts: tuple[LicenceText, ...]
