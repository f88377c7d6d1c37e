# SPDX-License-Identifier: Apache-2.0
"""What bills of materials take from a dossier: names on the hub, licences, figures, times."""

import re
import uuid
from collections.abc import Iterator

import msgspec

from steelyard.core.claim import Fact, Gap, Measurement
from steelyard.core.digest import digest_of
from steelyard.core.dossier import Dossier
from steelyard.knowledge.licence import licence, named
from steelyard.report.summary.groups import claims
from steelyard.report.summary.text import as_shape

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_WORDS = re.compile(r"[()]|[^\s()]+")
_OPERATORS = frozenset({"AND", "OR"})
_LONGEST_EXPRESSION = 400  # characters
_HUB = re.compile(r"(?:hf:)?([\w.-]{1,96})/([\w.-]{1,96})(?:@([\w.-]{1,96}))?", re.ASCII)


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """A licence as a bill of materials names it.

    Attributes:
        name: SPDX id where there is one, else the name for people.
        spdx: Whether it is an SPDX id.
        expression: Whether it is an SPDX expression of several ids.
        ref: Our id, where a licence is known; it may stand in a `LicenseRef-`.
        url: Of the text; empty where none is known.
    """

    name: str
    spdx: bool
    ref: str
    url: str = ""
    expression: bool = False


class _Declared(msgspec.Struct, frozen=True, kw_only=True):
    raw: str
    id: str | None = None
    about: str = "model"


class _Architecture(msgspec.Struct, frozen=True, kw_only=True):
    name: str


def chosen(id: str) -> Chosen:
    """Return how a bill names a licence; one that nothing is known of goes by the name it has here."""
    known = licence(id)
    if known is None:
        return Chosen(name=id, spdx=False, ref=id)
    spdx = known.spdx_or_ref or ""
    if spdx and not spdx.startswith("LicenseRef-"):
        return Chosen(name=spdx, spdx=True, ref=known.id)
    url = known.url if known.url.startswith(("https://", "http://")) else ""
    return Chosen(name=known.name, spdx=False, ref=known.id, url=url)


def declared_licences(dossier: Dossier) -> tuple[Chosen, ...]:
    """Return the licences that the subject declares for the model, each once, in order.

    What is only like a known text goes by the words that stand there, never by that licence.
    """
    found: dict[str, Chosen] = {}
    for _, fact in claims(dossier, Fact):
        if fact.name != "licence.declared":
            continue
        said = as_shape(fact.value, _Declared)
        if said is not None and said.about in ("model", "unclear") and (said.id or said.raw):
            one = chosen(said.id) if said.id else _by_words(said.raw)
            found.setdefault(one.name, one)
    return tuple(found.values())


def _by_words(raw: str) -> Chosen:
    """Return how a bill names what is no single known licence: an expression, or the words."""
    words = _WORDS.findall(raw)
    ids = [word if word.upper() in _OPERATORS else _spdx_id(word) for word in words]
    if (
        len(raw) <= _LONGEST_EXPRESSION
        and all(ids)
        and _OPERATORS & {word.upper() for word in words}
    ):
        joined = " ".join(id.upper() if id.upper() in _OPERATORS else id for id in ids)
        expression = joined.replace("( ", "(").replace(" )", ")")
        if _is_sound(expression):
            return Chosen(name=expression, spdx=False, ref=raw, expression=True)
    return Chosen(name=raw, spdx=False, ref=raw)


def _spdx_id(word: str) -> str:
    """Return the SPDX id that a word of an expression stands for; empty where it is none."""
    if word in "()":
        return word
    known = {one.spdx_or_ref or "" for one in named(word)}
    ids = [id for id in known if id.lower() == word.lower() and not id.startswith("LicenseRef-")]
    return ids[0] if ids else ""


def _is_sound(expression: str) -> bool:
    """Tell whether operators and ids alternate, by the grammar of SPDX expressions, annex D."""
    from license_expression import ExpressionError, Licensing  # type: ignore[import-untyped]

    try:
        Licensing().parse(expression)
    except ExpressionError:
        return False
    return True


def architectures(dossier: Dossier) -> tuple[str, ...]:
    """Return the architectures that the metadata of the weights names, each once."""
    named = [
        said.name
        for _, fact in claims(dossier, Fact)
        if fact.name == "footprint.architecture" and (said := as_shape(fact.value, _Architecture))
    ]
    return tuple(dict.fromkeys(named))


def figures(dossier: Dossier) -> Iterator[tuple[str, Measurement]]:
    """Yield parameters and bytes of the weights, with the place they are of."""
    for _, claim in claims(dossier, Measurement):
        if claim.metric in ("footprint.parameters", "footprint.weights"):
            yield claim.where, claim


def performance(dossier: Dossier) -> Iterator[Measurement]:
    """Yield what was measured of the model's behaviour: what an engine ran for."""
    for item in dossier.evidence:
        if item.source.engine is not None and isinstance(item.claim, Measurement):
            yield item.claim


def gaps(dossier: Dossier) -> Iterator[str]:
    """Yield what was not assessed, a line each."""
    for _, gap in claims(dossier, Gap):
        yield ": ".join(filter(None, (gap.name, gap.where, gap.reason)))


def hub_name(name: str) -> tuple[str, str, str] | None:
    """Return owner, name and revision of a model on the hub; None for other names.

    Example:
        >>> hub_name("hf:Qwen/Qwen3-8B@0123abc"), hub_name("my-model")
        (('Qwen', 'Qwen3-8B', '0123abc'), None)
    """
    match = _HUB.fullmatch(name)
    if match is None or name.startswith("."):
        return None
    return match[1], match[2], match[3] or ""


def package_url(name: str) -> str:
    """Return the package URL of a model on the hub; empty for other names.

    Source:
        package-url/purl-spec, type `huggingface`: the version is a commit, in lower case.

    Example:
        >>> package_url("Qwen/Qwen3-8B")
        'pkg:huggingface/Qwen/Qwen3-8B'
    """
    parts = hub_name(name)
    if parts is None:
        return ""
    owner, last, revision = parts
    return f"pkg:huggingface/{owner}/{last}" + (f"@{revision.lower()}" if revision else "")


def seen_at(dossier: Dossier) -> str:
    """Return when the newest evidence was seen, RFC 3339; empty where none says."""
    return max((item.at for item in dossier.evidence if _TIME.fullmatch(item.at)), default="")


def serial(dossier: Dossier, form: str) -> str:
    """Return a UUID of the dossier: the same evidence, judged the same way, gives the same one.

    Args:
        dossier: The dossier.
        form: Of the document, so that two renderings have two numbers.
    """
    what = (form, dossier.subject.digest, [item.id for item in dossier.evidence], dossier.verdict)
    number = digest_of(what).removeprefix("sha256:")[:32]
    return str(uuid.UUID(hex=number, version=5))
