# SPDX-License-Identifier: Apache-2.0
"""Report `cyclonedx`: a bill of materials for machine learning, CycloneDX 1.6 in JSON.

Source: CycloneDX 1.6 (ECMA-424), `bom-1.6.schema.json`; the Machine Learning Bill of Materials.
"""

import json
from typing import Any

from steelyard import __version__
from steelyard.core.dossier import Dossier
from steelyard.report import Report
from steelyard.report.cyclonedx.model import data_sets, model_ref, subject
from steelyard.report.summary.bom import gaps, seen_at, serial
from steelyard.report.summary.lineage import descent

_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"


def render(dossier: Dossier) -> str:
    """Return the bill; no chance and no clock, so that the same dossier gives the same bytes."""
    bill = {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial(dossier, 'cyclonedx')}",
        "version": 1,
        "metadata": _metadata(dossier),
        "components": data_sets(dossier),
        "compositions": _compositions(dossier),
    }
    return json.dumps(bill, indent=1, ensure_ascii=False) + "\n"


def _metadata(dossier: Dossier) -> dict[str, Any]:
    verdict = dossier.verdict
    said = [
        ("steelyard:policy", verdict.policy),
        ("steelyard:outcome", str(verdict.outcome)),
        *(("steelyard:not-assessed", gap) for gap in gaps(dossier)),
    ]
    at = seen_at(dossier)
    tool = {"type": "application", "name": "steelyard", "version": __version__}
    return {
        **({"timestamp": at} if at else {}),
        "tools": {"components": [tool]},
        "component": subject(dossier),
        "properties": [{"name": name, "value": value} for name, value in said],
    }


def _compositions(dossier: Dossier) -> list[dict[str, Any]]:
    """Return how complete the bill is: the files are all there, descent never surely is."""
    known = "incomplete" if descent(dossier) else "unknown"
    return [{"aggregate": known, "assemblies": [model_ref(dossier)]}]


CYCLONEDX = Report(
    id="cyclonedx",
    title="CycloneDX 1.6 bill of materials",
    suffix=".cdx.json",
    render=render,
    page="""
A bill of materials for tools that keep one (Dependency-Track, OWASP tools, registries): the model as a
component of type `machine-learning-model` with its files and their SHA-256, the licences it
declares, a model card with architecture and what was measured of its behaviour, the data sets it is
said to be trained on, and its ancestors as `pedigree`.

A licence with an SPDX id is named by it, any other by its name. A licence that is only presumed of an
ancestor is a property (`steelyard:licence.presumed`), never its licence. Who says that an ancestor is
one, and how strong that source is, are properties too; so is what was not assessed. Models whose
outputs it was trained on are no ancestors in the sense of a pedigree, and stand as properties.
`compositions` says that descent is known in part, or not at all.

Findings are not in it: `sarif` holds those. The same dossier gives the same bytes; its serial number is
made of the evidence. SHA-1 and other weak digests are not in it, for nobody computed them.
""",
)
