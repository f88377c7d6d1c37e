# SPDX-License-Identifier: Apache-2.0
"""Limits on who, where and for what: thresholds, territory, fields, and whom a text excludes."""

from collections.abc import Iterator, Mapping

from steelyard.checks.licence.use.found import Condition, Reason, Situation
from steelyard.core.use import Use
from steelyard.knowledge.licence_page import threshold_words
from steelyard.knowledge.terms import Licence, Territory, Threshold
from steelyard.knowledge.territory import meet

Limit = Reason | Condition
_AT_LEAST: Mapping[str, str] = {
    "mau": "dau",
    "revenue_year_usd": "revenue_month_usd",
    "revenue_12_months_usd": "revenue_month_usd",
}
"""A figure that cannot be smaller than another one: who comes daily comes monthly."""


def thresholds(terms: Licence, situation: Situation) -> Iterator[Limit]:
    """Yield what the thresholds of a text come to, but those that only bring a duty."""
    for threshold in terms.thresholds:
        if threshold.effect != "display_required" and _concerns(threshold, situation.use):
            yield from _threshold(terms, threshold, situation.use)


def display_due(terms: Licence, situation: Situation) -> tuple[bool, tuple[Condition, ...]]:
    """Return whether a figure is over a threshold that brings the duty to display, and what is open."""
    open_ones = []
    for threshold in terms.thresholds:
        if threshold.effect == "display_required" and _concerns(threshold, situation.use):
            is_over = over(threshold, situation.use)
            if is_over:
                return True, ()
            open_ones.append(_watch(terms, threshold, is_open=is_over is None))
    return False, tuple(open_ones)


def territory(terms: Licence, situation: Situation) -> Iterator[Limit]:
    """Yield what the territory of a text comes to."""
    for area in terms.geo:
        yield from _area(terms, area, situation)


def fields(terms: Licence, situation: Situation) -> Iterator[Limit]:
    """Yield what a text says of the fields somebody works in."""
    section = terms.aup.incorporated.section if terms.aup else ""
    for field in situation.use.field or ():
        if field in terms.field_of_use_barred:
            yield Reason(
                may="no",
                topic="field",
                licence=terms.id,
                section=section,
                why=f"the text bars the field {_plain(field)}",
            )
            continue
        near = [one for one in terms.field_of_use_barred if _alike(field, one)]
        if near:
            text = f"the field {_plain(field)} stays clear of {', '.join(map(_plain, near))}"
            yield Condition(name="field", licence=terms.id, section=section, text=text)


def over(threshold: Threshold, use: Use) -> bool | None:
    """Tell whether somebody is over a threshold; None where the figures do not tell.

    Over is strictly more; with `inclusive`, just so much too.
    """
    if threshold.metric == "competes_with_licensor":
        return use.competes
    if threshold.at == "version_release_date":
        then = use.mau_at_release if threshold.metric == "mau" else None
        return None if then is None else _exceeds(then, threshold)
    value: float | None = getattr(use, threshold.metric)
    if value is not None:
        return _exceeds(value, threshold)
    least: float | None = getattr(use, _AT_LEAST.get(threshold.metric, ""), None)
    return True if least is not None and _exceeds(least, threshold) else None


def _threshold(terms: Licence, threshold: Threshold, use: Use) -> Iterator[Limit]:
    is_over = over(threshold, use)
    if is_over and threshold.only_if and _applies(threshold, use) is None:
        why = f"over a threshold that holds only if: {_plain(threshold.only_if)}; not known"
        yield _reason(terms, threshold, why, "unknown")
    elif is_over:
        commercial_only = threshold.effect == "commercial_barred" and use.commercial is None
        why = threshold_words(threshold)
        if commercial_only:
            yield _reason(terms, threshold, f"{why}; commercial or not is not known", "unknown")
        else:
            yield _reason(terms, threshold, why, "no")
    elif is_over is None and _now_over(threshold, use):
        why = (
            "over the threshold today; the figure of the month before the release,"
            " which counts, is not known"
        )
        yield _reason(terms, threshold, why, "unknown")
    else:
        yield _watch(terms, threshold, is_open=is_over is None)


def _concerns(threshold: Threshold, use: Use) -> bool:
    """Tell whether a threshold may concern somebody at all."""
    if threshold.commercial_alone and use.commercial is False:
        return False
    return _applies(threshold, use) is not False


def _applies(threshold: Threshold, use: Use) -> bool | None:
    """Tell whether the further condition of a threshold holds; None where nobody said."""
    if threshold.only_if == "runs_model_as_a_service":
        return use.runs_model_as_a_service
    return None if threshold.only_if else True


def _now_over(threshold: Threshold, use: Use) -> bool:
    now = use.mau if use.mau is not None else use.dau
    dated = threshold.at == "version_release_date" and threshold.metric == "mau"
    return dated and now is not None and _exceeds(now, threshold)


def _exceeds(value: float, threshold: Threshold) -> bool:
    return value > threshold.over or (threshold.inclusive and value == threshold.over)


def _watch(terms: Licence, threshold: Threshold, *, is_open: bool) -> Condition:
    return Condition(
        name="threshold",
        licence=terms.id,
        section=threshold.section,
        text=threshold_words(threshold),
        open=is_open,
    )


def _reason(terms: Licence, threshold: Threshold, why: str, may: str) -> Reason:
    return Reason(
        may="no" if may == "no" else "unknown",
        topic="threshold",
        licence=terms.id,
        section=threshold.section,
        why=why,
    )


def _area(terms: Licence, area: Territory, situation: Situation) -> Iterator[Limit]:
    use = situation.use
    if area.applies_to == "multimodal" and situation.multimodal is False:
        return
    barred = ", ".join(area.barred)
    known: list[tuple[str, bool | None]] = []
    if "domicile" in area.by:
        home = None if use.domicile is None else meet(use.domicile, area.barred)
        known.append((f"at home in {use.domicile}", home))
    if "serves" in area.by and (use.serves is not None or use.host or use.distribute):
        served = use.serves
        hit = None if served is None else any(meet(code, area.barred) for code in served)
        known.append((f"serving {', '.join(served or ())}", hit))
    inside = [what for what, is_hit in known if is_hit]
    if inside and use.entity in area.exempt_entities:
        text = f"as one of those whom the text leaves out: {area.exempt}"
        yield Condition(name="territory", licence=terms.id, section=area.section, text=text)
    elif inside:
        unsure = area.applies_to == "multimodal" and situation.multimodal is None
        why = f"the text is not for {barred}: {inside[0]}"
        if unsure:
            why += "; it bars multimodal models alone, and what this one takes is not known"
        yield Reason(
            may="unknown" if unsure else "no",
            topic="territory",
            licence=terms.id,
            section=area.section,
            why=why,
        )
    elif any(is_hit is None for _, is_hit in known):
        text = f"not for {barred}: {area.who}"
        yield Condition(name="territory", licence=terms.id, section=area.section, text=text)


def _alike(field: str, barred: str) -> bool:
    """Tell whether two short names of fields share a word."""
    return bool(set(field.split("_")) & set(barred.split("_")))


def _plain(name: str) -> str:
    return name.replace("_", " ")
