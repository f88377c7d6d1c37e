# SPDX-License-Identifier: Apache-2.0
"""Report `json`: the dossier document."""

import msgspec

from steelyard.core.dossier import Dossier
from steelyard.report import Report


def render(dossier: Dossier) -> str:
    """Return the dossier document, indented, with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(dossier), indent=1).decode() + "\n"


JSON = Report(
    id="json",
    title="Dossier document",
    suffix=".json",
    render=render,
    page="""
The whole dossier as one JSON document, schema `steelyard.dossier/1`: the subject, all evidence, the
verdict. It is what other programs read, what the store keeps, and what is signed.
""",
)
