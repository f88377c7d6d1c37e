# SPDX-License-Identifier: Apache-2.0
"""Which files of the subject hold the text of a licence: evidence holds places and digests, no texts."""

from collections.abc import Iterator

import msgspec

from steelyard.core.claim import Fact
from steelyard.core.dossier import Dossier
from steelyard.knowledge.licence import licence
from steelyard.report.summary.groups import claims
from steelyard.report.summary.text import as_shape, shown


class _Declared(msgspec.Struct, frozen=True, kw_only=True):
    by: str
    text: str
    candidates: tuple[str, ...] = ()


def licence_files(dossier: Dossier, id: str) -> Iterator[str]:
    """Yield a line for each place that holds the text of a licence: where, and how like the known text.

    Args:
        dossier: What was seen.
        id: Of the licence, as `steelyard explain` knows it.
    """
    digests = {file.path: file.digest for file in dossier.subject.artifacts}
    for _, fact in claims(dossier, Fact):
        said = as_shape(fact.value, _Declared) if fact.name == "licence.declared" else None
        if said is None or id not in said.candidates or said.text not in _LIKE:
            continue
        path = fact.where.partition("!")[0]
        digest = digests.get(path, digests.get(path.rpartition(" ")[0], ""))
        parts = (f"the text stands in {fact.where}", _LIKE[said.text], digest)
        yield shown(", ".join(filter(None, parts)))


def where_to_get(id: str) -> str:
    """Return what to do where no file of the subject holds the text of a licence."""
    terms = licence(id)
    known = terms is not None and terms.url.startswith(("https://", "http://"))
    source = f" from {terms.url}" if terms is not None and known else ""
    return shown(f"no file that was looked at holds this text: get it{source} and put it there")


_LIKE = {"exact": "word for word", "variant": "with words that differ: compare it first"}
