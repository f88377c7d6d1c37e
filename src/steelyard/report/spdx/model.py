# SPDX-License-Identifier: Apache-2.0
"""The model, its files, licences, data sets and ancestors as elements of SPDX 3.0.1."""

import re
from collections.abc import Iterator

from steelyard.core.dossier import Dossier
from steelyard.knowledge.licence import licence
from steelyard.report.spdx.elements import Element, Names
from steelyard.report.summary.bom import (
    Chosen,
    architectures,
    chosen,
    declared_licences,
    figures,
    package_url,
    performance,
)
from steelyard.report.summary.lineage import HINT, Descent, Kin, Link, descent

_SHA_256 = re.compile(r"sha256:([0-9a-f]{64})")
_RELATIONSHIPS = {
    "derived_from": "descendantOf",
    "contains": "contains",
    "trained_on": "trainedOn",
}
_LONGEST_REF = 80  # characters of a LicenseRef made of words


def elements(dossier: Dossier, names: Names) -> Iterator[Element]:
    """Yield the elements, the model first; each is named by its number, so that no text can break a name."""
    yield _package(dossier, names)
    yield from _files(dossier, names)
    licences = _Licences(names)
    own = [licences.local(one) for one in declared_licences(dossier)]
    found = descent(dossier)
    kin = list(_kin(found, names, licences)) if found else []
    yield from licences.made
    if own:
        yield names.relationship("declares", "hasDeclaredLicense", "model", own)
    yield from kin


class _Licences:
    """The licences of a document, each one element."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._locals: dict[str, str] = {}
        self.made: list[Element] = []

    def local(self, one: Chosen) -> str:
        """Return the name of a licence's element, which is made when it is first asked for."""
        if one.name not in self._locals:
            local = f"licence-{len(self.made)}"
            self._locals[one.name] = local
            plain = one.spdx or one.expression
            self.made.append(
                self._names.element(
                    "simplelicensing_LicenseExpression",
                    local,
                    simplelicensing_licenseExpression=one.name if plain else _reference(one),
                    comment="" if plain else one.name,
                )
            )
        return self._locals[one.name]


def _reference(one: Chosen) -> str:
    """Return a LicenseRef: that of ScanCode where there is one, else one of our own.

    Source: SPDX 3.0.1, annex B: letters, digits, `-` and `.`.
    """
    known = licence(one.ref)
    if known is not None and known.spdx_or_ref:
        return known.spdx_or_ref
    words = re.sub(r"[^A-Za-z0-9.]+", "-", one.ref[:_LONGEST_REF]).strip("-")
    return f"LicenseRef-steelyard-{words or 'unnamed'}"


def _package(dossier: Dossier, names: Names) -> Element:
    lines = [
        f"{claim.metric}: {claim.value:.0f} {claim.unit if claim.unit != '1' else ''}".rstrip()
        + (f" ({where})" if where else "")
        for where, claim in figures(dossier)
    ]
    return names.element(
        "ai_AIPackage",
        "model",
        name=dossier.subject.name,
        externalIdentifier=[
            {
                "type": "ExternalIdentifier",
                "externalIdentifierType": "other",
                "identifier": dossier.subject.digest,
                "comment": "digest of the manifest of all files, by steelyard",
            }
        ],
        software_primaryPurpose="model",
        software_packageUrl=package_url(dossier.subject.name),
        ai_typeOfModel=list(architectures(dossier)),
        ai_metric=[
            {
                "type": "DictionaryEntry",
                "key": claim.metric,
                "value": f"{claim.value} {claim.unit} ({claim.low} to {claim.high})",
            }
            for claim in performance(dossier)
        ],
        comment="\n".join(lines),
    )


def _files(dossier: Dossier, names: Names) -> Iterator[Element]:
    locals_ = []
    for number, file in enumerate(dossier.subject.artifacts):
        match = _SHA_256.fullmatch(file.digest)
        hashed = [{"type": "Hash", "algorithm": "sha256", "hashValue": match[1]}] if match else []
        locals_.append(f"file-{number}")
        yield names.element(
            "software_File",
            locals_[-1],
            name=file.path,
            verifiedUsing=hashed,
            comment=f"{file.format}, {file.size} bytes",
        )
    if locals_:
        yield names.relationship(
            "contains-files", "contains", "model", locals_, completeness="complete"
        )


def _kin(found: Descent, names: Names, licences: _Licences) -> Iterator[Element]:
    """Yield the ancestors, what they declare, and how they are related."""
    numbered = {"": "model"} | {
        id: f"kin-{number}" for number, id in enumerate(found.kin) if id != ""
    }
    hints = _hints(found)
    for id, kin in found.kin.items():
        if id == "":
            continue
        yield _relative(kin, names, numbered[id], hinted=id in hints)
        if kin.basis == "declared" and kin.licences:
            declared = [licences.local(chosen(one)) for one in kin.licences]
            local = f"{numbered[id]}-declares"
            yield names.relationship(local, "hasDeclaredLicense", numbered[id], declared)
    for number, link in enumerate(link for links in found.links.values() for link in links):
        yield _relationship(link, names, f"link-{number}", numbered)


def _hints(found: Descent) -> frozenset[str]:
    """Return the ids that only hints name: they may not be those of models on the hub."""
    links = [link for links in found.links.values() for link in links]
    sure = {link.parent for link in links if link.strength < HINT}
    return frozenset(link.parent for link in links) - sure


def _relative(kin: Kin, names: Names, local: str, *, hinted: bool) -> Element:
    data = kin.kind == "dataset"
    url = "" if hinted or data or not kin.resolved else package_url(kin.id)
    presumed = kin.terms if kin.basis != "declared" or not kin.resolved else ""
    return names.element(
        "dataset_DatasetPackage" if data else "ai_AIPackage",
        local,
        name=kin.id,
        software_primaryPurpose="data" if data else "model",
        software_packageUrl=url,
        dataset_datasetType=["noAssertion"] if data else [],
        comment=f"Licence: {presumed}" if presumed else "",
    )


def _relationship(link: Link, names: Names, local: str, numbered: dict[str, str]) -> Element:
    return names.relationship(
        local,
        _RELATIONSHIPS.get(link.relation, "other"),
        numbered[link.child],
        [numbered[link.parent]],
        completeness="incomplete",
        comment=f"{link.words}; said by: {link.source}",
    )
