# SPDX-License-Identifier: Apache-2.0
"""Descent by the front matter of model cards: `base_model`, `datasets`, tags.

Source: huggingface/hub-docs, `modelcard.md` and `docs/hub/model-cards.md` ("Specifying a base model").
"""

from collections.abc import Iterator

from steelyard.checks.licence.declared import CardAt
from steelyard.checks.licence.lineage.said import UNREAD, Said, Saying, texts
from steelyard.core.claim import Gap
from steelyard.core.patterns import late
from steelyard.core.probe import place

_NAMES = ("name", "id", "model", "repo", "repo_id", "path")
_BREAKS = frozenset({"broken", "too-long", "too-much"})
_TAG = late(r"(base_model|dataset)s?:(?:(adapter|finetune|merge|quantized):)?([^\s:][^\n]{0,299})")


def card(cards: tuple[CardAt, ...]) -> Saying:
    """Yield the bases and data sets that cards declare."""
    for at in cards:
        yield from _broken(at)
        process = ", ".join(at.card.base_model_relation)
        for name in _named(at, "base_model"):
            yield Said(by="card", raw=name, where=at.at("base_model"), process=process)
        if _held(at, "base_model") and not _named(at, "base_model"):
            reason = "base_model stands in the card, but holds no name of a model"
            yield Gap(name=UNREAD, reason=reason, where=at.at("base_model"))
        for name in _named(at, "datasets"):
            yield Said(
                by="card",
                raw=name,
                where=at.at("datasets"),
                relation="trained_on",
                kind="dataset",
            )


def tags(cards: tuple[CardAt, ...]) -> Saying:
    """Yield what tags say, which the hub makes of a card and other cards copy."""
    for at in cards:
        for tag in at.card.tags:
            match = _TAG.fullmatch(tag)
            if match is None:
                continue
            where = at.at("tags")
            if match[1] == "dataset":
                yield Said(
                    by="tag", raw=match[3], where=where, relation="trained_on", kind="dataset"
                )
            else:
                yield Said(by="tag", raw=match[3], where=where, process=match[2] or "")


def _broken(at: CardAt) -> Iterator[Gap]:
    """Yield the gap of front matter that breaks off: what stands behind the break is not known."""
    for flaw in at.card.flaws:
        if flaw.code in _BREAKS:
            reason = "the front matter of the card breaks off; bases named after that are not known"
            yield Gap(name=UNREAD, reason=reason, where=place(at.part.where, line=flaw.at))
            return


def _named(at: CardAt, field: str) -> list[str]:
    """Return the names in a field, of a key that stands twice those of both values."""
    flat = getattr(at.card, field)
    return list(dict.fromkeys([*flat, *texts(at.card.fields.get(field), *_NAMES)]))


def _held(at: CardAt, field: str) -> bool:
    return at.card.fields.get(field) not in (None, "", [], {})
