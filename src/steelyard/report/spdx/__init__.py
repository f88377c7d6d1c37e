# SPDX-License-Identifier: Apache-2.0
"""Report `spdx`: a bill of materials in SPDX 3.0.1, as JSON-LD.

Source: SPDX 3.0.1, model and JSON-LD serialisation; AI and Dataset profiles.
"""

import json
from collections.abc import Iterator
from typing import Any

from steelyard import __version__
from steelyard.core.dossier import Dossier
from steelyard.report import Report
from steelyard.report.spdx.elements import CREATION, Element, Names
from steelyard.report.spdx.model import elements
from steelyard.report.summary.bom import gaps, seen_at, serial

_CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_NEVER = "1970-01-01T00:00:00Z"  # the document must have a time; of a dossier without evidence none is known


def render(dossier: Dossier) -> str:
    """Return the bill; no chance and no clock, so that the same dossier gives the same bytes."""
    names = Names(serial(dossier, "spdx"))
    made = list(elements(dossier, names))
    graph = [*_origin(dossier, names), _document(dossier, names, made), *made]
    return json.dumps({"@context": _CONTEXT, "@graph": graph}, indent=1, ensure_ascii=False) + "\n"


def _origin(dossier: Dossier, names: Names) -> Iterator[Element]:
    yield {
        "type": "CreationInfo",
        "@id": CREATION,
        "specVersion": "3.0.1",
        "created": seen_at(dossier) or _NEVER,
        "createdBy": [names.of("agent")],
        "createdUsing": [names.of("tool")],
    }
    yield names.element("SoftwareAgent", "agent", name="steelyard")
    yield names.element("Tool", "tool", name=f"steelyard {__version__}")


def _document(dossier: Dossier, names: Names, made: list[Element]) -> dict[str, Any]:
    verdict = dossier.verdict
    lines = [f"Judged by the policy {verdict.policy}: {verdict.outcome}"]
    lines += [f"Not assessed: {gap}" for gap in gaps(dossier)]
    return names.element(
        "SpdxDocument",
        "document",
        profileConformance=["core", "software", "simpleLicensing"],
        rootElement=[names.of("model")],
        element=[element["spdxId"] for element in made],
        comment="\n".join(lines),
    )


SPDX = Report(
    id="spdx",
    title="SPDX 3.0.1 bill of materials",
    suffix=".spdx.json",
    render=render,
    page="""
A bill of materials in JSON-LD: the model as an `AIPackage` with its files and their SHA-256, the licences
it declares, the data sets it is said to be trained on as `DatasetPackage`, and its ancestors, joined by
relationships (`descendantOf`, `contains`, `trainedOn`, `hasDeclaredLicense`) whose comments say who
says so. Every relationship of descent is marked `incomplete`: more may be true than is written down.

A licence without an SPDX id is a `LicenseRef`. One that is only presumed of an ancestor stands in that
element's comment, never as its declared licence. What was not assessed stands in the comment of the
document.

It uses classes of the AI and Dataset profiles, but does not claim to conform to them: they ask for a
supplier, a release time and a place to download from, which the files do not tell. The same dossier gives the same
bytes.
""",
)
