# SPDX-License-Identifier: Apache-2.0
"""Renderings of a dossier: one module each; a report opens no file and runs no probe."""

from collections.abc import Callable

import msgspec

from steelyard.core.dossier import Dossier


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A rendering, found by a scan of the folder.

    Attributes:
        id: One word, lower case: what `--as` takes.
        title: Name for people.
        suffix: Of files of this kind, such as `.html`.
        render: Returns the document as text; the same dossier gives the same text.
        page: Manual page, Markdown: who reads it, and where.
        render_in: As `render`, for forms whose paths lead into a repository: given the model's folder
            in it, with `/`, empty for its root.
    """

    id: str
    title: str
    suffix: str
    render: Callable[[Dossier], str]
    page: str
    render_in: Callable[[Dossier, str], str] | None = None
