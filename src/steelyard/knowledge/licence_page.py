# SPDX-License-Identifier: Apache-2.0
"""The manual page of a licence: what its text says, with sections, and how well it was read."""

from collections.abc import Iterator

from steelyard.knowledge.answers import answer
from steelyard.knowledge.terms import QUESTIONS, Licence, Obligation, Term, Threshold

NOT_ADVICE = "Facts of a text in our own words. Not legal advice."

QUESTION_WORDS = {
    "use": "Run it",
    "commercial": "Use it commercially",
    "redistribute": "Distribute unchanged weights",
    "derivatives": "Fine-tune, merge, quantise",
    "hosted_service": "Offer it as a service",
}
READ_WORDS = {
    "full": "the whole text was read",
    "operative": "grant, conditions, limits and outputs were read",
    "standard": "a well-known text; its sections were not read anew",
    "part": "only parts of the text were read",
    "secondary": "the text was not read, only cards or reports of it",
    "none": "known by name only; the text was not read",
}
_SAYS = {
    "yes": "yes",
    "no": "no",
    "if": "on conditions",
    "silent": "says nothing of it",
    "unknown": "not read or not verified",
}
_METRICS = {
    "mau": "monthly active users",
    "dau": "daily active users",
    "revenue_month_usd": "US dollars of revenue in a month",
    "revenue_year_usd": "US dollars of revenue in a year",
    "revenue_12_months_usd": "US dollars of revenue in twelve months",
}
_EFFECTS = {
    "needs_licence": "a separate licence is needed",
    "no_rights": "there are no rights",
    "licence_ends": "the licence ends",
    "commercial_barred": "commercial use is barred",
    "display_required": "words must be displayed",
}
_DUTIES = {
    "include_licence": "pass on a copy of the licence",
    "notice_file": "put a notice into a file",
    "retain_notices": "keep the notices",
    "state_changes": "say that files were changed",
    "display": "display words",
    "name_prefix": "begin the name with given words",
    "passdown": "put the use limits into your own terms",
    "aup": "keep to the use limits",
    "use_latest": "use the newest version, within reason",
    "register": "register, or get written leave first",
    "share_alike": "distribute under the same terms only",
    "source": "offer the source",
    "machine_generated_label": "label what a machine made",
    "seek_health_authorisation": "seek the authorisation of health authorities",
}
_WHEN = {
    "use": "using it at all",
    "modify": "changing it, even in private",
    "redistribute": "distributing unchanged weights",
    "derivative": "distributing changed weights",
    "hosted": "offering it as a service",
    "derivative_hosted": "offering a changed model as a service",
    "product": "building it into a product",
    "train_on_outputs": "distributing a model trained on its outputs",
    "commercial": "using it commercially",
    "publication": "publishing about it",
}
_OUTPUTS = {
    "train_other_models": "Train other models on them",
    "distil_is_derivative": "Does a model trained on them count as a derivative",
    "commercial_use_of_output": "Use them commercially",
    "licensor_claims_output": "Does the licensor claim them",
    "licensor_owns_output": "Does the licensor own them",
    "licensee_owns_output": "Does the licensee own them",
    "output_must_respect_limits": "Must they respect the use limits",
}


def page(terms: Licence) -> str:
    """Return the manual page of a licence, Markdown."""
    return "\n".join(_lines(terms)).strip() + "\n"


def duty_words(duty: Obligation) -> str:
    """Return a duty in one line."""
    when = ", ".join(_WHEN[trigger] for trigger in duty.when)
    text = f": “{duty.text}”" if duty.text else ""
    only = f" (only if {duty.only_if})" if duty.only_if else ""
    return f"{_DUTIES[duty.do]}{text}, when {when}{only}{_section(duty.section)}"


def threshold_words(threshold: Threshold) -> str:
    """Return a threshold in one line."""
    if threshold.metric == "competes_with_licensor":
        condition = "who competes with the licensor"
    else:
        more = "from" if threshold.inclusive else "more than"
        condition = f"{more} {threshold.over:,} {_METRICS[threshold.metric]}"
    when = "before the release" if threshold.at == "version_release_date" else "at any time"
    only = f", only if {threshold.only_if.replace('_', ' ')}" if threshold.only_if else ""
    effect = _EFFECTS[threshold.effect]
    return f"{condition} ({threshold.scope}; {when}{only}): {effect}{_section(threshold.section)}"


def _lines(terms: Licence) -> Iterator[str]:
    yield f"{terms.name}. {NOT_ADVICE}"
    yield ""
    yield f"- Kind: {terms.kind}"
    yield f"- SPDX: {terms.spdx_or_ref or f'LicenseRef-steelyard-{terms.id}'}"
    yield f"- How it was read: {READ_WORDS[terms.read]}; facts as of {terms.as_of}"
    yield f"- Read in: {'; '.join(terms.sources) or 'nowhere'}"
    if terms.url:
        yield f"- Address: {terms.url}"
    if terms.families:
        yield f"- Usually met with: {terms.families}"
    yield "\n## What the text says"
    yield from _grants(terms)
    yield from _list("Thresholds", [threshold_words(item) for item in terms.thresholds])
    yield from _list("Duties", [duty_words(duty) for duty in terms.obligations])
    yield from _list("Outputs", _outputs(terms))
    yield from _list("Limits", _limits(terms))
    yield from _list("How it ends", _ends(terms))
    conflicts = [f"{' against '.join(item.sections)}: {item.say}" for item in terms.conflicts]
    yield from _list("Where the text pulls two ways", conflicts)
    yield from _list("Notes", list(terms.notes))


def _grants(terms: Licence) -> Iterator[str]:
    for question in QUESTIONS:
        found = answer(terms, question)
        built = f"; taken as *{found.may}*: {found.why}" if found.why else ""
        says = _SAYS[found.says]
        yield f"- {QUESTION_WORDS[question]}: **{says}**{_section(found.section)}{built}"
    for name, words in (
        ("sublicense", "Sublicense"),
        ("patent_grant", "Patent grant"),
        ("irrevocable", "Irrevocable"),
    ):
        yield f"- {words}: {_term(getattr(terms.facts, name))}"


def _outputs(terms: Licence) -> list[str]:
    found = ((words, getattr(terms.outputs, name)) for name, words in _OUTPUTS.items())
    return [f"{words}: {_term(term)}" for words, term in found if term is not None]


def _limits(terms: Licence) -> list[str]:
    lines = [
        f"not for {', '.join(area.barred)}: {area.who}{_section(area.section)}"
        + (f"; not meant: {area.exempt}" if area.exempt else "")
        for area in terms.geo
    ]
    for one in terms.excluded:
        who = " or ".join(one.entities)
        what = ", ".join(QUESTION_WORDS[question].lower() for question in one.questions)
        lines.append(f"not granted to a {who}: {what}{_section(one.section)}")
    if terms.field_of_use_barred:
        fields = ", ".join(field.replace("_", " ") for field in terms.field_of_use_barred)
        lines.append(f"barred fields: {fields}")
    if terms.aup:
        moves = "; it can change under that address" if terms.aup.changes_over_time == "yes" else ""
        lines.append(
            f"use policy: {terms.aup.url}{_section(terms.aup.incorporated.section)}{moves}"
        )
    return lines


def _ends(terms: Licence) -> list[str]:
    if terms.termination is None:
        return []
    ends = terms.termination
    named = (("on breach", ends.breach), ("then", ends.on_end), ("on litigation", ends.litigation))
    lines = [f"{label}: {text.replace('_', ' ')}" for label, text in named if text]
    if ends.remote_restriction == "yes":
        lines.append("the licensor reserves the right to restrict use remotely")
    return [f"{line}{_section(ends.section)}" for line in lines]


def _list(heading: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"\n## {heading}"
        yield from (f"- {line}" for line in lines)


def _term(term: Term) -> str:
    return f"{_SAYS[term.value]}{_section(term.section)}"


def _section(section: str) -> str:
    return f" ({section})" if section else ""
