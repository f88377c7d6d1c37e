# SPDX-License-Identifier: Apache-2.0
"""The ancestors of a model as components of CycloneDX."""

from collections.abc import Iterable, Iterator
from typing import Any

from steelyard.report.summary.bom import chosen, hub_name, package_url
from steelyard.report.summary.lineage import HINT, Descent, Link

_DEPTH = 24  # of pedigrees within each other; readers of JSON have bounds too


def pedigree(found: Descent) -> dict[str, Any]:
    """Return the ancestors that the model was derived from, each with its own; empty without any.

    A model that is an ancestor by several ways, or of itself, has its ancestors only where it comes
    first.
    """
    return _pedigree(found, "", {""}, 0)


def contained(found: Descent) -> list[dict[str, Any]]:
    """Return the models that the model contains, each with what that was derived from."""
    seen = {""}
    links = [link for link in found.links.get("", ()) if link.relation == "contains"]
    return [_component(found, link, seen, 0) for link in links]


def data_ref(id: str) -> str:
    """Return the reference by which the bill speaks of a data set."""
    return f"data:{id}"


def properties(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Return names and values as properties."""
    return [{"name": name, "value": value} for name, value in pairs]


def _pedigree(found: Descent, id: str, seen: set[str], depth: int) -> dict[str, Any]:
    links = [link for link in found.links.get(id, ()) if link.relation == "derived_from"]
    if not links or depth >= _DEPTH:
        return {}
    ancestors = [_component(found, link, seen, depth + 1) for link in links]
    notes = "; ".join(f"{link.words} {link.parent} ({link.source})" for link in links)
    return {"ancestors": ancestors, "notes": notes}


def _component(found: Descent, link: Link, seen: set[str], depth: int) -> dict[str, Any]:
    kin = found.kin[link.parent]
    first = link.parent not in seen
    seen.add(link.parent)
    named = link.strength < HINT and kin.resolved
    owner, last, _ = hub_name(link.parent) or ("", link.parent, "")
    url = package_url(link.parent) if named else ""
    own = _pedigree(found, link.parent, seen, depth) if first else {}
    licences = [{"license": _named(id)} for id in kin.licences] if kin.basis == "declared" else []
    return {
        "type": "machine-learning-model",
        **({"group": owner} if owner else {}),
        "name": last or "this model",
        **({"licenses": licences} if licences else {}),
        **({"purl": url} if url else {}),
        **({"pedigree": own} if own else {}),
        "properties": properties(_told(found, link)),
    }


def _named(id: str) -> dict[str, str]:
    named = chosen(id)
    key = "id" if named.spdx else "name"
    return {key: named.name, "acknowledgement": "declared"}


def _told(found: Descent, link: Link) -> Iterator[tuple[str, str]]:
    kin = found.kin[link.parent]
    yield "steelyard:relation", link.words
    yield "steelyard:source", link.source
    yield "steelyard:strength", str(link.strength)
    yield "steelyard:kind", kin.kind
    if not kin.resolved:
        yield "steelyard:unresolved", "a path on the maker's machine, not the name of a model"
    if kin.basis == "presumed":
        for id in kin.licences:
            yield "steelyard:licence.presumed", chosen(id).name
    elif kin.basis == "unknown":
        yield "steelyard:licence", "not known"
