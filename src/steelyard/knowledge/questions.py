# SPDX-License-Identifier: Apache-2.0
"""What has to be known of a use: the questions that some licences make matter, and no others."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from steelyard.core.use import Use
from steelyard.knowledge.terms import Licence, Threshold, Trigger

Kind = Literal["yes-no", "figure", "place", "places", "words", "name"]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question about a use.

    Attributes:
        key: Of the use profile.
        kind: Of its answer.
        ask: In words.
        because: Which texts make it matter: ids of licences with sections.
    """

    key: str
    kind: Kind
    ask: str
    because: tuple[str, ...]


Relevant = Callable[[Licence, Use], Iterator[str]]
"""Yields the sections of a licence that make a question matter, given what is known already."""


def questions(licences: Sequence[Licence], use: Use) -> Iterator[Question]:
    """Yield the questions that matter and that a profile does not answer yet, in a good order.

    Args:
        licences: Those of the chain.
        use: What is known already.

    Example:
        >>> from steelyard.knowledge.licence import licence
        >>> [question.key for question in questions([licence("MIT")], Use())]
        ['fine_tune', 'distribute']
    """
    for key, (kind, ask, relevant) in _QUESTIONS.items():
        if getattr(use, key) is not None:
            continue
        because = [_sections(terms, list(relevant(terms, use))) for terms in licences]
        if any(because):
            yield Question(key=key, kind=kind, ask=ask, because=tuple(filter(None, because)))


def _sections(terms: Licence, sections: Sequence[str]) -> str:
    """Return a licence with those of its sections that make a question matter; empty for none."""
    named = ", ".join(dict.fromkeys(filter(None, sections)))
    return " ".join(filter(None, (terms.id, named))) if sections else ""


def _commercial(terms: Licence, _: Use) -> Iterator[str]:
    if terms.facts.commercial.value != "yes" or terms.thresholds:
        yield terms.facts.commercial.section
    yield from _triggered(terms, "commercial")


def _fine_tune(terms: Licence, _: Use) -> Iterator[str]:
    if terms.facts.derivatives.value != "yes":
        yield terms.facts.derivatives.section
    yield from _triggered(terms, "modify", "derivative", "derivative_hosted")


def _distribute(terms: Licence, _: Use) -> Iterator[str]:
    if terms.facts.redistribute.value != "yes":
        yield terms.facts.redistribute.section
    yield from _triggered(terms, "redistribute", "derivative", "train_on_outputs")


def _host(terms: Licence, _: Use) -> Iterator[str]:
    if terms.facts.hosted_service.value != "yes":
        yield terms.facts.hosted_service.section
    yield from _triggered(terms, "hosted", "derivative_hosted")


def _product(terms: Licence, use: Use) -> Iterator[str]:
    if not use.host:  # a service is a product as well
        yield from _triggered(terms, "product")


def _train_others(terms: Licence, _: Use) -> Iterator[str]:
    said = terms.outputs.train_other_models
    if said is not None and said.value not in ("yes", "silent"):
        yield said.section.partition(":")[0].partition(" (")[0]
    yield from _triggered(terms, "train_on_outputs")


def _publish(terms: Licence, _: Use) -> Iterator[str]:
    yield from _triggered(terms, "publication")


def _name(terms: Licence, use: Use) -> Iterator[str]:
    if use.distribute is not False or use.host is not False or use.fine_tune is not False:
        yield from (one.section for one in terms.obligations if one.do == "name_prefix")


def _figure(metric: str, *, at_release: bool = False) -> Relevant:
    """Return what makes a figure matter: a threshold on it that may concern the licensee."""

    def relevant(terms: Licence, use: Use) -> Iterator[str]:
        for threshold in terms.thresholds:
            dated = threshold.at == "version_release_date"
            if threshold.metric == metric and dated == at_release and _concerns(threshold, use):
                released = f" (released {terms.release_date})" if at_release else ""
                yield f"{threshold.section}{released}"

    return relevant


def _concerns(threshold: Threshold, use: Use) -> bool:
    """Tell whether a threshold may concern somebody: some look at commercial use alone."""
    return not (threshold.commercial_alone and use.commercial is False)


def _provider(terms: Licence, use: Use) -> Iterator[str]:
    for threshold in terms.thresholds:
        if threshold.only_if == "runs_model_as_a_service" and _concerns(threshold, use):
            yield threshold.section


def _domicile(terms: Licence, _: Use) -> Iterator[str]:
    yield from (area.section for area in terms.geo if "domicile" in area.by)


def _serves(terms: Licence, use: Use) -> Iterator[str]:
    if use.host is not False or use.distribute is not False:
        yield from (area.section for area in terms.geo if "serves" in area.by)


def _entity(terms: Licence, _: Use) -> Iterator[str]:
    yield from (one.section for one in terms.excluded)
    yield from (area.section for area in terms.geo if area.exempt_entities)


def _field(terms: Licence, _: Use) -> Iterator[str]:
    named = [one for one in terms.field_of_use_barred if one not in ("see_policy", "commercial")]
    if named:
        yield terms.aup.incorporated.section if terms.aup else ""


def _triggered(terms: Licence, *triggers: Trigger) -> Iterator[str]:
    for duty in terms.obligations:
        if set(duty.when) & set(triggers):
            yield duty.section


_QUESTIONS: Mapping[str, tuple[Kind, str, Relevant]] = {
    "commercial": ("yes-no", "Is it for business or for payment?", _commercial),
    "fine_tune": (
        "yes-no",
        "Will the model be changed: fine-tuned, merged, quantised?",
        _fine_tune,
    ),
    "distribute": (
        "yes-no",
        "Will weights be handed on, of it or of what is made from it?",
        _distribute,
    ),
    "host": ("yes-no", "Will it be offered to others as a service?", _host),
    "product": ("yes-no", "Will it be built into a product?", _product),
    "train_others": ("yes-no", "Will another model be trained on its outputs?", _train_others),
    "publish": ("yes-no", "Will something be published about it?", _publish),
    "name": ("name", "Under which name will the result be published?", _name),
    "mau": ("figure", "How many monthly active users are there now?", _figure("mau")),
    "mau_at_release": (
        "figure",
        "How many monthly active users were there in the calendar month before the release?",
        _figure("mau", at_release=True),
    ),
    "dau": ("figure", "How many daily active users are there?", _figure("dau")),
    "revenue_month_usd": (
        "figure",
        "What is the revenue of a month, in US dollars?",
        _figure("revenue_month_usd"),
    ),
    "revenue_year_usd": (
        "figure",
        "What is the revenue of a year, in US dollars?",
        _figure("revenue_year_usd"),
    ),
    "revenue_12_months_usd": (
        "figure",
        "What was the revenue of the last twelve months, in US dollars?",
        _figure("revenue_12_months_usd"),
    ),
    "runs_model_as_a_service": (
        "yes-no",
        "Do you, or an affiliate, sell access to models?",
        _provider,
    ),
    "competes": ("yes-no", "Do you compete with the licensor?", _figure("competes_with_licensor")),
    "domicile": ("place", "Where is the principal place of business (DE, US, EU, ...)?", _domicile),
    "serves": ("places", "Where are those who are served (EU US, or WORLD)?", _serves),
    "entity": (
        "words",
        "What are you: company, nonprofit, university, individual, end_user?",
        _entity,
    ),
    "field": ("words", "In which field is it used, such as health or military?", _field),
}
