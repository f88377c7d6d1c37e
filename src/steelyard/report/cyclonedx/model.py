# SPDX-License-Identifier: Apache-2.0
"""The model and its data sets as components of CycloneDX."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from steelyard.core.dossier import Dossier
from steelyard.core.subject import Artifact
from steelyard.report.cyclonedx.kin import contained, data_ref, pedigree, properties
from steelyard.report.summary.bom import (
    Chosen,
    architectures,
    declared_licences,
    figures,
    hub_name,
    package_url,
    performance,
)
from steelyard.report.summary.lineage import Descent, descent

_SHA_256 = re.compile(r"sha256:([0-9a-f]{64})")


def subject(dossier: Dossier) -> dict[str, Any]:
    """Return the model, its files within it."""
    found = descent(dossier)
    name = dossier.subject.name
    owner, last, revision = hub_name(name) or ("", name, "")
    url = package_url(name)
    licences = _licences(declared_licences(dossier))
    parts = [*map(_file, dossier.subject.artifacts), *(contained(found) if found else ())]
    return {
        "type": "machine-learning-model",
        "bom-ref": model_ref(dossier),
        **({"group": owner} if owner else {}),
        "name": last,
        **({"version": revision} if revision else {}),
        **({"hashes": _hashes(dossier.subject.artifacts[0])} if _is_one_file(dossier) else {}),
        **({"licenses": licences} if licences else {}),
        **({"purl": url} if url else {}),
        **({"pedigree": made} if found and (made := pedigree(found)) else {}),
        **({"components": parts} if parts else {}),
        "modelCard": _card(dossier, found),
        "properties": properties(_told(dossier, found)),
    }


def model_ref(dossier: Dossier) -> str:
    """Return the reference by which the bill speaks of the model."""
    return f"model:{dossier.subject.digest}"


def data_sets(dossier: Dossier) -> list[dict[str, Any]]:
    """Return the data sets that the model or an ancestor is said to be trained on, each once."""
    found = descent(dossier)
    if found is None:
        return []
    ids = [
        link.parent
        for links in found.links.values()
        for link in links
        if link.relation == "trained_on"
    ]
    return [
        {
            "type": "data",
            "bom-ref": data_ref(id),
            "name": id,
            "data": [{"type": "dataset", "name": id}],
        }
        for id in dict.fromkeys(ids)
    ]


def _licences(declared: Sequence[Chosen]) -> list[dict[str, Any]]:
    """Return the licences; an expression may only stand alone, else it is the name of one."""
    if len(declared) == 1 and declared[0].expression:
        return [{"expression": declared[0].name, "acknowledgement": "declared"}]
    return [
        {
            "license": {
                "id" if one.spdx else "name": one.name,
                "acknowledgement": "declared",
                **({"url": one.url} if one.url else {}),
            }
        }
        for one in declared
    ]


def _file(file: Artifact) -> dict[str, Any]:
    return {
        "type": "file",
        "bom-ref": f"file:{file.path}",
        "name": file.path,
        "hashes": _hashes(file),
        "properties": properties(
            [("steelyard:format", file.format), ("steelyard:bytes", str(file.size))]
        ),
    }


def _hashes(file: Artifact) -> list[dict[str, str]]:
    match = _SHA_256.fullmatch(file.digest)
    return [{"alg": "SHA-256", "content": match[1]}] if match else []


def _is_one_file(dossier: Dossier) -> bool:
    return len(dossier.subject.artifacts) == 1


def _card(dossier: Dossier, found: Descent | None) -> dict[str, Any]:
    """Return the model card: only what evidence holds."""
    named = architectures(dossier)
    own = found.links.get("", ()) if found else ()
    data = [{"ref": data_ref(link.parent)} for link in own if link.relation == "trained_on"]
    parameters = {
        **({"modelArchitecture": ", ".join(named)} if named else {}),
        **({"datasets": data} if data else {}),
    }
    metrics = [
        {
            "type": claim.metric,
            "value": str(claim.value),
            **({"slice": claim.where} if claim.where else {}),
            "confidenceInterval": {"lowerBound": str(claim.low), "upperBound": str(claim.high)},
        }
        for claim in performance(dossier)
    ]
    return {
        **({"modelParameters": parameters} if parameters else {}),
        **({"quantitativeAnalysis": {"performanceMetrics": metrics}} if metrics else {}),
    }


def _told(dossier: Dossier, found: Descent | None) -> Iterator[tuple[str, str]]:
    yield "steelyard:digest", dossier.subject.digest
    if found is not None:
        yield "steelyard:kind", found.kin[""].kind
        for link in found.links.get("", ()):
            if link.relation == "trained_on_outputs_of":
                yield "steelyard:trained-on-outputs-of", f"{link.parent} ({link.source})"
    for where, claim in figures(dossier):
        of = f" ({where})" if where else ""
        unit = "" if claim.unit == "1" else f" {claim.unit}"
        yield f"steelyard:{claim.metric}", f"{claim.value:.0f}{unit}{of}"
